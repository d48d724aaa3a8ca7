select
    relation.relation_id,
    relation.report,
    relation.operator,
    relation.description_fr,
    verdict.left_value,
    verdict.right_value,
    verdict.difference,
    verdict.tolerance,
    verdict.verdict,
    relation.severity,
    verdict.diagnosis_kind,
    verdict.diagnosis_fr,
    relation.note_fr,
    erratum.erratum_id as waiver_id,
    erratum.reason_fr as waiver_reason_fr,
    verdict.compared_terms
from {{ ref('relation') }} as relation
inner join {{ source('quality', 'relation_verdict') }} as verdict on relation.relation_id = verdict.relation_id
left join {{ source('raw', 'erratum') }} as erratum on relation.relation_id = erratum.relation_id
