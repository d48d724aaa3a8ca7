{#- What one engine writes otherwise than another. -#}
{% macro words_as_rows(words) -%}
unnest(string_split({{ words }}, ';'))
{%- endmacro %}
