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
