with version as (
    {{ versions(
        cells=ref('stg_report__budget_line'),
        key=['line_code', 'year', 'stage'],
        scope=['year', 'stage'],
        facts=[
            'amount_eur', 'action', 'level', 'parent_line_code', 'is_total', 'marker', 'instrument', 'funder',
            'signatory_type', 'signatory_name', 'territory_level', 'territory_code', 'note_fr',
        ],
    ) | indent(4) }}
)

select
    line.dataset,
    line.reference,
    line.figure_id,
    line.region_code,
    line.year,
    line.line_order,
    line.line_code,
    line.level,
    line.is_total,
    line.parent_line_code,
    line.action,
    line.stage,
    line.instrument,
    line.funder,
    line.signatory_type,
    line.signatory_name,
    line.territory_level,
    line.territory_code,
    coalesce(territory.territory_name, line.territory_label) as territory_name,
    line.amount_eur,
    line.marker,
    line.note_fr,
    line.printed_text,
    line.printed_step,
    version.known_from,
    version.known_to,
    line.edition_id,
    line.file_sha256,
    line.row_number,
    line.source_line
from version
inner join {{ ref('stg_report__budget_line') }} as line
    on
        version.edition_id = line.edition_id
        and version.line_code = line.line_code
        and version.year = line.year
        and version.stage = line.stage
left join {{ ref('dim_territory') }} as territory
    on line.territory_level = territory.territory_level and line.territory_code = territory.territory_code
