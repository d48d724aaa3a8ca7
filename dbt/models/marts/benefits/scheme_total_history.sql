select
    territory_level,
    territory_code,
    territory_name,
    period_label,
    cast(date_trunc('month', period_start) as date) as month,
    cast(value as bigint) as beneficiaries,
    unit,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }}
where subject = 'scheme_total'
