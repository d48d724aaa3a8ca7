"""Each table of a release as files: Parquet for tools, CSV for a French spreadsheet. Same rows, same bytes.

The database holds its rows in key order, so that nothing is sorted again. A table longer than a sheet has no CSV: no
spreadsheet opens it, and it would weigh more than the rest of the release.
"""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb

from dagster_project.database import open_database
from dagster_project.formulas import neutral_sql
from dagster_project.release.keys import MARTS
from dagster_project.release.tables import row_counts
from dagster_project.sql import quoted, text_of

_BYTE_ORDER_MARK = "\ufeff"
# A sheet has 1 048 576 lines, the header among them.
LONGEST_SHEET = 1_048_575
_AT_A_TIME = 2


def export_tables(database: Path, folder: Path, spill: Path) -> None:
    """Write every published table in ``parquet/``, and in ``csv/`` those a spreadsheet can open.

    One thread writes a file: with several, where a group of rows ends depends on which was the fastest. Two tables are
    written at a time. What does not fit in memory uses `spill`.
    """
    for kind in ("parquet", "csv"):
        (folder / kind).mkdir()
    rows = row_counts(database)
    longest_first = sorted(rows, key=lambda name: rows[name], reverse=True)
    with (
        open_database(
            database, read_only=True, threads=1, preserve_insertion_order=True, temp_directory=str(spill)
        ) as connection,
        ThreadPoolExecutor(_AT_A_TIME) as writers,
    ):

        def write(name: str) -> None:
            with connection.cursor() as own:
                _export(own, folder, name, as_csv=rows[name] <= LONGEST_SHEET)

        list(writers.map(write, longest_first))


def _export(connection: duckdb.DuckDBPyConnection, folder: Path, name: str, *, as_csv: bool) -> None:
    table = f'{MARTS}."{name}"'
    connection.execute(f"copy {table} to {_file(folder, 'parquet', name)} (format parquet)")
    if as_csv:
        columns = ", ".join(_spreadsheet_cells(connection, name))
        connection.execute(
            f"copy (select {columns} from {table}) to {_file(folder, 'csv', name)} "
            "(format csv, header true, delimiter ';')"
        )


def _file(folder: Path, kind: str, name: str) -> str:
    return quoted(str(folder / kind / f"{name}.{kind}"))


def _spreadsheet_cells(connection: duckdb.DuckDBPyConnection, table: str) -> Iterable[str]:
    """Each column as a French spreadsheet reads it: decimal commas, no live formula; the first name bears the mark."""
    columns = connection.execute(
        "select column_name, data_type from duckdb_columns() where schema_name = ? and table_name = ? "
        "order by column_index",
        [MARTS, table],
    ).fetchall()
    mark = _BYTE_ORDER_MARK
    for name, data_type in columns:
        yield f'{_spreadsheet_cell(name, data_type)} as "{mark}{name}"'
        mark = ""


def _spreadsheet_cell(name: str, data_type: str) -> str:
    text = text_of(f'"{name}"', data_type)
    if data_type.startswith("DECIMAL"):
        return f"replace({text}, '.', ',')"
    return neutral_sql(text) if data_type.startswith("VARCHAR") else text
