select
    relation_id,
    report,
    operator,
    severity,
    description_fr,
    note_fr
from {{ source('raw', 'relation') }}
