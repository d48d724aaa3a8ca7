select
    region_code,
    year,
    line_order,
    line_code,
    parent_line_code,
    signatory_type,
    signatory_name,
    territory_level,
    territory_code,
    territory_name,
    funder,
    amount_eur,
    is_total,
    marker,
    note_fr as note,
    printed_text,
    source_line,
    dataset,
    edition_id as edition,
    known_from,
    known_to
from {{ ref('fct_budget_line') }}
where stage = 'contracted'
