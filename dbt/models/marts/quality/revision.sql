-- How a producer's figures change from one edition to the next: how often, how much, in which direction. Most figures
-- are said once: versions are compared only where a period has several. What is masked is not counted either: that a
-- share is there says that its base is not zero.
with known as (
    select
        dataset,
        indicator_code,
        max(indicator_label_fr) as indicator_label_fr,
        count(*) as versions,
        min(known_from) as first_known_from,
        max(known_from) as last_known_from
    from {{ ref('fct_observation') }}
    where conf_status = 'F'
    group by dataset, indicator_code
),

period as (
    select
        dataset,
        indicator_code,
        period_code
    from {{ ref('fct_observation') }}
    group by dataset, indicator_code, period_code
    having min(known_from) <> max(known_from)
),

version as (
    select
        observation.dataset,
        observation.indicator_code,
        observation.value,
        lag(observation.value) over (
            partition by
                observation.dataset,
                observation.indicator_code,
                observation.territory_level,
                observation.territory_code,
                observation.population_group,
                observation.period_code
            order by observation.known_from
        ) as value_before
    from {{ ref('fct_observation') }} as observation
    inner join period
        on
            observation.dataset = period.dataset
            and observation.indicator_code = period.indicator_code
            and observation.period_code = period.period_code
    where observation.conf_status = 'F'
),

change as (
    select
        *,
        value - value_before as change,
        {{ rounded_ratio('100 * abs(value - value_before)', 'abs(value_before)', 6) }} as change_pct
    from version
),

revised as (
    select
        dataset,
        indicator_code,
        count(*) as revisions,
        count(*) filter (where change > 0) as upward_revisions,
        count(*) filter (where change < 0) as downward_revisions,
        -- The median is half way between the one from below and the one from above.
        cast(
            (
                cast(percentile_disc(0.5) within group (order by change_pct asc) as decimal(24, 6))
                + cast(percentile_disc(0.5) within group (order by change_pct desc) as decimal(24, 6))
            ) * 0.5 as decimal(18, 2)
        ) as median_revision_pct,
        cast(max(change_pct) as decimal(18, 2)) as largest_revision_pct
    from change
    where change <> 0
    group by dataset, indicator_code
)

select
    known.dataset,
    known.indicator_code,
    known.indicator_label_fr,
    known.versions,
    coalesce(revised.revisions, 0) as revisions,
    coalesce(revised.upward_revisions, 0) as upward_revisions,
    coalesce(revised.downward_revisions, 0) as downward_revisions,
    revised.median_revision_pct,
    revised.largest_revision_pct,
    known.first_known_from,
    known.last_known_from
from known
left join revised on known.dataset = revised.dataset and known.indicator_code = revised.indicator_code
