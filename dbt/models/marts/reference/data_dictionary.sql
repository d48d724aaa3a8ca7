select
    table_name,
    column_order,
    column_name,
    data_type,
    key_position,
    label_fr,
    unit,
    description_fr,
    table_description_fr
from {{ source('raw', 'data_dictionary') }}
