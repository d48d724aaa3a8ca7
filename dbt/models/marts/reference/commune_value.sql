{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{{ forget_periods_to_build() }}"
) }}

-- Values of communes on the newest geographic code. What adds up is carried through mergers, when every commune that
-- merged has its value, and says so; a rate follows its commune through a change of code, never through a merger.
with known as (
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
        observation.known_from,
        indicator.adds_up,
        -- The day whose communes people are counted in.
        case
            when publisher.locates_on_next_day then cast(observation.period_end + interval '1' day as date)
            else observation.period_end
        end as located_on
    from {{ ref('fct_observation') }} as observation
    inner join {{ ref('dim_indicator') }} as indicator on observation.indicator_code = indicator.indicator_code
    inner join {{ ref('period_to_build') }} as period
        on observation.dataset = period.dataset and observation.period_code = period.period_code
    left join {{ ref('publishers') }} as publisher on observation.publisher = publisher.publisher
    where observation.territory_level = 'commune' and observation.known_to is null
),

-- Few communes ever merged: the others need no carrying.
touched as (
    select commune_code as code from {{ ref('commune_successor') }}
    union
    select successor_code as code from {{ ref('commune_successor') }}
),

moved as (
    select
        known.*,
        coalesce(successor.successor_code, known.territory_code) as current_code,
        -- A commune that merges twice is carried once: its first move after the period leads to the newest code.
        row_number() over (
            partition by
                known.dataset, known.indicator_code, known.territory_code, known.period_code, known.population_group
            order by successor.effective_on, successor.successor_code
        ) as move_rank
    from known
    inner join touched on known.territory_code = touched.code
    left join {{ ref('commune_successor') }} as successor
        on
            known.territory_code = successor.commune_code
            and known.located_on < successor.effective_on
            and (known.adds_up or successor.is_same_commune)
),

placed as (
    select * from moved
    where move_rank = 1
),

merged as (
    select
        placed.current_code,
        placed.located_on,
        count(distinct successor.commune_code) as expected
    from placed
    inner join {{ ref('commune_successor') }} as successor
        on placed.current_code = successor.successor_code and placed.located_on < successor.effective_on
    group by placed.current_code, placed.located_on
),

carried as (
    select
        placed.dataset,
        placed.indicator_code,
        placed.indicator_label_fr,
        placed.current_code as territory_code,
        placed.period_code,
        placed.period_start,
        placed.population_group,
        sum(placed.value) as value,
        placed.unit,
        -- In the order of the alphabet, the status that is the least sure.
        max(placed.obs_status) as obs_status,
        -- Communes that merged may be known by several editions.
        {{ newest_edition('placed') }} as edition_id,
        count(placed.value) as communes,
        coalesce(merged.expected, 1) as communes_expected,
        {{ joined_texts(
            'case when placed.territory_code <> placed.current_code then placed.territory_code end',
            ', ',
            order='placed.territory_code'
        ) }} as carried_from
    from placed
    left join merged
        on
            placed.current_code = merged.current_code
            and placed.located_on = merged.located_on
            and placed.adds_up
    group by
        placed.dataset,
        placed.indicator_code,
        placed.indicator_label_fr,
        placed.current_code,
        placed.period_code,
        placed.period_start,
        placed.population_group,
        placed.unit,
        merged.expected

    union all

    select
        known.dataset,
        known.indicator_code,
        known.indicator_label_fr,
        known.territory_code,
        known.period_code,
        known.period_start,
        known.population_group,
        known.value,
        known.unit,
        known.obs_status,
        known.edition_id,
        case when known.value is null then 0 else 1 end as communes,
        1 as communes_expected,
        cast(null as string) as carried_from
    from known
    left join touched on known.territory_code = touched.code
    where touched.code is null
)

select
    carried.dataset,
    carried.indicator_code,
    carried.indicator_label_fr,
    'commune' as territory_level,
    carried.territory_code,
    coalesce(territory.territory_name, carried.territory_code) as territory_name,
    carried.period_code,
    carried.period_start,
    carried.population_group,
    cast(case when carried.communes = carried.communes_expected then carried.value end as decimal(24, 6)) as value,
    carried.unit,
    carried.obs_status,
    cast(carried.communes as integer) as communes,
    cast(carried.communes_expected as integer) as communes_expected,
    carried.carried_from,
    carried.edition_id as edition
from carried
left join {{ ref('dim_territory') }} as territory
    on territory.territory_level = 'commune' and carried.territory_code = territory.territory_code
