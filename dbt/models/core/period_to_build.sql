-- The periods whose rows are not those the last run built: all of them where there was none. One that no edition
-- speaks of any more has rows to forget.
select
    coalesce(now.dataset, before.dataset) as dataset,
    coalesce(now.period_code, before.period_code) as period_code,
    coalesce(now.is_contested, false) as is_contested
from {{ ref('period_state') }} as now
full outer join {{ source('raw', 'period_built') }} as before
    on now.dataset = before.dataset and now.period_code = before.period_code
where now.state is distinct from before.state
