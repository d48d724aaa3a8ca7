-- How a producer's figures change from one edition to the next: how often, how much, in which direction.
with version as (
    select
        dataset,
        indicator_code,
        indicator_label_fr,
        value,
        known_from,
        lag(value) over one_cell as value_before
    from {{ ref('fct_observation') }}
    window one_cell as (
        partition by dataset, indicator_code, territory_level, territory_code, population_group, period_code
        order by known_from
    )
),

change as (
    select
        *,
        value - value_before as change,
        case when value_before <> 0 then 100 * abs(value - value_before) / abs(value_before) end as change_pct
    from version
)

select
    dataset,
    indicator_code,
    any_value(indicator_label_fr) as indicator_label_fr,
    count(*) as versions,
    count(*) filter (where change <> 0) as revisions,
    count(*) filter (where change > 0) as upward_revisions,
    count(*) filter (where change < 0) as downward_revisions,
    cast(median(change_pct) filter (where change <> 0) as decimal(9, 2)) as median_revision_pct,
    cast(max(change_pct) filter (where change <> 0) as decimal(9, 2)) as largest_revision_pct,
    min(known_from) as first_known_from,
    max(known_from) as last_known_from
from change
group by dataset, indicator_code
