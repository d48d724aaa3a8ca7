-- Adding two units is an error: an observation carries the unit of its indicator.
select
    observation.reference,
    observation.unit,
    indicator.unit as expected_unit
from {{ ref('fct_observation') }} as observation
inner join {{ ref('dim_indicator') }} as indicator on observation.indicator_code = indicator.indicator_code
where observation.unit is distinct from indicator.unit
