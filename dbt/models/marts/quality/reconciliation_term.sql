select
    relation_id,
    side,
    position,
    reference,
    label_fr,
    coefficient_numerator,
    coefficient_denominator,
    value,
    lower as value_lower,
    upper as value_upper,
    unit,
    period_label,
    dataset
from {{ ref('relation_term') }}
