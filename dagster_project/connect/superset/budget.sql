with printed as (
    select report || ':' || figure_id as reference, edition, source_line, period_label from marts.key_figure
),

gap as (
    select
        reference,
        max_by(difference, abs(difference)) as difference,
        string_agg(distinct concat(description_fr, '. ', diagnosis_fr), ' ') as explanation
    from marts.reconciliation_term inner join marts.reconciliation using (relation_id)
    where side = 'right' and verdict = 'gap' and operator in ('sum', 'part')
    group by reference
),

line as (
    select budget_line.*, gap.difference, gap.explanation
    from marts.budget_line
    left join printed
        on budget_line.edition = printed.edition
        and budget_line.source_line = printed.source_line
        and budget_line.year::varchar = printed.period_label
    left join gap using (reference)
)

select
    year, line_order, level, is_total, action, amount_eur,
    case when difference is not null then '⚠ ' || action else action end as "Ligne",
    case when difference is not null then 'ne tombe pas juste' else 'sans écart relevé' end as "Contrôle",
    difference::decimal(18, 2) as "Écart, calculé moins imprimé (€)",
    coalesce(explanation, '') as "Ce que dit le contrôle",
    case
        when level = 1 then amount_eur
        when is_total and difference is not null then -difference::decimal(18, 2)
    end as "Part du total (€)",
    case when is_total then 'Écart : total imprimé moins lignes' else action end as "Part"
from line
