select
    report,
    measure_id,
    axis,
    measure_order,
    level,
    parent_measure_id,
    heading,
    lead_body,
    lead_role,
    under_calpae,
    source_line,
    lead_source_line,
    dataset,
    edition_id as edition
from {{ ref('stg_report__measure') }}
