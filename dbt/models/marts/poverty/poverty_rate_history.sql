-- A row a version of a rate, and a row a version of a median: the two are revised apart.
select
    territory_level,
    territory_code,
    territory_name,
    cast(extract(year from period_start) as integer) as year,
    population_group,
    cast(indicator.threshold_pct as integer) as threshold_pct,
    cast(case when extract(year from period_start) >= 2023 then 2 else 1 end as integer) as generation,
    observation.indicator_code as measure,
    cast(case when observation.indicator_code = 'poverty_rate_60' then value end as decimal(5, 1)) as poverty_rate_pct,
    cast(case when observation.indicator_code = 'poverty_rate_60' then lower end as decimal(5, 1))
        as poverty_rate_lower_pct,
    cast(case when observation.indicator_code = 'poverty_rate_60' then upper end as decimal(5, 1))
        as poverty_rate_upper_pct,
    case
        when observation.indicator_code = 'poverty_rate_60' and publisher = 'insee' and value = 5 then 'le'
    end as censored,
    cast(case when observation.indicator_code = 'median_living_standard' then value end as integer)
        as median_living_standard_eur_per_year,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }} as observation
inner join {{ ref('dim_indicator') }} as indicator on observation.indicator_code = indicator.indicator_code
where observation.subject = 'poverty_rate'
