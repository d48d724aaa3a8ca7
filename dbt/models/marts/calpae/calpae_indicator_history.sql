-- An indicator, with the percentage printed for it and, where the base is printed too, the one it gives.
with value_known as (
    select *
    from {{ ref('fct_observation') }}
    where subject = 'calpae_indicator'
),

indicator as (
    select * from {{ ref('dim_indicator') }}
    where subject = 'calpae_indicator'
),

share as (
    select
        value_known.*,
        indicator.numerator_code,
        indicator.denominator_code
    from value_known
    inner join indicator on value_known.indicator_code = indicator.indicator_code
    where indicator.numerator_code is not null
),

joined as (
    select
        counted.*,
        share.value as published_pct,
        base.value as denominator
    from value_known as counted
    left join share
        on
            counted.edition_id = share.edition_id
            and counted.indicator_code = share.numerator_code
            and counted.territory_level = share.territory_level
            and counted.territory_code = share.territory_code
            and counted.period_code = share.period_code
    left join value_known as base
        on
            share.edition_id = base.edition_id
            and share.denominator_code = base.indicator_code
            and share.territory_level = base.territory_level
            and share.territory_code = base.territory_code
            and share.period_code = base.period_code
    where not exists (
        select 1
        from share as itself
        where counted.reference = itself.reference
    )
)

select
    territory_level,
    territory_code,
    territory_name,
    cast(extract(year from period_start) as integer) as year,
    member as theme,
    indicator_code,
    indicator_label_fr,
    cast(value as decimal(18, 1)) as value,
    unit,
    cast(case when published_pct is not null then value end as bigint) as numerator,
    cast(denominator as bigint) as denominator,
    cast({{ rounded_ratio('100 * value', 'published_pct', 0) }} as bigint) as implied_denominator,
    cast(published_pct as decimal(5, 1)) as published_pct,
    cast({{ rounded_ratio('100 * value', 'denominator', 2) }} as decimal(7, 2)) as computed_pct,
    cast(null as integer) as respondents,
    obs_status,
    conf_status,
    dataset,
    edition_id as edition,
    source_priority,
    known_from,
    known_to
from joined
