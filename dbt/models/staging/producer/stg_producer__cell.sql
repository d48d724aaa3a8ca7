-- Cells of producers' own files, named as those of an extract are: two editions of one dataset speak of the same cells.
select
    edition.dataset,
    edition.edition_id,
    edition.publication_rank,
    edition.known_from,
    concat_ws(
        ':',
        edition.dataset,
        cell.indicator_code,
        cell.period_code,
        concat_ws('-', cell.territory_level, cell.territory_code)
    ) as reference,
    cell.indicator_code,
    cell.territory_level,
    cell.territory_code,
    cell.territory_label,
    cell.population_group,
    coalesce(cell.period_label, '') as period_label,
    cell.period_start,
    cell.period_end,
    cell.period_code,
    cell.value,
    cell.unit,
    cell.marker,
    cell.obs_status,
    cell.printed_text,
    cell.printed_step,
    cell.file_name as source_file,
    cell.file_sha256,
    cell.row_number,
    cell.source_sheet,
    cell.source_row,
    cell.source_column,
    edition.covers_itself_only
from {{ source('raw', 'cell') }} as cell
inner join {{ source('raw', 'edition') }} as edition on cell.edition_id = edition.edition_id
