-- Every figure a relation may speak of, as known today: those printed in reports, repeats included, their budget
-- lines, and what producers publish. `series_code` gathers the same quantity at other periods. A report has the lines
-- it prints, though another one of the same region said them before.
with printed as (
    select
        figure.reference,
        figure.dataset,
        concat_ws(', ', figure.label_fr, figure.territory_label) as label_fr,
        figure.value,
        figure.lower,
        figure.upper,
        figure.qualifier,
        figure.unit,
        figure.printed_step,
        figure.period_code,
        figure.period_label,
        coalesce(observation.breaks_fr, '') as breaks_fr,
        figure.indicator_code,
        figure.territory_level,
        figure.territory_code,
        figure.population_group,
        false as is_masked
    from {{ ref('stg_report__figure') }} as figure
    inner join {{ ref('dim_edition') }} as edition on figure.edition_id = edition.edition_id
    -- A figure printed again was observed once, where it is first printed.
    left join {{ ref('fct_observation') }} as observation
        on
            observation.reference = concat_ws(':', edition.report, coalesce(figure.repeat_of, figure.figure_id))
            and observation.known_to is null
    where edition.is_newest
),

published as (
    select
        reference,
        dataset,
        concat_ws(', ', indicator_label_fr, territory_name) as label_fr,
        value,
        lower,
        upper,
        qualifier,
        unit,
        printed_step,
        period_code,
        period_label,
        breaks_fr,
        indicator_code,
        territory_level,
        territory_code,
        population_group,
        conf_status <> 'F' as is_masked
    from {{ ref('fct_observation') }}
    where
        known_to is null
        and source_line is null
        and population_group = 'all'
        and territory_level not in ('commune', 'iris')
),

line as (
    select
        line.reference,
        line.dataset,
        concat_ws(
            ', ',
            coalesce(line.signatory_name, line.action),
            coalesce(territory.territory_name, line.territory_label)
        ) as label_fr,
        cast(line.amount_eur as decimal(24, 6)) as value,
        cast(null as decimal(24, 6)) as lower,
        cast(null as decimal(24, 6)) as upper,
        'exact' as qualifier,
        'eur' as unit,
        line.printed_step,
        cast(line.year as string) as period_code,
        cast(line.year as string) as period_label,
        '' as breaks_fr,
        concat_ws(':', 'budget', line.stage, line.line_code) as indicator_code,
        line.territory_level,
        line.territory_code,
        'all' as population_group,
        false as is_masked
    from {{ ref('stg_report__budget_line') }} as line
    inner join {{ ref('dim_edition') }} as edition on line.edition_id = edition.edition_id
    left join {{ ref('dim_territory') }} as territory
        on line.territory_level = territory.territory_level and line.territory_code = territory.territory_code
    where edition.is_newest
),

every_figure as (
    select * from printed
    union all
    select * from published
    union all
    select * from line
)

select
    reference,
    dataset,
    label_fr,
    value,
    lower,
    upper,
    qualifier,
    unit,
    printed_step,
    period_code,
    period_label,
    breaks_fr,
    is_masked,
    concat_ws('-', territory_level, territory_code) as territory_key,
    case
        when indicator_code is null then ''
        else concat_ws('|', dataset, indicator_code, territory_level, territory_code, population_group)
    end as series_code
from every_figure
