select
    indicator_code,
    indicator_version,
    label_fr,
    label_en,
    unit,
    nature,
    adds_up,
    subject as mart,
    definition_fr,
    publisher_label,
    publisher_code
from {{ ref('dim_indicator') }}
