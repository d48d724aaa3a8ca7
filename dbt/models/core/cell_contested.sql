-- The cells of periods that several editions of a dataset speak of: only theirs is a history to work out.
select cell.*
from {{ ref('cell_observed') }} as cell
inner join {{ ref('period_to_build') }} as period
    on cell.dataset = period.dataset and cell.period_code = period.period_code and period.is_contested
