select
    edition_id as edition,
    cast(
        row_number() over (
            partition by edition_id
            order by
                note_kind asc nulls last,
                file asc nulls last,
                sheet asc nulls last,
                row_number asc nulls last,
                column_letter asc nulls last,
                rule asc nulls last,
                found asc nulls last,
                expected asc nulls last
        ) as integer
    ) as note_order,
    note_kind,
    file,
    sheet,
    row_number as source_row,
    column_letter as source_column,
    column_name as source_column_name,
    found,
    expected,
    rule as note_rule_fr,
    cells
from {{ ref('stg_producer__edition_note') }}
-- A remark on a restricted cell would say something of it: above its whole, missing its base.
where access = 'open'
