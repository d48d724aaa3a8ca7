{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_periods_to_build() }}") }}
-- depends_on: {{ ref('period_to_build') }}

with versioned as (
    -- What one edition alone says is current since that edition.
    select
        cell.*,
        cast(null as date) as known_to
    from {{ ref('cell_observed') }} as cell
    where not cell.is_contested

    union all

    select
        cell.*,
        version.known_to
    from {{ ref('observation_version') }} as version
    inner join {{ ref('cell_contested') }} as cell
        on
            version.edition_id = cell.edition_id
            and version.indicator_code = cell.indicator_code
            and version.territory_level = cell.territory_level
            and version.territory_code = cell.territory_code
            and version.population_group = cell.population_group
            and version.period_code = cell.period_code
),

broken as (
    -- What broke a series so far, from each break to the next.
    select
        latest.indicator_code,
        latest.starts_on,
        latest.ends_on,
        {{ joined_texts('earlier.reason_fr', ' ; ', order='earlier.starts_on') }} as breaks_fr
    from (
        select
            indicator_code,
            starts_on,
            lead(starts_on) over (partition by indicator_code order by starts_on) as ends_on
        from {{ ref('series_breaks') }}
    ) as latest
    inner join {{ ref('series_breaks') }} as earlier
        on latest.indicator_code = earlier.indicator_code and latest.starts_on >= earlier.starts_on
    group by latest.indicator_code, latest.starts_on, latest.ends_on
)

select
    cell.dataset,
    cell.indicator_code,
    indicator.indicator_version,
    cell.territory_level,
    cell.territory_code,
    coalesce(territory.territory_name, cell.territory_label) as territory_name,
    coalesce(territory.region_code, cell.edition_region_code) as region_code,
    cell.population_group,
    cell.period_code,
    cell.period_label,
    cell.period_start,
    cell.period_end,
    -- A masked cell is known to be there; what it says, and how finely it is written, is not.
    case when cell.conf_status = 'F' then cell.value end as value,
    case when cell.conf_status = 'F' then cell.lower end as lower,
    case when cell.conf_status = 'F' then cell.upper end as upper,
    cell.unit,
    cell.qualifier,
    case when cell.conf_status = 'F' then cell.printed_text end as printed_text,
    case when cell.conf_status = 'F' then cell.printed_step end as printed_step,
    case when cell.conf_status = 'F' then cell.marker else 'c' end as marker,
    case when cell.conf_status = 'F' then cell.obs_status else 'M' end as obs_status,
    cell.conf_status,
    cell.known_from,
    cell.known_to,
    cell.edition_id,
    cell.publisher,
    cell.source_priority,
    -- The breaks of the series up to this value: two values with the same ones may be compared.
    coalesce(broken.breaks_fr, '') as breaks_fr,
    indicator.subject,
    indicator.member,
    indicator.label_fr as indicator_label_fr,
    -- No relation speaks of a commune: its reference would be the largest column of all, for nothing.
    case when cell.territory_level not in ('commune', 'iris') then cell.reference end as reference,
    cell.source_line
from versioned as cell
left join {{ ref('dim_indicator') }} as indicator on cell.indicator_code = indicator.indicator_code
left join {{ ref('dim_territory') }} as territory
    on cell.territory_level = territory.territory_level and cell.territory_code = territory.territory_code
left join broken
    on
        cell.indicator_code = broken.indicator_code
        and cell.period_start >= broken.starts_on
        and (broken.ends_on is null or cell.period_start < broken.ends_on)
