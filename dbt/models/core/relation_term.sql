-- The terms of each relation, groups spelled out into the members expected: one that is absent has no figure.
with spelled_out as (
    select
        term.relation_id,
        term.side,
        term.position,
        term.coefficient_numerator,
        term.coefficient_denominator,
        term.reference,
        term.reference as label_fr
    from {{ source('raw', 'relation_term') }} as term
    where term.group_region_code is null

    union all

    select
        term.relation_id,
        term.side,
        term.position,
        term.coefficient_numerator,
        term.coefficient_denominator,
        concat_ws(':departement-', term.group_prefix, territory.territory_code) as reference,
        territory.territory_name as label_fr
    from {{ source('raw', 'relation_term') }} as term
    inner join {{ ref('dim_territory') }} as territory
        on term.group_region_code = territory.region_code and territory.territory_level = 'departement'
)

select
    term.relation_id,
    term.side,
    term.position,
    term.coefficient_numerator,
    term.coefficient_denominator,
    term.reference,
    coalesce(figure.label_fr, term.label_fr) as label_fr,
    figure.reference is not null as is_known,
    figure.dataset,
    figure.value,
    figure.lower,
    figure.upper,
    figure.qualifier,
    figure.unit,
    figure.printed_step,
    figure.period_label,
    figure.series_code
from spelled_out as term
left join {{ ref('figure') }} as figure on term.reference = figure.reference
