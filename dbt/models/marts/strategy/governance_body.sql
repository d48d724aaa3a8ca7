select
    report,
    body_id,
    kind,
    number,
    name,
    pilots,
    co_pilots,
    territory_label,
    participants,
    held_on,
    status,
    description_fr,
    source_line,
    dataset,
    edition_id as edition
from {{ ref('stg_report__governance_body') }}
