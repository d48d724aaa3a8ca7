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
    edition_id as edition,
    known_from,
    known_to
from {{ ref('fct_budget_line') }}
where stage <> 'contracted'
