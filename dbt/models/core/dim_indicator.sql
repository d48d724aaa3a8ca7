select
    indicator_code,
    version as indicator_version,
    label_fr,
    label_en,
    unit,
    nature,
    adds_up,
    subject,
    member,
    threshold_pct,
    numerator_code,
    denominator_code,
    definition_fr,
    publisher_label,
    publisher_code
from {{ ref('indicators') }}
