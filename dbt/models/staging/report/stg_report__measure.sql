select
    edition.report,
    measure.measure_id,
    measure.axis,
    measure.measure_order,
    measure.level,
    measure.parent_measure_id,
    measure.heading,
    measure.lead_body,
    measure.lead_role,
    measure.under_calpae,
    measure.source_line,
    measure.lead_source_line,
    edition.dataset,
    edition.edition_id
from {{ source('raw', 'report_measures') }} as measure
inner join {{ source('raw', 'edition') }} as edition on measure.edition_id = edition.edition_id
where edition.is_newest
