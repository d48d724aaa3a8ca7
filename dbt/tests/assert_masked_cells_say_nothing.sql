-- A masked cell has no value, and nothing worked out from it; an open one is never masked.
select
    reference,
    conf_status
from {{ ref('fct_observation') }} as observation
inner join {{ ref('dim_edition') }} as edition on observation.edition_id = edition.edition_id
where
    conf_status not in ('F', 'C', 'D')
    or (conf_status <> 'F' and edition.access = 'open')
    or (
        conf_status <> 'F'
        and (value is not null or lower is not null or upper is not null or printed_text is not null or marker <> 'c')
    )

union all

select
    indicator_code as reference,
    conf_status
from {{ ref('calpae_indicator_history') }}
where
    conf_status <> 'F'
    and (
        value is not null
        or numerator is not null
        or implied_denominator is not null
        or computed_pct is not null
        or published_pct is not null
    )
