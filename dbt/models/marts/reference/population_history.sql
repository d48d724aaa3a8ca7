select
    territory_level,
    territory_code,
    territory_name,
    period_start as reference_date,
    member as population_kind,
    cast(value as bigint) as population,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }}
where subject = 'population' and population_group = 'all'
