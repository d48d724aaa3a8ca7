{{ config(materialized='view') }}

-- Values of communes on the newest geographic code. Few communes ever moved: the others have the values observed.
with touched as (
    {{ codes_of_moves() }}
),

known as (
    select
        dataset,
        indicator_code,
        indicator_label_fr,
        territory_code,
        period_code,
        period_start,
        population_group,
        value,
        unit,
        obs_status,
        edition_id,
        communes,
        communes_expected,
        carried_from
    from {{ ref('commune_carried') }}

    union all

    select
        observation.dataset,
        observation.indicator_code,
        observation.indicator_label_fr,
        observation.territory_code,
        observation.period_code,
        observation.period_start,
        observation.population_group,
        observation.value,
        observation.unit,
        observation.obs_status,
        observation.edition_id,
        case when observation.value is null then 0 else 1 end as communes,
        1 as communes_expected,
        cast(null as string) as carried_from
    from {{ ref('fct_observation') }} as observation
    left join touched on observation.territory_code = touched.code
    where observation.territory_level = 'commune' and observation.known_to is null and touched.code is null
)

select
    known.dataset,
    known.indicator_code,
    known.indicator_label_fr,
    'commune' as territory_level,
    known.territory_code,
    coalesce(territory.territory_name, known.territory_code) as territory_name,
    known.period_code,
    known.period_start,
    known.population_group,
    cast(known.value as decimal(24, 6)) as value,
    known.unit,
    known.obs_status,
    cast(known.communes as integer) as communes,
    cast(known.communes_expected as integer) as communes_expected,
    known.carried_from,
    known.edition_id as edition
from known
left join {{ ref('dim_territory') }} as territory
    on territory.territory_level = 'commune' and known.territory_code = territory.territory_code
