select
    territory_level,
    territory_code,
    territory_name,
    period_code as quarter,
    period_start as quarter_start,
    cast(value as decimal(5, 1)) as unemployment_rate_pct,
    cast(lower as decimal(5, 1)) as unemployment_rate_lower_pct,
    cast(upper as decimal(5, 1)) as unemployment_rate_upper_pct,
    true as seasonally_adjusted,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }}
where subject = 'unemployment_rate'
