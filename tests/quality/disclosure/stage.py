"""A stage file with nothing but what confidentiality reads, and the public tables it would give."""

from collections.abc import Sequence
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import duckdb

from dagster_project.release.stage import insert_rows
from tests.quality.disclosure.attacker import Place, Shown, View
from tests.quality.disclosure.region import Cell

DATASET = "calpae/indicators"
Edition = tuple[str, int, Sequence[tuple[Cell, Decimal | None]]]


def write_stage(path: Path, editions: Sequence[Edition], open_cells: Sequence[tuple[Cell, int, Decimal]] = ()) -> None:
    """Restricted editions (name, year, cells) in publication order, and figures a report prints."""
    with duckdb.connect(str(path)) as stage:
        stage.execute(
            """
            create schema raw;
            create table raw.edition (edition_id varchar, dataset varchar, report varchar, known_from date,
                retrieved_at date, content_sha256 varchar, access varchar);
            create table raw.cell (edition_id varchar, indicator_code varchar, territory_level varchar,
                territory_code varchar, population_group varchar, period_code varchar, period_start date,
                value decimal(24, 6), printed_step decimal(24, 6));
            create temp table incoming (edition_id varchar, indicator_code varchar, territory_level varchar,
                territory_code varchar, period_code varchar, year integer, value decimal(24, 6));
            create table raw.producer_extract as from raw.cell;
            create table raw.report_figures as select *, '' as figure_id from raw.cell;
            create table raw.relation (relation_id varchar, operator varchar);
            create table raw.relation_term (relation_id varchar, side varchar, position integer,
                coefficient_numerator bigint, coefficient_denominator bigint, reference varchar, group_prefix varchar,
                group_region_code varchar);
            insert into raw.edition values ('report', 'dreets/report_calpae', 'dreets/2024', '2020-01-01',
                '2026-01-01', 'r', 'open');
            """
        )
        for day, (name, year, cells) in enumerate(editions):
            stage.execute(
                "insert into raw.edition values (?, ?, 'calpae/', date '2025-01-01' + ?::integer, '2026-01-01', ?, "
                "'restricted')",
                [name, DATASET, day, sha256(repr(list(cells)).encode()).hexdigest()],
            )
            if rows := [(name, *cell, str(year), year, value) for cell, value in cells]:
                insert_rows(stage, "incoming", rows)
        stage.execute(
            "insert into raw.cell select edition_id, indicator_code, territory_level, territory_code, 'all', "
            "period_code, make_date(year, 1, 1), value, 1 from incoming"
        )
        for (code, level, territory), year, value in open_cells:
            stage.execute(
                "insert into raw.report_figures values ('report', ?, ?, ?, 'all', ?, make_date(?, 1, 1), ?, 1, ?)",
                [code, level, territory, str(year), year, value, f"{code}-{territory}"],
            )


# As the models do: the versions of each cell, what is masked left out, percentages beside their counts.
_PUBLIC = """
    create schema core;
    create schema marts;
    create table core.dim_indicator as
        select '' as subject, null::varchar as member, '' as indicator_code, '' as label_fr;
    create table marts.edition as select edition_id as edition, * from raw.edition;
    create table marts.territory as
        select territory_level, territory_code, category, region_code, departement_code, valid_to
        from read_csv('{territories}', all_varchar = true);
    create view core.cell_observed as
        select cell.*, edition.dataset, '' as territory_label, 'person' as unit, null::varchar as marker
        from raw.cell inner join raw.edition as edition using (edition_id);
    create table version as
        with state as (
            select *, value is distinct from lag(value) over one_cell or lag(edition_id) over one_cell is null
                or conf_status is distinct from lag(conf_status) over one_cell as is_new
            from raw.cell inner join raw.edition using (edition_id)
            inner join raw.cell_protection using (edition_id, indicator_code, territory_level, territory_code,
                population_group, period_code)
            window one_cell as (
                partition by indicator_code, territory_level, territory_code, period_code
                order by known_from, edition_id
            )
        )
        select *, lead(known_from) over (
            partition by indicator_code, territory_level, territory_code, period_code order by known_from, edition_id
        ) as known_to
        from state
        where is_new;
    create table marts.calpae_indicator_history as
        select version.indicator_code, version.territory_level, version.territory_code,
            year(version.period_start) as year, case when version.conf_status = 'F' then version.value end as value,
            case when share.conf_status = 'F' then share.value end as published_pct,
            null::decimal(7, 2) as computed_pct, version.conf_status, version.dataset, version.edition_id as edition,
            version.known_from, version.known_to
        from version
        left join version as share
            on version.indicator_code || '_pct' = share.indicator_code
            and version.territory_level = share.territory_level and version.territory_code = share.territory_code
            and version.period_code = share.period_code and version.edition_id = share.edition_id;
"""


def publish(stage: Path, territories: Path) -> None:
    """Make the public tables of a stage file whose cells were decided on."""
    with duckdb.connect(str(stage)) as connection:
        connection.execute(_PUBLIC.format(territories=territories))


def views(database: Path) -> list[View]:
    """What anybody saw after each edition, from the public tables of a stage or of a release."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select indicator_code, territory_level, territory_code, year, edition, value, conf_status, known_from, "
            "known_to from marts.calpae_indicator_history where dataset = ?",
            [DATASET],
        ).fetchall()
    days = sorted({row[7] for row in rows})
    return [
        {
            Place(*row[:4]): Shown(row[4], row[5], row[6])
            for row in rows
            if row[7] <= day and (row[8] is None or row[8] > day)
        }
        for day in days
    ]
