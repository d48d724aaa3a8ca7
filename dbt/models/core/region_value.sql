-- The value of a region. What adds up is the sum of its départements, all of them, and never a printed total, which
-- may leave one out; anything else, a rate or a count that counts something twice, is what its publisher gives.
with departements as (
    select
        region_code,
        count(*) as expected
    from {{ ref('dim_territory') }}
    where territory_level = 'departement' and valid_to is null
    group by region_code
),

summed as (
    select
        value.indicator_code,
        value.region_code,
        value.period_code,
        cast(sum(value.value) as decimal(24, 6)) as value
    from {{ ref('territory_value') }} as value
    inner join departements on value.region_code = departements.region_code
    where value.territory_level = 'departement' and value.adds_up
    group by value.indicator_code, value.region_code, value.period_code, departements.expected
    having count(*) = departements.expected
)

select * from summed

union all

select
    indicator_code,
    region_code,
    period_code,
    value
from {{ ref('territory_value') }}
where territory_level = 'region' and not adds_up
