-- One version of a cell at a time: each ends before the next begins, and after it began. Only a period that several
-- editions speak of has a next one.
with period as (
    select
        dataset,
        indicator_code,
        period_code
    from {{ ref('fct_observation') }}
    group by dataset, indicator_code, period_code
    having min(edition_id) <> max(edition_id)
),

version as (
    select
        observation.known_from,
        observation.known_to,
        lead(observation.known_from) over (
            partition by
                observation.dataset,
                observation.indicator_code,
                observation.territory_level,
                observation.territory_code,
                observation.population_group,
                observation.period_code
            order by observation.known_from
        ) as next_known_from
    from {{ ref('fct_observation') }} as observation
    inner join period
        on
            observation.dataset = period.dataset
            and observation.indicator_code = period.indicator_code
            and observation.period_code = period.period_code
)

select * from version
where
    known_to <= known_from
    or (next_known_from is not null and (known_to is null or known_to > next_known_from))
