-- The official geographic codes archived, one row a territory and a year.
select
    cog.territory_level,
    cog.territory_code,
    cog.territory_name,
    cog.type,
    cog.parent_code,
    cog.departement_code,
    cog.region_code,
    cog.cog_year,
    edition.edition_id
from {{ source('raw', 'cog_territory') }} as cog
inner join {{ source('raw', 'edition') }} as edition on cog.edition_id = edition.edition_id
