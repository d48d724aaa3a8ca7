select
    cell.dataset,
    cell.indicator_code,
    indicator.indicator_version,
    cell.territory_level,
    cell.territory_code,
    coalesce(territory.territory_name, cell.territory_label) as territory_name,
    coalesce(territory.region_code, edition.region_code) as region_code,
    cell.population_group,
    cell.period_code,
    cell.period_label,
    cell.period_start,
    cell.period_end,
    -- A restricted edition is known to be there; what it says stays in the core.
    case when edition.access = 'open' then cell.value end as value,
    case when edition.access = 'open' then cell.lower end as lower,
    case when edition.access = 'open' then cell.upper end as upper,
    cell.unit,
    cell.qualifier,
    case when edition.access = 'open' then cell.printed_text end as printed_text,
    cell.printed_step,
    case when edition.access = 'open' then cell.marker else 'c' end as marker,
    case when edition.access = 'open' then cell.obs_status else 'M' end as obs_status,
    case when edition.access = 'open' then 'F' else 'C' end as conf_status,
    cell.cited_source,
    version.known_from,
    version.known_to,
    cell.edition_id,
    edition.publisher,
    edition.source_priority,
    -- The breaks of the series up to this value: two values with the same ones may be compared.
    coalesce(
        (
            select string_agg(series_break.reason_fr, ' ; ' order by series_break.starts_on)
            from {{ ref('series_breaks') }} as series_break
            where series_break.indicator_code = cell.indicator_code and series_break.starts_on <= cell.period_start
        ),
        ''
    ) as breaks_fr,
    indicator.subject,
    indicator.member,
    indicator.label_fr as indicator_label_fr,
    cell.reference,
    cell.file_sha256,
    cell.row_number,
    cell.source_file,
    cell.source_sheet,
    cell.source_row,
    cell.source_column,
    cell.source_line
from {{ ref('observation_version') }} as version
inner join {{ ref('cell_observed') }} as cell
    on
        version.edition_id = cell.edition_id
        and version.indicator_code = cell.indicator_code
        and version.territory_level = cell.territory_level
        and version.territory_code = cell.territory_code
        and version.population_group = cell.population_group
        and version.period_code = cell.period_code
inner join {{ ref('dim_edition') }} as edition on version.edition_id = edition.edition_id
left join {{ ref('dim_indicator') }} as indicator on cell.indicator_code = indicator.indicator_code
left join {{ ref('dim_territory') }} as territory
    on cell.territory_level = territory.territory_level and cell.territory_code = territory.territory_code
