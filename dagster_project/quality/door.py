"""The door: every edition is read, then examined, before anything else sees its rows.

It runs in a process of its own, which owns the stage file until the last edition is in: the libraries it needs
(Great Expectations above all) are slow to import and load beside those of the run, and what a hostile file could
do stays in there. The two processes exchange one JSON document a line.
"""

import json
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
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


class Door:
    """The door seen from the run: a child process that examines the editions it is handed."""

    def __init__(self, stage: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.quality.door", str(stage)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def examine(self, edition: Edition) -> DoorReport:
        """Read and examine one edition; its rows are in the stage file only if it is accepted."""
        return DoorReport(**self._ask({"examine": edition.model_dump(mode="json")}))

    def close(self) -> None:
        """Hand the stage file over: after this, the run may open it."""
        self._ask({"close": True})
        self._process.kill()
        self._process.wait()

    def _ask(self, request: dict[str, Any]) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(json.dumps(request) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        if not answer:
            raise BilanError(f"Le contrôle d'entrée s'est arrêté (code {self._process.wait()}).")
        document: dict[str, Any] = json.loads(answer)
        return document


def _serve(stage: str, requests: IO[str], answers: IO[str]) -> None:
    from dagster_project.quality.expectations import Suites

    keeper = _Keeper(Suites(stage))
    for line in requests:
        request = json.loads(line)
        if "close" in request:
            keeper.close()
            print(json.dumps({}), file=answers, flush=True)
            return
        report = keeper.examine(Edition.model_validate(request["examine"]))
        print(json.dumps(asdict(report)), file=answers, flush=True)


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
        self._execute(
            f"create table door.territory as select * from read_csv('{TERRITORIES}', all_varchar = true)"
        )
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
            )
        messages = [reject.message for reject in read.rejects]
        results = []
        if not messages:
            results = self._expectations(edition, read.rows)
            messages = [
                f"{edition.edition_id} : {result['description']} : {message}"
                for result in results
                for message in result["messages"]
            ]
        if messages:
            self._execute(f"delete from raw.{edition.sidecar.layout} where edition_id = ?", [edition.edition_id])
        return DoorReport(
            edition.edition_id, not messages, read.rows_read, kept, read.rows_set_aside, results, messages
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
                [edition.edition_id, result["name"], result["description"], result["success"], list(result["messages"])],
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


def _located(reject: Reject, edition: Edition) -> Reject:
    return replace(reject, file=f"{edition.edition_id}/{reject.file}")


if __name__ == "__main__":
    protocol, sys.stdout = sys.stdout, sys.stderr
    _serve(sys.argv[1], sys.stdin, protocol)
