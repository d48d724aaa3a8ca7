select
    note.edition_id,
    edition.access,
    note.note_kind,
    note.file,
    note.sheet,
    note.row_number,
    note.column_letter,
    note.column_name,
    note.found,
    note.expected,
    note.rule,
    note.cells
from {{ source('raw', 'edition_note') }} as note
inner join {{ source('raw', 'edition') }} as edition on note.edition_id = edition.edition_id
