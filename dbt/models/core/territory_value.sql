-- Every value known of a territory larger than a commune, one a period, whoever says it first: observations, amounts
-- contracted, and how many local initiatives a report illustrates there. The period before stands beside, unless the
-- definition changed; a value without a date comes before the dated ones.
with observed as (
    select
        indicator_code,
        indicator_version,
        territory_level,
        territory_code,
        period_code,
        period_start,
        value,
        qualifier,
        obs_status,
        breaks_fr,
        dataset,
        edition_id,
        row_number() over (
            partition by indicator_code, territory_level, territory_code, period_code
            order by {{ first_source_first() }}
        ) as source_rank
    from {{ ref('fct_observation') }}
    where
        known_to is null
        and value is not null
        and population_group = 'all'
        and territory_level not in ('commune', 'iris')
),

contracted as (
    select
        'contracted_amount' as indicator_code,
        1 as indicator_version,
        territory_level,
        territory_code,
        cast(year as string) as period_code,
        make_date(year, 1, 1) as period_start,
        -- A line whose amount is blank leaves the sum unknown.
        case when count(*) = count(amount_eur) then cast(sum(amount_eur) as decimal(24, 6)) end as value,
        'exact' as qualifier,
        'A' as obs_status,
        '' as breaks_fr,
        dataset,
        -- Of the lines of a territory, some may have been revised since.
        {{ newest_edition('line') }} as edition_id
    from {{ ref('fct_budget_line') }} as line
    where stage = 'contracted' and not is_total and known_to is null
    group by territory_level, territory_code, year, dataset
),

action as (
    select
        {{ words_as_rows('territory_codes') }} as territory_code,
        dataset,
        edition_id
    from {{ ref('stg_report__local_action') }}
    where territory_level in ('departement', 'epci', 'commune')
),

illustrated as (
    select
        'local_actions' as indicator_code,
        1 as indicator_version,
        'departement' as territory_level,
        action.territory_code,
        edition.version_label as period_code,
        make_date(cast(edition.version_label as integer), 1, 1) as period_start,
        cast(count(*) as decimal(24, 6)) as value,
        'exact' as qualifier,
        'A' as obs_status,
        '' as breaks_fr,
        action.dataset,
        action.edition_id
    from action
    inner join {{ ref('dim_edition') }} as edition on action.edition_id = edition.edition_id
    group by action.territory_code, edition.version_label, action.dataset, action.edition_id
),

every_value as (
    select
        indicator_code,
        indicator_version,
        territory_level,
        territory_code,
        period_code,
        period_start,
        value,
        qualifier,
        obs_status,
        breaks_fr,
        dataset,
        edition_id
    from observed
    where source_rank = 1
    union all
    select * from contracted
    where value is not null
    union all
    select * from illustrated
),

series as (
    select
        *,
        lag(value) over one_series as value_before,
        lag(period_code) over one_series as period_before,
        lag(indicator_version) over one_series = indicator_version
        and lag(breaks_fr) over one_series = breaks_fr
        and obs_status <> 'B'
        -- A rate so low that the source only says its floor may have moved by anything.
        and qualifier <> 'up_to'
        and lag(qualifier) over one_series <> 'up_to' as is_comparable,
        lead(period_code) over one_series as period_after
    from every_value
    window one_series as (
        partition by indicator_code, territory_level, territory_code
        order by period_start asc nulls first, period_code asc, dataset asc
    )
)

select
    series.indicator_code,
    indicator.label_fr as indicator_label_fr,
    indicator.nature,
    indicator.adds_up,
    indicator.unit,
    series.territory_level,
    series.territory_code,
    territory.territory_name,
    territory.region_code,
    series.period_code,
    series.period_start,
    series.value,
    series.qualifier,
    series.obs_status,
    case when series.is_comparable then series.value_before end as previous_value,
    case when series.is_comparable then series.period_before end as previous_period,
    series.period_after is null as is_latest,
    series.dataset,
    series.edition_id as edition
from series
inner join {{ ref('dim_territory') }} as territory
    on series.territory_level = territory.territory_level and series.territory_code = territory.territory_code
inner join {{ ref('dim_indicator') }} as indicator
    on series.indicator_code = indicator.indicator_code and series.indicator_version = indicator.indicator_version
