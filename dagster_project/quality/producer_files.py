"""The producers' own files of an edition, read: cells kept, set aside, refused and flagged."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.catalogue import Edition, RawFile
from dagster_project.errors import BilanError
from dagster_project.quality.raw_tables import CELLS
from dagster_project.readers import official_layout
from dagster_project.readers.cells import CELL_COLUMNS, Reading
from dagster_project.readers.examine import refusing
from dagster_project.readers.limits import Allowance, held_to
from dagster_project.readers.table import Reject
from dagster_project.readers.zipped import data_file
from dagster_project.sql import quoted

# A reader may leave a column of its table without a value, and so without its type.
_COLUMNS = ", ".join(f"{column.name}::{column.sql_type} as {column.name}" for column in CELL_COLUMNS)


@dataclass
class ProducerFiles:
    """Every file of an edition, read: ``cells_read == cells_kept + set_aside + refused``."""

    table: str = CELLS
    cells_read: int = 0
    cells_kept: int = 0
    set_aside: Counter[str] = field(default_factory=Counter)
    rejects: list[Reject] = field(default_factory=list)
    flags: list[Reject] = field(default_factory=list)


def read_producer_files(connection: duckdb.DuckDBPyConnection, edition: Edition, into: Path) -> ProducerFiles:
    """Read the files of an edition, and write their cells into a folder, a Parquet file each, up to the first refusal.

    Raises:
        BilanError: a reader lost count of its cells.
    """
    layout = official_layout(edition.sidecar.layout)
    whole = ProducerFiles()
    for number, file in enumerate(edition.sidecar.files):
        reading = Reading(connection, f"{edition.edition_id}/{file.name}")
        with (
            refusing(reading),
            data_file(edition.folder / file.name, layout.largest) as data,
            held_to(Allowance.to_read(data.stat().st_size)),
        ):
            layout.read(data, reading)
        kept = _kept(reading)
        if not reading.rejects and reading.cells_read != kept + reading.cells_set_aside:
            counts = f"{reading.cells_read} cellules lues, {kept} gardées, {reading.cells_set_aside} écartées"
            raise BilanError(f"{reading.file} : {counts}")
        whole.cells_read += reading.cells_read
        whole.cells_kept += kept
        whole.set_aside += reading.set_aside
        whole.rejects += reading.rejects
        whole.flags += reading.flags
        if not whole.rejects:
            _write(connection, edition, file, reading, into / f"{CELLS}-{number:04}.parquet")
        whole.table = reading.nomenclature[0] if reading.nomenclature else whole.table
    return whole


def _kept(reading: Reading) -> int:
    """Cells kept; in a geographic code, which has none, rows kept."""
    kept = reading.cells_kept
    for table in reading.nomenclature:
        row = reading.connection.execute(f"select count(*) from {table}").fetchone()
        assert row is not None
        kept += row[0]
    return kept


def _write(
    connection: duckdb.DuckDBPyConnection, edition: Edition, file: RawFile, reading: Reading, path: Path
) -> None:
    for table in reading.nomenclature:
        connection.execute(
            f"insert into raw.{table} by name select ? as edition_id, * from temp.{table}", [edition.edition_id]
        )
    if not reading.nomenclature:
        connection.execute(
            f"copy (select $edition as edition_id, $file as file_name, $sha256 as file_sha256, "
            f"source_row::integer as row_number, {_COLUMNS} from {reading.table}) "
            f"to {quoted(str(path))} (format parquet)",
            {"edition": edition.edition_id, "file": file.name, "sha256": file.sha256},
        )
