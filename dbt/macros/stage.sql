{#- A stage belongs to one run, which nobody reads while it is made: a table or a view is written in its place, under
    its own name, without the copies and renamings by which dbt spares the readers of a database in use. -#}
{% materialization table, adapter='duckdb' %}
    {{ return(in_its_place('table', create_table_as(false, this, compiled_code))) }}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{ return(in_its_place('view', get_create_view_as_sql(this, compiled_code))) }}
{% endmaterialization %}

{% macro in_its_place(type, definition) %}
    {{ run_hooks(pre_hooks) }}
    {% call statement('main') %}
        drop {{ type }} if exists {{ this }};
        {{ definition }}
    {% endcall %}
    {{ run_hooks(post_hooks) }}
    {{ adapter.commit() }}
    {{ return({'relations': [this.incorporate(type=type)]}) }}
{% endmacro %}
