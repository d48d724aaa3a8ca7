-- An indicator, with the percentage printed for it and, where the base is printed too, the one it gives. Each of the
-- three is revised on its own: a row is what they are together, from a change of any to the next.
with known as (
    select *
    from {{ ref('fct_observation') }}
    where subject = 'calpae_indicator'
),

rate as (
    select
        indicator_code,
        numerator_code,
        denominator_code
    from {{ ref('dim_indicator') }}
    where subject = 'calpae_indicator' and numerator_code is not null
),

counted as (
    select
        known.*,
        rate.indicator_code as share_code,
        rate.denominator_code as base_code
    from known
    left join rate on known.indicator_code = rate.numerator_code
    -- A percentage stands beside the count it is of; where there is none, for itself.
    where not exists (
        select 1
        from rate as itself
        inner join known as its_count on itself.numerator_code = its_count.indicator_code
        where
            known.indicator_code = itself.indicator_code
            and known.dataset = its_count.dataset
            and known.territory_level = its_count.territory_level
            and known.territory_code = its_count.territory_code
            and known.period_code = its_count.period_code
    )
),

beside as (
    select
        counted.reference,
        counted.known_from as counted_from,
        counted.known_to as counted_to,
        other.indicator_code = counted.share_code as is_share,
        other.value,
        other.edition_id,
        other.known_from,
        other.known_to
    from counted
    inner join known as other
        on
            counted.dataset = other.dataset
            and counted.territory_level = other.territory_level
            and counted.territory_code = other.territory_code
            and counted.period_code = other.period_code
            and other.indicator_code in (counted.share_code, counted.base_code)
),

change as (
    select
        reference,
        known_from as counted_from,
        known_from as changed_on
    from counted
    union
    select
        reference,
        counted_from,
        known_from as changed_on
    from beside
    where known_from > counted_from and (counted_to is null or known_from < counted_to)
    union
    select
        reference,
        counted_from,
        known_to as changed_on
    from beside
    where known_to > counted_from and (counted_to is null or known_to < counted_to)
),

together as (
    select
        counted.*,
        change.changed_on,
        -- One that was told before its count became too small to be told would say something of it.
        case when counted.conf_status = 'F' then share.value end as published_pct,
        case when share.reference is not null then base.value end as denominator,
        case
            when change.changed_on = share.known_from then share.edition_id
            when change.changed_on = base.known_from then base.edition_id
            else counted.edition_id
        end as edition
    from change
    inner join counted on change.reference = counted.reference and change.counted_from = counted.known_from
    left join beside as share
        on
            change.reference = share.reference
            and change.counted_from = share.counted_from
            and share.is_share
            and change.changed_on >= share.known_from
            and (share.known_to is null or change.changed_on < share.known_to)
    left join beside as base
        on
            change.reference = base.reference
            and change.counted_from = base.counted_from
            and not base.is_share
            and change.changed_on >= base.known_from
            and (base.known_to is null or change.changed_on < base.known_to)
),

compared as (
    select
        *,
        lag(published_pct) over (
            partition by reference, known_from
            order by changed_on
        ) as published_pct_before,
        lag(denominator) over (
            partition by reference, known_from
            order by changed_on
        ) as denominator_before
    from together
),

told as (
    select
        *,
        lead(changed_on) over (
            partition by reference, known_from
            order by changed_on
        ) as next_change
    from compared
    where
        changed_on = known_from
        or published_pct is distinct from published_pct_before
        or denominator is distinct from denominator_before
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
    edition,
    source_priority,
    changed_on as known_from,
    coalesce(next_change, known_to) as known_to
from told
