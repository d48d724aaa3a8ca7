{#- What one engine writes otherwise than another. Everything else in the models is SQL that both read the same way:
    `string`, not `varchar`; `concat_ws`, since `concat` does not treat a null alike; `nulls first|last` wherever an
    order meets a null; no division whose result is kept (`rounded_ratio`), for one engine's is a float. -#}

{#- A row a word of a list separated by semicolons. -#}
{% macro words_as_rows(words) %}{{ adapter.dispatch('words_as_rows')(words) }}{% endmacro %}

{% macro default__words_as_rows(words) %}unnest(string_split({{ words }}, ';')){% endmacro %}

{% macro spark__words_as_rows(words) %}explode(split({{ words }}, ';')){% endmacro %}

{#- The texts of a group in one, in an order. -#}
{% macro joined_texts(text, separator, order) %}
{{- adapter.dispatch('joined_texts')(text, separator, order) -}}
{% endmacro %}

{% macro default__joined_texts(text, separator, order) -%}
string_agg({{ text }}, '{{ separator }}' order by {{ order }})
{%- endmacro %}

{% macro spark__joined_texts(text, separator, order) -%}
listagg({{ text }}, '{{ separator }}') within group (order by {{ order }})
{%- endmacro %}

{#- Days between two dates, whichever comes first. -#}
{% macro days_between(one, other) %}{{ adapter.dispatch('days_between')(one, other) }}{% endmacro %}

{% macro default__days_between(one, other) %}abs(date_diff('day', {{ one }}, {{ other }})){% endmacro %}

{% macro spark__days_between(one, other) %}abs(datediff({{ one }}, {{ other }})){% endmacro %}

{#- A number that is not negative over another, rounded half up, exactly: a division of decimals is a float in DuckDB,
    and loses its last digits in Spark; what divides without a remainder is whole in both. Null over nothing. -#}
{% macro rounded_ratio(numerator, denominator, decimals) -%}
{%- set doubled %}({{ 2 * 10 ** decimals }} * ({{ numerator }}) + ({{ denominator }})){% endset -%}
{%- set divisor %}nullif(2 * ({{ denominator }}), 0){% endset -%}
cast(({{ doubled }} - {{ doubled }} % {{ divisor }}) / {{ divisor }} as decimal(28, 0)) * {{ '%.*f' % (decimals, 10 ** -decimals) }}
{%- endmacro %}
