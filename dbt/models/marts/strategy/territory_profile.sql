-- What is known of a territory, an indicator a row, set beside its region and its country; then what a report prints of
-- it alone, under the reference of the figure.
with inhabitants as (
    -- The population whose date is nearest to the start of the period; the later of two as near.
    select
        value.territory_level,
        value.territory_code,
        value.indicator_code,
        population.population,
        population.edition,
        row_number() over (
            partition by value.territory_level, value.territory_code, value.indicator_code
            order by
                {{ days_between('population.reference_date', 'value.period_start') }} asc,
                population.reference_date desc,
                population.population_kind asc
        ) as nearness
    from {{ ref('territory_value') }} as value
    inner join {{ ref('population') }} as population
        on value.territory_level = population.territory_level and value.territory_code = population.territory_code
    where value.is_latest and value.nature in ('count', 'stock_end_of_month')
),

ranked as (
    -- Among those known at the same period, though some are known at a later one too.
    select
        *,
        rank() over (
            partition by indicator_code, territory_level, region_code, period_code
            order by value desc
        ) as rank_in_region,
        count(*) over (
            partition by indicator_code, territory_level, region_code, period_code
        ) as ranked_territories
    from {{ ref('territory_value') }}
    where territory_level in ('departement', 'epci')
),

compared as (
    select
        value.territory_level,
        value.territory_code,
        value.territory_name,
        value.indicator_code,
        value.indicator_label_fr,
        value.unit,
        value.period_code,
        value.value,
        value.qualifier,
        cast(null as string) as statement,
        value.obs_status,
        value.previous_period,
        value.previous_value,
        cast(value.value - value.previous_value as decimal(24, 6)) as change,
        cast(value.rank_in_region as integer) as rank_in_region,
        cast(value.ranked_territories as integer) as ranked_territories,
        region.value as region_value,
        coalesce(country.value, mainland.value) as country_value,
        cast({{ rounded_ratio('1000 * value.value', 'inhabitants.population', 2) }} as decimal(12, 2))
            as per_1000_inhabitants,
        inhabitants.edition as population_edition,
        value.dataset,
        value.edition
    from ranked as value
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
            and country.territory_code = 'FR'
    left join {{ ref('territory_value') }} as mainland
        on
            value.indicator_code = mainland.indicator_code
            and value.period_code = mainland.period_code
            and mainland.territory_level = 'country'
            and mainland.territory_code = 'FR-METRO'
    left join inhabitants
        on
            value.territory_level = inhabitants.territory_level
            and value.territory_code = inhabitants.territory_code
            and value.indicator_code = inhabitants.indicator_code
            and inhabitants.nearness = 1
    where value.is_latest
),

told as (
    select
        figure.territory_level,
        figure.territory_code,
        coalesce(territory.territory_name, figure.territory_label) as territory_name,
        figure.reference as indicator_code,
        figure.label_fr as indicator_label_fr,
        figure.unit,
        figure.period_code,
        figure.value,
        figure.qualifier,
        figure.statement,
        figure.obs_status,
        cast(null as string) as previous_period,
        cast(null as decimal(24, 6)) as previous_value,
        cast(null as decimal(24, 6)) as change,
        cast(null as integer) as rank_in_region,
        cast(null as integer) as ranked_territories,
        cast(null as decimal(24, 6)) as region_value,
        cast(null as decimal(24, 6)) as country_value,
        cast(null as decimal(12, 2)) as per_1000_inhabitants,
        cast(null as string) as population_edition,
        figure.dataset,
        figure.edition_id as edition
    from {{ ref('stg_report__figure') }} as figure
    inner join {{ ref('dim_edition') }} as edition on figure.edition_id = edition.edition_id
    left join {{ ref('dim_territory') }} as territory
        on figure.territory_level = territory.territory_level and figure.territory_code = territory.territory_code
    where
        edition.is_newest
        and figure.indicator_code is null
        and figure.repeat_of is null
        and figure.value is not null
        and figure.territory_level in ('departement', 'epci')
)

select * from compared
union all
select * from told
