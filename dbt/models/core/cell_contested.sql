-- The cells of periods that several editions of a dataset speak of: only theirs is a history to work out.
select *
from {{ ref('cell_observed') }}
where is_contested
