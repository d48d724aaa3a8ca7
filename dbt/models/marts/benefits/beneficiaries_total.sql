-- A regional total exists only when every département the COG expects is there.
with known as (
    select *
    from {{ ref('beneficiaries_history') }}
    where known_to is null and territory_level = 'departement'
),

reported as (
    select distinct
        dataset,
        region_code,
        month,
        benefit,
        unit
    from known
),

expected as (
    select
        reported.dataset,
        reported.region_code,
        reported.month,
        reported.benefit,
        reported.unit,
        territory.territory_code,
        territory.territory_name,
        known.beneficiaries
    from reported
    inner join {{ ref('dim_territory') }} as territory
        on
            reported.region_code = territory.region_code
            and territory.territory_level = 'departement'
            and reported.month >= territory.valid_from
            and (territory.valid_to is null or reported.month < territory.valid_to)
    left join known
        on
            reported.dataset = known.dataset
            and reported.month = known.month
            and reported.benefit = known.benefit
            and territory.territory_code = known.territory_code
),

total as (
    select
        dataset,
        region_code,
        month,
        benefit,
        unit,
        count(beneficiaries) as departements_present,
        count(*) as departements_expected,
        {{ joined_texts('case when beneficiaries is null then territory_name end', ', ', order='territory_code') }}
            as missing_departements,
        sum(beneficiaries) as beneficiaries
    from expected
    group by dataset, region_code, month, benefit, unit
)

select
    'region' as territory_level,
    total.region_code as territory_code,
    region.territory_name,
    total.month,
    total.benefit,
    total.dataset,
    cast(case when departements_present = departements_expected then beneficiaries end as bigint) as beneficiaries,
    total.unit,
    cast(total.departements_present as integer) as departements_present,
    cast(total.departements_expected as integer) as departements_expected,
    total.missing_departements
from total
inner join {{ ref('dim_territory') }} as region
    on total.region_code = region.territory_code and region.territory_level = 'region'
