-- One version of a cell at a time: each ends before the next begins, and after it began.
with version as (
    select
        *,
        lead(known_from) over (
            partition by dataset, indicator_code, territory_level, territory_code, population_group, period_code
            order by known_from
        ) as next_known_from
    from {{ ref('fct_observation') }}
)

select * from version
where
    known_to <= known_from
    or (next_known_from is not null and (known_to is null or known_to > next_known_from))
