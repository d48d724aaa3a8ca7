-- Where what was counted in a commune is counted now: mergers (31 to 34), and changes of code (41, 50). A commune may
-- merge again: three steps are more than any has taken. A split (20, 21) has no successor that holds the same people.
with step as (
    select distinct
        code_before,
        code_after,
        effective_on,
        mod in ('41', '50') as is_same_commune
    from {{ ref('stg_producer__move') }}
    where
        mod in ('31', '32', '33', '34', '41', '50')
        and type_before = 'COM'
        and type_after = 'COM'
)

select
    first.code_before as commune_code,
    first.effective_on,
    coalesce(third.code_after, second.code_after, first.code_after) as successor_code,
    -- The one that takes the others in goes on under its code.
    first.code_before <> first.code_after as is_its_end,
    first.is_same_commune and coalesce(second.is_same_commune, true) and coalesce(third.is_same_commune, true)
        as is_same_commune
from step as first
left join step as second
    on
        first.code_after = second.code_before
        and first.effective_on < second.effective_on
        and second.code_before <> second.code_after
left join step as third
    on
        second.code_after = third.code_before
        and second.effective_on < third.effective_on
        and third.code_before <> third.code_after
