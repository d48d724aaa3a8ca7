"""From a release to PostgreSQL and back: each table is loaded, swapped in, read again and compared, value by value."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
from psycopg.sql import SQL, Composable, Identifier

from dagster_project.errors import BilanError, RefusedDataError
from dagster_project.machine import machine_failure
from dagster_project.mirror.access import READERS
from dagster_project.mirror.release import Table, digest, digest_of_csv, published_tables, write_csv
from dagster_project.mirror.server import UNCHANGED, Connection, connected, whereabouts
from dagster_project.mirror.structure import TEMPORARY, create_table, place
from dagster_project.mirror.swap import Changes, swap
from dagster_project.mirror.types import is_list
from dagster_project.release.proof import DATABASE, defects_of
from dagster_project.release.verify import release_folder
from dagster_project.settings import Settings

_BLOCK = 1 << 20


def copy_release(settings: Settings, url: str, release_id: str | None, tell: Callable[[str], None]) -> list[str]:
    """See `mirror`, of the package."""
    folder = release_folder(settings, release_id)
    if defects := defects_of(folder):
        raise RefusedDataError("\n".join(defects))
    try:
        with (
            tempfile.TemporaryDirectory() as spill,
            duckdb.connect(str(folder / DATABASE), read_only=True, config={"temp_directory": spill}) as release,
            connected(url) as connection,
        ):
            tables = published_tables(release)
            exchange = _Exchange(release, connection, Path(spill) / "table.csv")
            fresh = {}
            for number, table in enumerate(tables, start=1):
                tell(f"copie {number}/{len(tables)} : {table.schema}.{table.name}")
                fresh[table] = exchange.load(table, f"fresh_{number}")
            tell("relecture et comparaison de chaque table, puis bascule")
            return _told(folder.name, whereabouts(connection), len(tables), swap(connection, fresh, exchange.prove))
    except (OSError, duckdb.Error) as error:
        if sentence := machine_failure(error):
            raise BilanError(f"{sentence} {UNCHANGED}") from error
        raise


@dataclass(frozen=True)
class _Exchange:
    """A release, a database, and the file through which rows go from one to the other."""

    release: duckdb.DuckDBPyConnection
    connection: Connection
    csv: Path

    def load(self, table: Table, name: str) -> Table:
        """Copy the rows of a table where only this connection sees them."""
        fresh = replace(table, schema=TEMPORARY, name=name)
        self.connection.execute(create_table(fresh))
        write_csv(self.release, table, self.csv)
        into = SQL("copy {} from stdin (format csv)").format(place(fresh))
        with self.connection.cursor().copy(into) as copy, self.csv.open("rb") as rows:
            while block := rows.read(_BLOCK):
                copy.write(block)
        return fresh

    def prove(self, table: Table, readable: Table) -> None:
        """Read a table again where readers will, and compare it whole with the release's.

        Raises:
            BilanError: they differ.
        """
        values = SQL(", ").join(_as_text(column.name, column.data_type) for column in table.columns)
        out = SQL("copy (select {} from {}) to stdout (format csv)").format(values, place(readable))
        with self.connection.cursor().copy(out) as copy, self.csv.open("wb") as rows:
            for block in copy:
                rows.write(block)
        if digest_of_csv(self.release, table, self.csv) != digest(self.release, table):
            raise BilanError(f"La copie de {'.'.join(table.full_name)} n'est pas fidèle à la version. {UNCHANGED}")


def _as_text(name: str, data_type: str) -> Composable:
    column = Identifier(name)
    return SQL("to_json({}::text[])").format(column) if is_list(data_type) else column


def _told(release_id: str, where: str, tables: int, changes: Changes) -> list[str]:
    return [
        f"Version {release_id} copiée dans PostgreSQL : {where}.",
        f"  {tables} tables, chacune relue et égale à celle de la version",
        f"  tables faites : {changes.made}, retirées : {changes.gone} ; "
        f"dans les autres, lignes retirées : {changes.removed}, ajoutées : {changes.added}",
        f"  pour qu'un compte les lise : GRANT {READERS} TO compte;",
    ]
