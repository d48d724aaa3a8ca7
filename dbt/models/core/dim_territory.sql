-- Level x code x validity. Communes come from the official geographic codes archived: one that the next code archived
-- no longer lists stopped being one with that code.
with listed as (
    -- A year whose code was archived twice is told by the later edition.
    select
        *,
        concat_ws(' ', cast(cog_year as string), edition_id) as cog
    from {{ ref('stg_producer__territory') }}
    where territory_level = 'commune'
),

commune as (
    select
        territory_code,
        max_by(territory_name, cog) as territory_name,
        max_by(region_code, cog) as region_code,
        max_by(departement_code, cog) as departement_code,
        min(cog_year) as first_year,
        max(cog_year) as last_year
    from listed
    group by territory_code
),

archived as (
    select
        cog_year,
        min(cog_year) over () as first_year,
        lead(cog_year) over (order by cog_year) as next_year
    from (select distinct cog_year from listed) as code
)

select
    territory_level,
    territory_code,
    territory_name,
    category,
    region_code,
    departement_code,
    valid_from,
    valid_to
from {{ ref('territories') }}

union all

select
    'commune' as territory_level,
    commune.territory_code,
    commune.territory_name,
    'commune' as category,
    commune.region_code,
    commune.departement_code,
    case when commune.first_year > archived.first_year then make_date(commune.first_year, 1, 1) end as valid_from,
    make_date(archived.next_year, 1, 1) as valid_to
from commune
inner join archived on commune.last_year = archived.cog_year
