"""The restricted cells with their true values, for those entitled: one folder a release, apart from what is published.

It is also the memory of what was ever published of restricted editions: what a release once told cannot be taken back.
Each folder has what those before it knew, so that the releases no longer kept are remembered too.
"""

import shutil
from pathlib import Path

import duckdb

from dagster_project.database import open_database
from dagster_project.durable import flush
from dagster_project.quality.disclosure.cells import Cell, Key, Memory, Told, restricted_datasets
from dagster_project.release.kept import releases
from dagster_project.settings import Settings
from dagster_project.sql import quoted

CELLS, WITHDRAWN = "cellules.parquet", "retirees.parquet"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_RESTRICTED = """
    select cell.edition_id as edition, edition.content_sha256 as content, cell.dataset, cell.indicator_code,
        indicator.label_fr as indicator_label_fr, cell.territory_level, cell.territory_code, cell.territory_label,
        cell.population_group, cell.period_code, cell.value, cell.unit, cell.marker, protection.conf_status,
        coalesce(told.first_release, ?) as first_release
    from core.cell_observed as cell
    inner join raw.cell_protection as protection
        on cell.edition_id = protection.edition_id
        and cell.indicator_code = protection.indicator_code
        and cell.territory_level = protection.territory_level
        and cell.territory_code = protection.territory_code
        and cell.population_group = protection.population_group
        and cell.period_code = protection.period_code
    inner join raw.edition as edition on cell.edition_id = edition.edition_id
    left join core.dim_indicator as indicator on cell.indicator_code = indicator.indicator_code
    left join (select distinct edition, content, first_release from told) as told
        on cell.edition_id = told.edition and edition.content_sha256 = told.content
    order by all
"""
# What was told of editions that were withdrawn, or filed again under their name with another content.
_WITHDRAWN = """
    from told
    where not exists (
        from raw.edition as edition
        where told.edition = edition.edition_id and told.content = edition.content_sha256
    )
    order by all
"""
_TOLD = """
    create temp table told (
        edition varchar, content varchar, dataset varchar, indicator_code varchar, indicator_label_fr varchar,
        territory_level varchar, territory_code varchar, territory_label varchar, population_group varchar,
        period_code varchar, value decimal(24, 6), unit varchar, marker varchar, conf_status varchar,
        first_release varchar
    )
"""
# Folders, named after their releases, are in the order of publication. Told once is told, whatever came after.
_READ = """
    insert into told by name
    with cell as (
        select * replace (coalesce(content, '') as content), parse_path(filename)[-2] as release
        from (from told union all by name from read_parquet(?, filename = true, union_by_name = true))
    )
    select
        * exclude (filename, release) replace (
            case when bool_or(conf_status = 'F') over one_cell then 'F' else conf_status end as conf_status,
            min(coalesce(first_release, release)) over (partition by edition, content) as first_release
        )
    from cell
    window one_cell as (
        partition by edition, content, indicator_code, territory_level, territory_code, population_group, period_code
    )
    qualify row_number() over (one_cell order by release) = 1
"""
_REMEMBERED = """
    select edition, content, dataset, indicator_code, territory_level, territory_code, population_group, period_code,
        value, conf_status
    from told
    order by first_release, edition, content, indicator_code, territory_level, territory_code, population_group,
        period_code
"""


def keep_internal(settings: Settings, stage: Path, release_id: str) -> None:
    """Write the restricted cells of a release about to be served, and what those before it told of others.

    Nothing where no edition is restricted, or was in a release kept.
    """
    with open_database(stage, read_only=True) as connection:
        is_restricted, files = bool(restricted_datasets(connection)), _files(settings)
        if is_restricted or files:
            _read_what_was_told(connection, files)
        if is_restricted:
            _write_private(connection, settings.internal / release_id / CELLS, _RESTRICTED, [release_id])
        if files:
            _write_private(connection, settings.internal / release_id / WITHDRAWN, _WITHDRAWN, [])


def _write_private(connection: duckdb.DuckDBPyConnection, path: Path, cells: str, values: list[str]) -> None:
    folders = [path.parent.parent, path.parent]
    for folder in folders:
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
    # Readable by its owner alone before it holds anything.
    path.touch(mode=_PRIVATE_FILE)
    connection.execute(f"create or replace temp table kept as {cells}", values)
    connection.execute(f"copy kept to {quoted(str(path))} (format parquet)")
    path.chmod(_PRIVATE_FILE)
    for durable in (path, *reversed(folders)):
        flush(durable)


def forget_retired(settings: Settings) -> None:
    """Remove what belongs to releases that are no longer kept, or that never came to be."""
    kept = releases(settings)
    for folder in _folders(settings):
        if folder.name not in kept:
            shutil.rmtree(folder)


def remembered(settings: Settings) -> Memory:
    """The restricted cells that the releases kept tell, or remember from those before them, the oldest first."""
    files = _files(settings)
    if not files:
        return ()
    with duckdb.connect() as connection:
        _read_what_was_told(connection, files)
        rows = connection.execute(_REMEMBERED).fetchall()
    return [
        Told(Cell(edition, content, dataset, Key(*key), value), status)
        for edition, content, dataset, *key, value, status in rows
    ]


def _read_what_was_told(connection: duckdb.DuckDBPyConnection, files: list[str]) -> None:
    connection.execute(_TOLD)
    if files:
        connection.execute(_READ, [files])


def _files(settings: Settings) -> list[str]:
    kept = releases(settings)
    return [
        str(folder / name)
        for folder in _folders(settings)
        if folder.name in kept
        for name in (CELLS, WITHDRAWN)
        if (folder / name).exists()
    ]


def _folders(settings: Settings) -> list[Path]:
    if not settings.internal.is_dir():
        return []
    return sorted(path for path in settings.internal.iterdir() if path.is_dir())
