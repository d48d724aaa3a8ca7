select
    release_id,
    built_at,
    code_version,
    inputs_sha256,
    previous_release_id
from {{ source('raw', 'release') }}
