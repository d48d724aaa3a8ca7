{{ config(materialized='view') }}

-- Every cell each edition gives of the periods to build, in one shape. A figure printed again in its own report is not
-- observed twice.
-- `scope_area` is the part of the country that an edition which holds this cell undertakes to cover, unless it covers
-- nothing but its cells: a whole region, by its départements; a whole département, by its communes; of anything else,
-- this territory alone.
-- What may be told of a cell is decided before (`cell_protection`). A restricted cell nobody decided on is masked.
with cell as (
    select
        figure.dataset,
        edition_id,
        publication_rank,
        known_from,
        reference,
        indicator_code,
        territory_level,
        territory_code,
        territory_label,
        population_group,
        period_label,
        period_start,
        period_end,
        figure.period_code,
        period.is_contested,
        value,
        lower,
        upper,
        unit,
        qualifier,
        marker,
        obs_status,
        cited_source,
        printed_text,
        printed_step,
        file_sha256,
        row_number,
        cast(null as string) as source_file,
        cast(null as string) as source_sheet,
        cast(null as integer) as source_row,
        cast(null as string) as source_column,
        source_line,
        false as covers_itself_only
    from {{ ref('stg_report__figure') }} as figure
    inner join {{ ref('period_to_build') }} as period
        on figure.dataset = period.dataset and figure.period_code = period.period_code
    where indicator_code is not null and repeat_of is null

    {% for published in ['stg_extract__figure', 'stg_producer__cell'] %}
        union all

        select
            published.dataset,
            edition_id,
            publication_rank,
            known_from,
            reference,
            indicator_code,
            territory_level,
            territory_code,
            territory_label,
            population_group,
            period_label,
            period_start,
            period_end,
            published.period_code,
            period.is_contested,
            value,
            cast(null as decimal(24, 6)) as lower,
            cast(null as decimal(24, 6)) as upper,
            unit,
            case when marker = '<=' then 'up_to' else 'exact' end as qualifier,
            marker,
            obs_status,
            cast(null as string) as cited_source,
            printed_text,
            printed_step,
            file_sha256,
            row_number,
            source_file,
            source_sheet,
            source_row,
            source_column,
            cast(null as integer) as source_line,
            covers_itself_only
        from {{ ref(published) }} as published
        inner join {{ ref('period_to_build') }} as period
            on published.dataset = period.dataset and published.period_code = period.period_code
    {% endfor %}
)

select
    cell.*,
    edition.publisher,
    edition.source_priority,
    edition.region_code as edition_region_code,
    case
        when cell.territory_level in ('commune', 'iris') then substr(cell.territory_code, 1, 2)
        else coalesce(departement.region_code, concat_ws('-', cell.territory_level, cell.territory_code))
    end as scope_area,
    case when edition.access = 'open' then 'F' else coalesce(protection.conf_status, 'C') end as conf_status
from cell
inner join {{ ref('dim_edition') }} as edition on cell.edition_id = edition.edition_id
left join {{ ref('territories') }} as departement
    on
        departement.territory_level = 'departement'
        and cell.territory_level = departement.territory_level
        and cell.territory_code = departement.territory_code
left join {{ source('raw', 'cell_protection') }} as protection
    on
        cell.edition_id = protection.edition_id
        and cell.indicator_code = protection.indicator_code
        and cell.territory_level = protection.territory_level
        and cell.territory_code = protection.territory_code
        and cell.population_group = protection.population_group
        and cell.period_code = protection.period_code
