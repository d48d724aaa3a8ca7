-- The same quantity as several datasets know it today, the first source beside each other one. Neither a missing value
-- nor two sides of a break in the series is ever an agreement.
with period as (
    select
        indicator_code,
        period_code
    from {{ ref('fct_observation') }}
    group by indicator_code, period_code
    having min(dataset) <> max(dataset)
),

known as (
    select
        observation.indicator_code,
        observation.indicator_label_fr,
        observation.territory_level,
        observation.territory_code,
        observation.territory_name,
        observation.population_group,
        observation.period_code,
        observation.period_start,
        observation.value,
        observation.unit,
        coalesce(observation.printed_step, 0) as printed_step,
        observation.dataset,
        observation.edition_id,
        row_number() over (
            partition by
                observation.indicator_code,
                observation.territory_level,
                observation.territory_code,
                observation.population_group,
                observation.period_code
            order by {{ first_source_first() }}
        ) as source_rank
    from {{ ref('fct_observation') }} as observation
    inner join period
        on observation.indicator_code = period.indicator_code and observation.period_code = period.period_code
    where
        observation.known_to is null
        and observation.value is not null
        and observation.qualifier = 'exact'
        and observation.period_code <> ''
),

compared as (
    select
        known.*,
        other.dataset as other_dataset,
        other.edition_id as other_edition,
        other.value as other_value,
        other.unit as other_unit,
        cast((known.printed_step + other.printed_step) * 0.5 as decimal(24, 6)) as tolerance
    from known
    inner join known as other
        on
            known.indicator_code = other.indicator_code
            and known.territory_level = other.territory_level
            and known.territory_code = other.territory_code
            and known.population_group = other.population_group
            and known.period_code = other.period_code
            and other.source_rank > 1
    where known.source_rank = 1
),

earlier as (
    select distinct
        indicator_code,
        territory_level,
        territory_code,
        population_group,
        period_code,
        dataset,
        value
    from {{ ref('fct_observation') }}
    where known_to is not null
)

select
    compared.indicator_code,
    compared.indicator_label_fr,
    compared.territory_level,
    compared.territory_code,
    compared.territory_name,
    compared.population_group,
    compared.period_code,
    compared.value,
    compared.other_value,
    cast(compared.value - compared.other_value as decimal(24, 6)) as difference,
    compared.tolerance,
    case
        when compared.unit <> compared.other_unit then 'not_computable'
        when compared.value = compared.other_value then 'exact'
        when abs(compared.value - compared.other_value) <= compared.tolerance then 'rounding'
        else 'gap'
    end as comparison_verdict,
    case
        when compared.unit <> compared.other_unit then 'Unités différentes'
        when compared.value <> compared.other_value and earlier.value is not null
            then 'C''est la valeur d''une édition antérieure de ' || compared.dataset
    end as comparison_note_fr,
    compared.dataset,
    compared.edition_id as edition,
    compared.other_dataset,
    compared.other_edition
from compared
left join earlier
    on
        compared.indicator_code = earlier.indicator_code
        and compared.territory_level = earlier.territory_level
        and compared.territory_code = earlier.territory_code
        and compared.population_group = earlier.population_group
        and compared.period_code = earlier.period_code
        and compared.dataset = earlier.dataset
        and compared.other_value = earlier.value
