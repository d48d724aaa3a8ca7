"""The door: every edition is read, then examined, before anything else sees its rows.

It runs in a process of its own, which owns the stage file until the last edition is in: the libraries it needs
(Great Expectations above all) are slow to import and load beside those of the run, and what a hostile file could
do stays in there. The two processes exchange one JSON document a line.
"""

import contextlib
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

from dagster_project.catalogue import Edition
from dagster_project.errors import BilanError
from dagster_project.readers import LAYOUTS
from dagster_project.readers.table import Column, ReadResult, Reject, Row, integer, read_csv_table, text
from dagster_project.settings import TERRITORIES

_PROVENANCE = (
    Column("edition_id", "varchar", text),
    Column("file_name", "varchar", text),
    Column("file_sha256", "varchar", text),
    Column("row_number", "integer", integer),
)


@dataclass(frozen=True)
class DoorReport:
    """What the door says of an edition; messages are French, one line a defect."""

    edition_id: str
    accepted: bool
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    expectations: list[dict[str, Any]]
    messages: list[str]
    rejects: list[dict[str, Any]]


class Door:
    """The door seen from the run: a child process that examines editions ahead, in the order they are given."""

    def __init__(self, stage: Path, editions: Sequence[Edition]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.quality.door", str(stage)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reports: dict[str, DoorReport] = {}
        # From a thread: a pipe holds 64 kB, and the run has better to do than wait for the door to read.
        Thread(target=self._hand_over, args=(editions,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def report(self, edition: Edition) -> DoorReport:
        """What the door says of an edition; its rows are in the stage file only if it is accepted."""
        while edition.edition_id not in self._reports:
            report = DoorReport(**self._answer())
            self._reports[report.edition_id] = report
        return self._reports[edition.edition_id]

    def close(self) -> None:
        """Hand the stage file over, once every report is in: after this, the run may open it."""
        while self._answer():
            pass
        # All is committed: the door need not take a second to unload its libraries.
        self._process.kill()
        self._process.wait()

    def _hand_over(self, editions: Sequence[Edition]) -> None:
        assert self._process.stdin
        # A door that died says so where its answer is awaited.
        with contextlib.suppress(BrokenPipeError), self._process.stdin as requests:
            for edition in editions:
                requests.write(edition.model_dump_json() + "\n")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            raise BilanError(f"Le contrôle d'entrée s'est arrêté (code {self._process.wait()}).")
        document: dict[str, Any] = json.loads(answer)
        return document


def _serve(stage: str, requests: IO[str], answers: IO[str]) -> None:
    """Answer each edition with its report, and the end of the editions with an empty document."""
    from dagster_project.quality.expectations import Suites

    keeper = _Keeper(Suites(stage))
    for line in requests:
        report = keeper.examine(Edition.model_validate_json(line))
        print(json.dumps(asdict(report)), file=answers, flush=True)
    keeper.close()
    print(json.dumps({}), file=answers, flush=True)


class _Keeper:
    """The stage file on the door's side: one raw table a layout, and what was refused."""

    def __init__(self, suites: Any) -> None:
        self._suites = suites
        self._connection = suites.engine.raw_connection()
        self._execute("create schema raw; create schema door;")
        for layout in LAYOUTS.values():
            self._execute(f"create table raw.{layout.name} ({_declared(_columns(layout.name))})")
        self._execute(
            "create table raw.reject (edition_id varchar, file varchar, sheet varchar, row_number integer, "
            "column_letter varchar, column_name varchar, found varchar, expected varchar, rule varchar, advice varchar)"
        )
        self._execute(
            "create table raw.expectation_result "
            "(edition_id varchar, name varchar, description varchar, success boolean, messages varchar[])"
        )
        self._execute(f"create table door.territory as select * from read_csv('{TERRITORIES}', all_varchar = true)")
        self._execute(
            "create table door.expected_cell (indicator_code varchar, territory_level varchar, territory_code varchar, "
            "territory_name varchar, period_code varchar)"
        )

    def examine(self, edition: Edition) -> DoorReport:
        read = _read(edition)
        kept = len(read.rows)
        if read.rows_read != kept + read.rows_set_aside:
            raise BilanError(f"{edition.edition_id} : {read.rows_read} lignes lues, {kept} gardées")
        for reject in read.rejects:
            self._execute(
                "insert into raw.reject values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [
                    edition.edition_id, reject.file, reject.sheet, reject.row, reject.column_letter, reject.column,
                    reject.found, reject.expected, reject.rule, reject.advice,
                ],
            )  # fmt: skip
        messages = [reject.message for reject in read.rejects]
        rejects = [asdict(reject) for reject in read.rejects]
        results = []
        if not messages:
            results = self._expectations(edition, read.rows)
            broken = [_broken(edition, result, message) for result in results for message in result["messages"]]
            messages = [f"{reject.file} : {reject.rule} : {reject.found}" for reject in broken]
            rejects = [asdict(reject) for reject in broken]
        if messages:
            self._execute(f"delete from raw.{edition.sidecar.layout} where edition_id = ?", [edition.edition_id])
        return DoorReport(
            edition.edition_id, not messages, read.rows_read, kept, read.rows_set_aside, results, messages, rejects
        )

    def close(self) -> None:
        self._execute("drop schema door cascade")
        self._connection.close()
        self._suites.engine.dispose()

    def _expectations(self, edition: Edition, rows: list[Row]) -> list[dict[str, Any]]:
        table = f"raw.{edition.sidecar.layout}"
        self._insert(table, [column.name for column in _columns(edition.sidecar.layout)], rows)
        self._execute(
            f"create or replace view door.examined as select * from {table} where edition_id = '{edition.edition_id}'"
        )
        self._expect_cells(edition)
        results = [asdict(result) for result in self._suites.examine(edition)]
        for result in results:
            self._execute(
                "insert into raw.expectation_result values (?, ?, ?, ?, ?)",
                [
                    edition.edition_id,
                    result["name"],
                    result["description"],
                    result["success"],
                    list(result["messages"]),
                ],
            )
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
        self._connection.driver_connection.register("incoming", frame)
        self._execute(f"insert into {table} select * from incoming")
        self._connection.driver_connection.unregister("incoming")

    def _execute(self, statement: str, parameters: list[Any] | None = None) -> None:
        self._connection.cursor().execute(statement, parameters or [])


def _columns(layout: str) -> tuple[Column, ...]:
    declared = LAYOUTS[layout]
    return (*_PROVENANCE, *declared.columns, *declared.derived)


def _declared(columns: tuple[Column, ...]) -> str:
    return ", ".join(f'"{column.name}" {column.sql_type}' for column in columns)


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


if __name__ == "__main__":
    gc.set_threshold(200_000)  # As the command line does: most of what is allocated here is modules, and stays.
    protocol, sys.stdout = sys.stdout, sys.stderr
    _serve(sys.argv[1], sys.stdin, protocol)
