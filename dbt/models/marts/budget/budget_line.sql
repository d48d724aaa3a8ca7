select
    region_code,
    year,
    line_order,
    line_code,
    level,
    is_total,
    parent_line_code,
    action,
    stage,
    instrument,
    funder,
    amount_eur,
    printed_text,
    source_line,
    dataset,
    edition,
    known_from
from {{ ref('budget_line_history') }}
where known_to is null
