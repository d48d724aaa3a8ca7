{#- What one engine writes otherwise than another. -#}
{% macro words_as_rows(words) -%}
unnest(string_split({{ words }}, ';'))
{%- endmacro %}

{#- Days between two dates, whichever comes first. -#}
{% macro days_between(one, other) %}abs(date_diff('day', {{ one }}, {{ other }})){% endmacro %}
