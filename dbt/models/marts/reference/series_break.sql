select
    indicator_code,
    starts_on,
    reason_fr
from {{ ref('series_breaks') }}
