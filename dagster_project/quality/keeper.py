"""The door's own database: the raw tables filled by hand, what is examined, and what is kept of it.

The rows of an accepted edition leave it as Parquet files; a producer's cells, which may be millions, are never in it.
"""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from dagster_project.catalogue import Edition
from dagster_project.errors import BilanError
from dagster_project.quality.accepted import seal, unfinished
from dagster_project.quality.door_report import DoorReport
from dagster_project.quality.expectations import Suites
from dagster_project.quality.producer_files import ProducerFiles, read_producer_files
from dagster_project.quality.raw_tables import CELLS, EDITION_PERIODS, RAW_TABLES, table_columns
from dagster_project.readers import LAYOUTS
from dagster_project.readers.table import ReadResult, Reject, Row, read_csv_table
from dagster_project.release.folders import remove
from dagster_project.settings import TERRITORIES
from dagster_project.sql import quoted

_HIDDEN = "•••"


class Keeper:
    """Reads and examines one edition after another; only what is accepted leaves files, and stays in the raw tables."""

    def __init__(self, database: str) -> None:
        self._suites = Suites(database)
        self._connection = self._suites.engine.raw_connection()
        # What SQLAlchemy wraps: the one connection that readers fill, and that frames are registered with.
        self._duckdb: Any = self._connection.driver_connection
        if self._known_tables():
            return  # A door before this one was killed: all it had accepted is there.
        self._execute("create schema raw; create schema door;")
        for name, columns in RAW_TABLES.items():
            if name != CELLS:
                self._execute(f"create table raw.{name} ({columns})")
        self._execute(
            f"create table door.territory as select * from read_csv({quoted(str(TERRITORIES))}, all_varchar = true)"
        )
        self._execute(
            "create table door.expected_cell (indicator_code varchar, territory_level varchar, territory_code varchar, "
            "territory_name varchar, period_code varchar)"
        )

    def examine(self, edition: Edition, folder: Path) -> DoorReport:
        """Read the edition's files, then run its suite; what is accepted is in the folder, nothing of a refused one."""
        building = unfinished(folder)
        if edition.sidecar.layout in LAYOUTS:
            report = self._examine_table(edition)
        else:
            report = self._examine_producer_files(edition, building)
        if report.accepted:
            self._hand_over(edition.edition_id, building)
            seal(building, folder, report)
        else:
            remove(building)
        return report

    def forget(self, edition_id: str) -> None:
        """Remove what an edition wrote that is refused, or was cut short."""
        for table in self._known_tables():
            self._execute(f"delete from raw.{table} where edition_id = ?", [edition_id])

    def _known_tables(self) -> list[str]:
        found = self._duckdb.execute("select table_name from information_schema.tables where table_schema = 'raw'")
        return [name for (name,) in found.fetchall()]

    def _hand_over(self, edition_id: str, building: Path) -> None:
        """Write the rows an edition has in each raw table; a producer's cells were, as they were read."""
        for table in self._known_tables():
            rows = f"from raw.{table} where edition_id = $edition"
            if self._duckdb.execute(f"select exists ({rows})", {"edition": edition_id}).fetchall() == [(True,)]:
                path = quoted(str(building / f"{table}-0000.parquet"))
                self._duckdb.execute(f"copy ({rows}) to {path} (format parquet)", {"edition": edition_id})

    def _examine_table(self, edition: Edition) -> DoorReport:
        read = _read(edition)
        kept = len(read.rows)
        if read.rows_read != kept + read.rows_set_aside:
            raise BilanError(f"{edition.edition_id} : {read.rows_read} lignes lues, {kept} gardées")
        table = edition.sidecar.layout
        if not read.rejects:
            self._insert(f"raw.{table}", [column.name for column in table_columns(table)], read.rows)
            self._show(_rows_of(edition, table))
        return self._report(edition, table, read.rejects, (read.rows_read, kept, read.rows_set_aside), [])

    def _examine_producer_files(self, edition: Edition, building: Path) -> DoorReport:
        files = read_producer_files(self._duckdb, edition, building)
        if edition.sidecar.access == "restricted":
            files.flags = _hidden(files.flags)
        if not files.rejects and files.table == CELLS:
            written = ", ".join(quoted(str(path)) for path in sorted(building.glob(f"{CELLS}-*.parquet")))
            self._show(f"read_parquet([{written}])")
        elif not files.rejects:
            self._show(_rows_of(edition, files.table))
        report = self._report(
            edition,
            files.table,
            files.rejects,
            (files.cells_read, files.cells_kept, files.set_aside.total()),
            files.flags,
        )
        if report.accepted:
            self._note(edition, files)
        return report

    def _report(
        self,
        edition: Edition,
        table: str,
        rejects: Sequence[Reject],
        counts: tuple[int, int, int],
        flags: Sequence[Reject],
    ) -> DoorReport:
        if edition.sidecar.access == "restricted":
            rejects = _hidden(rejects)
        results: list[dict[str, Any]] = []
        messages = [reject.message for reject in rejects]
        if not rejects:
            results = self._expectations(edition, table)
            rejects = [_broken(edition, result, message) for result in results for message in result["messages"]]
            messages = [f"{reject.file} : {reject.rule} : {reject.found}" for reject in rejects]
        if messages:
            self.forget(edition.edition_id)
        else:
            self._note_periods()
        return DoorReport(
            edition.edition_id,
            not messages,
            *counts,
            [flag.message for flag in flags],
            results,
            messages,
            [asdict(reject) for reject in rejects],
        )

    def _note_periods(self) -> None:
        """Keep the periods that what is shown speaks of, if it does: nobody need look for them among all cells."""
        shown = self._duckdb.execute("select column_name from (describe door.examined)").fetchall()
        if ("period_code",) in shown:
            self._execute(
                f"insert into raw.{EDITION_PERIODS} "
                "select distinct edition_id, coalesce(period_code, '') from door.examined order by all"
            )

    def _note(self, edition: Edition, files: ProducerFiles) -> None:
        """Keep what was set aside and what was flagged: people see both beside the figures."""
        for reason, cells in sorted(files.set_aside.items()):
            self._execute(
                "insert into raw.edition_note (edition_id, note_kind, rule, cells) values (?, 'set_aside', ?, ?)",
                [edition.edition_id, reason, cells],
            )
        for flag in files.flags:
            self._execute(
                "insert into raw.edition_note values (?, 'flag', ?, ?, ?, ?, ?, ?, ?, ?, 1)",
                [
                    edition.edition_id, flag.file, flag.sheet, flag.row, flag.column_letter, flag.column, flag.found,
                    flag.expected, flag.rule,
                ],
            )  # fmt: skip

    def _show(self, rows: str) -> None:
        """What the expectations shall look at."""
        self._execute(f"create or replace view door.examined as from {rows}")

    def _expectations(self, edition: Edition, table: str) -> list[dict[str, Any]]:
        self._expect_cells(edition)
        results = [asdict(result) for result in self._suites.examine(edition, table)]
        if edition.sidecar.access == "restricted":
            results = [result | {"messages": [_HIDDEN for _ in result["messages"]]} for result in results]
        return results

    def _expect_cells(self, edition: Edition) -> None:
        self._execute("delete from door.expected_cell")
        for coverage in edition.sidecar.coverage:
            self._execute(
                """
                insert into door.expected_cell
                select indicator_code, territory_level, territory_code, territory_name, period_code
                from door.territory
                cross join (select unnest(?::varchar[]) as indicator_code) as indicator
                cross join (select unnest(?::varchar[]) as period_code) as period
                where territory_level = ? and (region_code = ? or territory_level = 'country')
                """,
                [list(coverage.indicators), list(coverage.periods), coverage.level, coverage.region_code],
            )

    def _insert(self, table: str, names: list[str], rows: list[Row]) -> None:
        import pandas

        frame = pandas.DataFrame([[row.get(name) for name in names] for row in rows], columns=names, dtype="object")
        self._duckdb.register("incoming", frame)
        self._execute(f"insert into {table} select * from incoming")
        self._duckdb.unregister("incoming")

    def _execute(self, statement: str, parameters: list[Any] | None = None) -> None:
        self._connection.cursor().execute(statement, parameters or [])


def _hidden(defects: Sequence[Reject]) -> list[Reject]:
    """The same defects without what the cells hold: logs and history are open to more people than the file."""
    return [replace(defect, found=_HIDDEN, expected=_HIDDEN) for defect in defects]


def _rows_of(edition: Edition, table: str) -> str:
    return f"raw.{table} where edition_id = {quoted(edition.edition_id)}"


def _read(edition: Edition) -> ReadResult:
    """Every file of the edition, with the address of each row and the producer's stated rounding."""
    whole = ReadResult()
    rounded = {code: rounding.to for rounding in edition.sidecar.rounding for code in rounding.indicators}
    for file in edition.sidecar.files:
        content = (edition.folder / file.name).read_bytes()
        result = read_csv_table(LAYOUTS[edition.sidecar.layout], file.name, content)
        whole.rows_read += result.rows_read
        whole.rows_set_aside += result.rows_set_aside
        whole.rejects += [_located(reject, edition) for reject in result.rejects]
        provenance: Row = {"edition_id": edition.edition_id, "file_name": file.name, "file_sha256": file.sha256}
        for row in result.rows:
            if step := rounded.get(str(row.get("indicator_code"))):
                row["printed_step"] = step
            whole.rows.append(row | provenance)
    return whole


def _broken(edition: Edition, result: dict[str, Any], message: str) -> Reject:
    """An expectation's defect, in the shape of a refused cell."""
    rule = result["description"]
    return Reject(edition.edition_id, None, None, None, message, rule, rule, "Reprenez le fichier du producteur.")


def _located(reject: Reject, edition: Edition) -> Reject:
    return replace(reject, file=f"{edition.edition_id}/{reject.file}")
