{#- What dbt-spark leaves to do. -#}

{#- A contract writes `varchar`, which Spark reads only with a length. -#}
{% macro spark__get_empty_schema_sql(columns) %}
select
    {% for column in columns.values() -%}
    cast(null as {{ 'string' if column.data_type == 'varchar' else column.data_type }}) as {{ column.name }}
    {{- ', ' if not loop.last }}
    {% endfor %}
{% endmacro %}

{#- The session binds no parameter: a text that holds an apostrophe would end there. -#}
{% macro spark__load_csv_rows(model, agate_table) %}
    {% set types = model['config'].get('column_types', {}) %}
    {% set rows %}
        insert into {{ this }} values
        {% for row in agate_table.rows -%}
            (
            {%- for name in agate_table.column_names -%}
                {%- set value = row[name] -%}
                cast(
                {%- if value is none %}null{% else %}'{{ value | string | replace("\\", "\\\\") | replace("'", "\\'") }}'{% endif %} as
                {{ types.get(name, adapter.convert_type(agate_table, loop.index0)) }})
                {{- ', ' if not loop.last }}
            {%- endfor -%}
            )
            {{- ', ' if not loop.last }}
        {% endfor %}
    {% endset %}
    {% do adapter.add_query(rows, abridge_sql_log=True) %}
    {{ return(rows) }}
{% endmacro %}
