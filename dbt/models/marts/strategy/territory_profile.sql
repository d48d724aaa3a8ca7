-- What is known of a territory, an indicator a row, set beside its region and its country.
select
    value.territory_level,
    value.territory_code,
    value.territory_name,
    value.indicator_code,
    value.indicator_label_fr,
    value.unit,
    value.period_code,
    value.value,
    value.obs_status,
    value.previous_period,
    value.previous_value,
    cast(value.value - value.previous_value as decimal(24, 6)) as change,
    cast(rank() over same_indicator_desc as integer) as rank_in_region,
    cast(count(*) over same_indicator as integer) as ranked_territories,
    region.value as region_value,
    country.value as country_value,
    cast(round(1000 * value.value / nullif(inhabitants.population, 0), 2) as decimal(12, 2)) as per_1000_inhabitants,
    inhabitants.edition as population_edition,
    value.dataset,
    value.edition
from {{ ref('territory_value') }} as value
left join {{ ref('region_value') }} as region
    on
        value.indicator_code = region.indicator_code
        and value.region_code = region.region_code
        and value.period_code = region.period_code
left join {{ ref('territory_value') }} as country
    on
        value.indicator_code = country.indicator_code
        and value.period_code = country.period_code
        and country.territory_level = 'country'
left join {{ ref('population') }} as inhabitants
    on
        value.territory_level = inhabitants.territory_level
        and value.territory_code = inhabitants.territory_code
        and value.nature in ('count', 'stock_end_of_month')
where value.is_latest and value.territory_level in ('departement', 'epci')
window
    same_indicator as (
        partition by value.indicator_code, value.territory_level, value.region_code, value.period_code
    ),
    same_indicator_desc as (
        partition by value.indicator_code, value.territory_level, value.region_code, value.period_code
        order by value.value desc
    )
