{{ config(materialized='incremental', incremental_strategy='append', pre_hook="{{ forget_periods_to_build() }}") }}

-- Values of communes that a move made or ended, on the newest geographic code. What adds up is carried through mergers,
-- when every commune that merged has its value, and says so; a rate follows its commune through a change of code, and
-- ends with a merger.
with touched as (
    {{ codes_of_moves() }}
),

affected as (
    select
        observation.dataset,
        observation.indicator_code,
        observation.indicator_label_fr,
        observation.territory_code,
        observation.period_code,
        observation.period_start,
        observation.period_end,
        observation.population_group,
        observation.value,
        observation.unit,
        observation.obs_status,
        observation.edition_id,
        observation.known_from,
        indicator.adds_up
    from {{ ref('fct_observation') }} as observation
    inner join {{ ref('dim_indicator') }} as indicator on observation.indicator_code = indicator.indicator_code
    inner join {{ ref('period_to_build') }} as period
        on observation.dataset = period.dataset and observation.period_code = period.period_code
    inner join touched on observation.territory_code = touched.code
    where observation.territory_level = 'commune' and observation.known_to is null
),

located as (
    -- Producers count in the communes of a later day, often years later, and rarely say which: the moves already made
    -- are those before the first one that ended a commune they still speak of.
    select
        affected.dataset,
        affected.period_code,
        min(ended.effective_on) as first_move_on
    from affected
    inner join {{ ref('commune_successor') }} as ended
        on affected.territory_code = ended.commune_code and affected.period_end < ended.effective_on
    where ended.is_its_end
    group by affected.dataset, affected.period_code
),

merger as (
    select
        commune_code,
        max(effective_on) as last_on
    from {{ ref('commune_successor') }}
    where not is_same_commune
    group by commune_code
),

moved as (
    select
        affected.*,
        located.first_move_on,
        coalesce(successor.successor_code, affected.territory_code) as current_code,
        -- A commune that merges twice is carried once: its first move after the period leads to the newest code.
        row_number() over (
            partition by
                affected.dataset,
                affected.indicator_code,
                affected.territory_code,
                affected.period_code,
                affected.population_group
            order by successor.effective_on, successor.successor_code
        ) as move_rank
    from affected
    left join located
        on affected.dataset = located.dataset and affected.period_code = located.period_code
    left join {{ ref('commune_successor') }} as successor
        on
            affected.territory_code = successor.commune_code
            and located.first_move_on <= successor.effective_on
            and (affected.adds_up or successor.is_same_commune)
    left join merger
        on
            affected.territory_code = merger.commune_code
            and located.first_move_on <= merger.last_on
            and not affected.adds_up
    where merger.commune_code is null
),

placed as (
    select * from moved
    where move_rank = 1
),

merged as (
    select
        placed.current_code,
        placed.first_move_on,
        count(distinct successor.commune_code) as expected
    from placed
    inner join {{ ref('commune_successor') }} as successor
        on placed.current_code = successor.successor_code and placed.first_move_on <= successor.effective_on
    group by placed.current_code, placed.first_move_on
)

select
    placed.dataset,
    placed.indicator_code,
    placed.indicator_label_fr,
    placed.current_code as territory_code,
    placed.period_code,
    placed.period_start,
    placed.population_group,
    case when count(placed.value) = coalesce(merged.expected, 1) then sum(placed.value) end as value,
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
        and placed.first_move_on = merged.first_move_on
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
