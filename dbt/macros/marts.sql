{#- The edition that speaks for several rows: the newest among theirs. -#}
{% macro newest_edition(rows) -%}
max_by({{ rows }}.edition_id, concat_ws(' ', cast({{ rows }}.known_from as string), {{ rows }}.edition_id))
{%- endmacro %}

{#- The order in which several sources of one quantity speak: the first in `source_priority`, then the one whose value is
    the newest. -#}
{% macro first_source_first() -%}
source_priority asc, known_from desc, dataset asc
{%- endmacro %}

{#- One row a key among what is known today: the first source speaks, unless what it says is masked and another's is
    not. -#}
{% macro spoken_by_first_source(history, key, columns) %}
with ranked as (
    select
        *,
        row_number() over (
            partition by {{ key | join(', ') }}
            order by
                case when conf_status = 'F' then 0 else 1 end asc, {{ first_source_first() }}
        ) as source_rank
    from {{ history }}
    where known_to is null
)

select
    {{ columns | join(',\n    ') }}
from ranked
where source_rank = 1
{% endmacro %}
