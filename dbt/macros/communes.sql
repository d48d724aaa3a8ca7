{#- The codes of communes that a move ended, took in or made. -#}
{% macro codes_of_moves() -%}
select commune_code as code from {{ ref('commune_successor') }}
union
select successor_code as code from {{ ref('commune_successor') }}
{%- endmacro %}
