"""The restricted cells with their true values, for those entitled: one folder a release, apart from what is published.

It is also the memory of what was published of restricted editions, for the releases that are kept: what a release
once told cannot be taken back.
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

CELLS = "cellules.parquet"
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
_RESTRICTED = """
    select cell.edition_id as edition, cell.dataset, cell.indicator_code, indicator.label_fr as indicator_label_fr,
        cell.territory_level, cell.territory_code, cell.territory_label, cell.population_group, cell.period_code,
        cell.value, cell.unit, cell.marker, protection.conf_status
    from core.cell_observed as cell
    inner join raw.cell_protection as protection
        on cell.edition_id = protection.edition_id
        and cell.indicator_code = protection.indicator_code
        and cell.territory_level = protection.territory_level
        and cell.territory_code = protection.territory_code
        and cell.population_group = protection.population_group
        and cell.period_code = protection.period_code
    left join core.dim_indicator as indicator on cell.indicator_code = indicator.indicator_code
    order by all
"""

# Folders, named after their releases, are in the order of publication. Told once is told, whatever came after.
_REMEMBERED = """
    with cell as (
        select *, min(filename) over (partition by edition) as first_release
        from read_parquet(?, filename = true)
    )
    select edition, dataset, indicator_code, territory_level, territory_code, population_group, period_code,
        arg_min(value, filename) as value,
        case when bool_or(conf_status = 'F') then 'F' else arg_min(conf_status, filename) end as conf_status
    from cell
    group by all
    order by min(first_release), edition, indicator_code, territory_level, territory_code,
        population_group, period_code
"""


def keep_internal(settings: Settings, stage: Path, release_id: str) -> None:
    """Write the restricted cells of a release about to be served; nothing where no edition is restricted."""
    with open_database(stage, read_only=True) as connection:
        if not restricted_datasets(connection):
            return
        settings.internal.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        folder = settings.internal / release_id
        folder.mkdir(mode=_PRIVATE_FOLDER, exist_ok=True)
        path = folder / CELLS
        # Readable by its owner alone before it holds anything.
        path.touch(mode=_PRIVATE_FILE)
        connection.execute(f"copy ({_RESTRICTED}) to {quoted(str(path))} (format parquet)")
    path.chmod(_PRIVATE_FILE)
    for durable in (path, folder, settings.internal):
        flush(durable)


def forget_retired(settings: Settings) -> None:
    """Remove what belongs to releases that are no longer kept, or that never came to be."""
    kept = releases(settings)
    for folder in _folders(settings):
        if folder.name not in kept:
            shutil.rmtree(folder)


def remembered(settings: Settings) -> Memory:
    """The restricted cells of the releases kept, the oldest first, each as the first of them told it."""
    kept = releases(settings)
    files = [str(folder / CELLS) for folder in _folders(settings) if folder.name in kept]
    if not files:
        return ()
    with duckdb.connect() as connection:
        rows = connection.execute(_REMEMBERED, [files]).fetchall()
    return [Told(Cell(edition, dataset, Key(*key), value), status) for edition, dataset, *key, value, status in rows]


def _folders(settings: Settings) -> list[Path]:
    if not settings.internal.is_dir():
        return []
    return sorted(path for path in settings.internal.iterdir() if path.is_dir())
