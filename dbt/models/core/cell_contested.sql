-- The cells of periods that several editions of a dataset speak of: only theirs is a history to work out.
with period as (
    select
        dataset,
        period_code
    from {{ ref('cell_observed') }}
    group by dataset, period_code
    having min(edition_id) <> max(edition_id)
)

select cell.*
from {{ ref('cell_observed') }} as cell
inner join period on cell.dataset = period.dataset and cell.period_code = period.period_code
