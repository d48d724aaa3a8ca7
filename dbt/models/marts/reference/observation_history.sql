{{ config(materialized='view') }}

select
    dataset,
    indicator_code,
    indicator_label_fr,
    territory_level,
    territory_code,
    territory_name,
    period_code,
    period_label,
    period_start,
    period_end,
    population_group,
    value,
    lower as value_lower,
    upper as value_upper,
    qualifier,
    unit,
    obs_status,
    conf_status,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from {{ ref('fct_observation') }}
where subject = 'observation' or (subject = 'population' and population_group <> 'all')
