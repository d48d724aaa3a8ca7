-- A relation without a verdict, or a verdict that compared nothing, must never count as a pass.
select relation.relation_id
from {{ ref('relation') }} as relation
left join {{ ref('reconciliation') }} as verdict on relation.relation_id = verdict.relation_id
where verdict.relation_id is null or (verdict.compared_terms < 2 and verdict.verdict <> 'not_computable')
