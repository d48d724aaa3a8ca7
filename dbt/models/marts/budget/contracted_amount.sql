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
    note,
    printed_text,
    source_line,
    dataset,
    edition,
    known_from
from {{ ref('contracted_amount_history') }}
where known_to is null
