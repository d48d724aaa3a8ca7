-- Every figure a report prints: in prose and boxes, in tables, and its budget lines. Repeats are rows of their own.
with printed as (
    select
        edition.report,
        figure.figure_id,
        figure.repeat_of,
        figure.axis,
        figure.measure,
        figure.territory_level,
        figure.territory_code,
        coalesce(territory.territory_name, figure.territory_label) as territory_label,
        figure.label_fr as indicator_label_fr,
        figure.indicator_code,
        figure.population_group,
        figure.value,
        figure.lower as value_lower,
        figure.upper as value_upper,
        figure.unit,
        figure.period_label,
        figure.period_start,
        figure.period_end,
        figure.qualifier,
        figure.statement,
        figure.obs_status,
        figure.marker,
        figure.cited_source,
        figure.source_line,
        figure.printed_text,
        figure.dataset,
        figure.edition_id as edition
    from {{ ref('stg_report__figure') }} as figure
    inner join {{ ref('dim_edition') }} as edition on figure.edition_id = edition.edition_id
    left join {{ ref('dim_territory') }} as territory
        on figure.territory_level = territory.territory_level and figure.territory_code = territory.territory_code
    where edition.is_newest
),

budget as (
    select
        edition.report,
        line.figure_id,
        cast(null as string) as repeat_of,
        0 as axis,
        cast(null as string) as measure,
        line.territory_level,
        line.territory_code,
        coalesce(territory.territory_name, line.territory_label) as territory_label,
        concat_ws(
            ', ',
            coalesce(line.signatory_name, line.action),
            case when line.stage = 'contracted' then 'montant contractualisé' else 'crédits' end
        ) as indicator_label_fr,
        cast(null as string) as indicator_code,
        'all' as population_group,
        cast(line.amount_eur as decimal(24, 6)) as value,
        cast(null as decimal(24, 6)) as value_lower,
        cast(null as decimal(24, 6)) as value_upper,
        'eur' as unit,
        cast(line.year as string) as period_label,
        make_date(line.year, 1, 1) as period_start,
        make_date(line.year, 12, 31) as period_end,
        'exact' as qualifier,
        'result' as statement,
        'A' as obs_status,
        line.marker,
        cast(null as string) as cited_source,
        line.source_line,
        line.printed_text,
        line.dataset,
        line.edition_id as edition
    from {{ ref('stg_report__budget_line') }} as line
    inner join {{ ref('dim_edition') }} as edition on line.edition_id = edition.edition_id
    left join {{ ref('dim_territory') }} as territory
        on line.territory_level = territory.territory_level and line.territory_code = territory.territory_code
    where edition.is_newest and line.printed_text <> ''
)

select * from printed
union all
select * from budget
