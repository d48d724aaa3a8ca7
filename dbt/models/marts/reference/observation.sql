-- Communes are in `commune_value`, on today's geographic code, and as they were in `observation_history`.
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
    value_lower,
    value_upper,
    qualifier,
    unit,
    obs_status,
    conf_status,
    edition,
    known_from
from {{ ref('observation_history') }}
where known_to is null and territory_level <> 'commune'
