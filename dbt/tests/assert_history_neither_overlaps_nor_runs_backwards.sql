-- One version of a cell at a time: each ends before the next begins, and after it began. Periods that are kept from the
-- run before went through this when they were built.
with version as (
    select
        built.*,
        lead(built.known_from) over (
            partition by
                built.dataset,
                built.indicator_code,
                built.territory_level,
                built.territory_code,
                built.population_group,
                built.period_code
            order by built.known_from
        ) as next_known_from
    from {{ ref('fct_observation') }} as built
    inner join {{ ref('period_to_build') }} as period
        on built.dataset = period.dataset and built.period_code = period.period_code
)

select * from version
where
    known_to <= known_from
    or (next_known_from is not null and (known_to is null or known_to > next_known_from))
