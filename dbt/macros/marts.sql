{#- The edition that speaks for several rows: the newest among theirs. -#}
{% macro newest_edition(rows) -%}
max_by({{ rows }}.edition_id, concat_ws(' ', cast({{ rows }}.known_from as string), {{ rows }}.edition_id))
{%- endmacro %}

{#- One row a key among what is known today: the source that comes first in `source_priority` speaks, unless what it
    says is masked and another's is not. -#}
{% macro spoken_by_first_source(history, key, columns) %}
with ranked as (
    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                case when conf_status = 'F' then 0 else 1 end, source_priority, known_from desc, dataset
        ) as source_rank
    from {{ history }}
    where known_to is null
)

select
    {{ columns | join(',\n    ') }}
from ranked
where source_rank = 1
{% endmacro %}
