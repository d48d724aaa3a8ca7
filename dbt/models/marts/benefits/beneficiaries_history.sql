select
    territory_level,
    territory_code,
    territory_name,
    region_code,
    cast(date_trunc('month', period_start) as date) as month,
    period_label,
    member as benefit,
    cast(value as bigint) as beneficiaries,
    unit,
    marker,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }}
where subject = 'beneficiaries'
