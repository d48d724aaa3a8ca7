select
    report,
    action_id,
    axis,
    measure_id,
    title,
    territory_level,
    territory_codes,
    territory_labels,
    bearer,
    description_fr,
    source_line,
    end_line,
    figure_ids,
    dataset,
    edition_id as edition
from {{ ref('stg_report__local_action') }}
