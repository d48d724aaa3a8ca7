-- A code is a known territory of its level; a label without a code is level `other`. Communes and their groups are
-- those of the producer's own file, until a geographic code is archived.
select
    observation.reference,
    observation.territory_level,
    observation.territory_code
from {{ ref('fct_observation') }} as observation
left join {{ ref('dim_territory') }} as territory
    on
        observation.territory_level = territory.territory_level
        and observation.territory_code = territory.territory_code
where observation.territory_level in ('country', 'region', 'departement') and territory.territory_code is null
