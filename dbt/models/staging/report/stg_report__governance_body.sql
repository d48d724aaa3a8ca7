select
    edition.report,
    body.body_id,
    body.kind,
    body.number,
    body.name,
    body.pilots,
    body.co_pilots,
    body.territory_label,
    body.participants,
    body.held_on,
    body.status,
    body.description_fr,
    body.source_line,
    edition.dataset,
    edition.edition_id
from {{ source('raw', 'report_governance') }} as body
inner join {{ source('raw', 'edition') }} as edition on body.edition_id = edition.edition_id
where edition.is_newest
