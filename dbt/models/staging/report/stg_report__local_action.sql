select
    edition.report,
    action.action_id,
    action.axis,
    action.measure_id,
    action.title,
    action.territory_level,
    action.territory_codes,
    action.territory_labels,
    action.bearer,
    action.description_fr,
    action.source_line,
    action.end_line,
    action.figure_ids,
    edition.dataset,
    edition.edition_id
from {{ source('raw', 'report_local_actions') }} as action
inner join {{ source('raw', 'edition') }} as edition on action.edition_id = edition.edition_id
where edition.is_newest
