{#- A table of the stage has the columns of its contract, not its key: an index costs as much as the table, and the
    release, where readers find the key, proves it. -#}
{% macro duckdb__get_table_columns_and_constraints() %}
    (
    {% for column in adapter.render_raw_columns_constraints(raw_columns=model['columns']) %}
        {{ column }}{{ "," if not loop.last }}
    {% endfor %}
    )
{% endmacro %}
