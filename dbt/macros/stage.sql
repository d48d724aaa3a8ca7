{#- A stage belongs to one run, which nobody reads while it is made: a table or a view is written in its place, under
    its own name, without the copies and renamings by which dbt spares the readers of a database in use. -#}
{% materialization table, adapter='duckdb' %}
    {%- set target = this.incorporate(type='table') -%}
    {% call statement('main') %}
        drop table if exists {{ target }};
        {{ create_table_as(false, target, compiled_code) }}
    {% endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {%- set target = this.incorporate(type='view') -%}
    {% call statement('main') %}
        create or replace view {{ target }} as ({{ compiled_code }});
    {% endcall %}
    {{ adapter.commit() }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
