-- A producer's figure is named by what it is: `drees/monthly_benefits:rsa_recipients:2018-12:departement-66`.
with figure as (
    select
        edition.dataset,
        edition.edition_id,
        edition.publication_rank,
        edition.known_from,
        facts.indicator_code,
        facts.territory_level,
        facts.territory_code,
        facts.territory_label,
        coalesce(facts.population_group, 'all') as population_group,
        coalesce(facts.period_label, '') as period_label,
        facts.period_start,
        facts.period_end,
        facts.period_code,
        facts.value,
        facts.unit,
        facts.marker,
        facts.obs_status,
        facts.printed_text,
        facts.printed_step,
        facts.file_sha256,
        facts.row_number,
        facts.source_file,
        facts.source_sheet,
        facts.source_row,
        facts.source_column
    from {{ source('raw', 'producer_extract') }} as facts
    inner join {{ source('raw', 'edition') }} as edition on facts.edition_id = edition.edition_id
)

select
    false as covers_itself_only,
    concat_ws(':', dataset, indicator_code, period_code, concat_ws('-', territory_level, territory_code)) as reference,
    *
from figure
