"""`make spark-parity`: the project on a cluster of this machine, and every published table compared with DuckDB's.

Two archives are built by either engine, published, and compared value for value: the project's own, by the job that
`bilan refresh` runs; and a larger one, made up, whose revisions, breaks, masks and rival sources fill every mart. The
unit tests of the models are run with either engine too.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.release.proof import MANIFEST
from dagster_project.settings import PROJECT, Settings
from tests.spark.cluster import standalone_cluster, what_is_missing

_WORKERS = 2
_SHOWN = 5
ARCHIVES = {"rapport": "archive du projet", "enrichie": "archive enrichie"}


@dataclass(frozen=True)
class Compared:
    """A table as two engines made it: its rows, and what differs, a line each."""

    table: str
    rows: int
    differences: list[str]


def main() -> int:
    """Compare, a line a table; 1 at the first table that differs, its rows shown."""
    if reason := what_is_missing():
        print(reason)
        return 1
    start = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bilan-parity-") as place:
        folder = Path(place)
        print("DuckDB", flush=True)
        build("duckdb", folder, {})
        print(f"Spark : un maître, {_WORKERS} exécutants", flush=True)
        with standalone_cluster(folder / "cluster", _WORKERS) as environment:
            build("spark", folder, environment)
        for archive, title in ARCHIVES.items():
            print(f"{title} :")
            for found in compared(folder / "duckdb" / archive, folder / "spark" / archive):
                print(
                    f"  {'différent' if found.differences else 'identique'}  {found.table:<28} {found.rows:>6} lignes"
                )
                if found.differences:
                    print("\n".join(found.differences))
                    return 1
    print(f"Toutes les tables sont identiques ({time.monotonic() - start:.0f} s).")
    return 0


def build(engine: str, folder: Path, environment: Mapping[str, str], archives: Iterable[str] = ARCHIVES) -> None:
    """Publish archives with an engine, in a process of its own."""
    command = [sys.executable, "-m", "tests.spark.build", str(folder / engine), *archives]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, **environment, "BILAN_ENGINE": engine}, check=True)


def compared(one: Path, other: Path) -> Iterator[Compared]:
    """Every published table of two warehouses, value for value; facts of a run are left out, as of their digests."""
    releases = [Settings(PROJECT / "raw", warehouse).served.resolve().parent for warehouse in (one, other)]
    digests = [json.loads((release / MANIFEST).read_text(encoding="utf-8"))["marts"] for release in releases]
    with duckdb.connect() as connection:
        for name, release in zip(("one", "other"), releases, strict=True):
            connection.execute(f"attach '{release / 'bilan.duckdb'}' as {name} (read_only)")
        for table in sorted(digests[0]):
            yield Compared(table, digests[0][table]["rows"], list(_differences(connection, table, digests)))


def _differences(connection: duckdb.DuckDBPyConnection, table: str, digests: list[dict]) -> Iterator[str]:  # type: ignore[type-arg]
    definitions = [
        connection.execute(
            "select sql, comment, (select list((column_name, data_type, comment) order by column_index) "
            "from duckdb_columns() as c where c.database_name = t.database_name and c.table_name = t.table_name) "
            f"from duckdb_tables() as t where database_name = '{name}' and table_name = '{table}'"
        ).fetchall()
        for name in ("one", "other")
    ]
    if definitions[0] != definitions[1] or not definitions[0]:
        yield f"    {definitions}"
    if digests[0][table]["sha256"] is None:
        return
    for mine, theirs in (("one", "other"), ("other", "one")):
        rows = connection.execute(f"from {mine}.marts.{table} except all from {theirs}.marts.{table}").fetchmany(_SHOWN)
        yield from (f"    {mine} : {row}" for row in rows)
    if digests[0][table] != digests[1][table]:
        yield f"    empreintes : {digests[0][table]['sha256']}, {digests[1][table]['sha256']}"


if __name__ == "__main__":
    sys.exit(main())
