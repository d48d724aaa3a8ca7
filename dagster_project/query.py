"""SQL on the served release, from a connection that can only read it, for as long as it is allowed to."""

import csv
import io
import json
import os
import resource
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from itertools import chain
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

from dagster_project.connect import CLOSING_SQL, LOCKED_DOWN
from dagster_project.errors import BilanError, WrongUseError
from dagster_project.formulas import neutral
from dagster_project.settings import Settings

TIMEOUT_S = 60
_MAX_WIDTH = 60
# One statement for many rows: thirty times faster than one each.
_ROWS_AT_ONCE = 500
# What a process that runs one query may hold: DuckDB's own limit does not count the texts a function makes.
_PROCESS_BYTES = 2 << 30
_GRACE_S = 5
_QUOTE = '"'
_TOO_LONG = "Requête arrêtée au bout de {} s : ajoutez des conditions, ou donnez plus de temps avec --timeout."
_TOO_BIG = "Requête arrêtée : elle demande trop de mémoire. Ajoutez des conditions, ou lisez les fichiers Parquet."


@dataclass(frozen=True)
class _Result:
    """The rows of a query, with the names and DuckDB types of its columns."""

    names: list[str]
    types: list[str]
    rows: list[tuple[Any, ...]]


def served_database(settings: Settings) -> Path:
    """The file readers are served.

    Raises:
        BilanError: no release has been published.
    """
    if not settings.served.exists():
        raise BilanError("Aucune version publiée : lancez « bilan refresh ».")
    return settings.served.resolve()


def open_release(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the served release.

    Raises:
        BilanError: no release has been published.
    """
    connection = duckdb.connect(str(served_database(settings)), read_only=True, config=dict(LOCKED_DOWN))
    connection.execute(CLOSING_SQL)
    return connection


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query, by column name."""
    found = connection.execute(sql, list(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def run_query(settings: Settings, sql: str, form: str, seconds: float = TIMEOUT_S) -> str:
    """Run a query and write its rows as a table, CSV or JSON.

    Raises:
        WrongUseError: the query cannot be run (the message is DuckDB's), is not one statement, or names two columns
            alike in a form that keeps one.
        BilanError: it took longer than `seconds`, or too much memory.
    """
    found = _ask(settings, sql, seconds)
    if form != "table":
        _refuse_namesakes(found.names)
    return {"table": _table, "csv": _csv, "json": _json}[form](found.names, found.rows)


def query_to_parquet(settings: Settings, sql: str, seconds: float = TIMEOUT_S) -> bytes:
    """Run a query and write its rows as a Parquet file, with their types. Raises as `run_query` does."""
    found = _ask(settings, sql, seconds)
    _refuse_namesakes(found.names)
    columns = ", ".join(
        f'"{name.replace(_QUOTE, _QUOTE * 2)}" {kind}' for name, kind in zip(found.names, found.types, strict=True)
    )
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        path = Path(folder) / "result.parquet"
        connection.execute(f"create table result ({columns})")
        row = f"({', '.join('?' * len(found.names))})"
        for start in range(0, len(found.rows), _ROWS_AT_ONCE):
            rows = found.rows[start : start + _ROWS_AT_ONCE]
            connection.execute(f"insert into result values {', '.join([row] * len(rows))}", list(chain(*rows)))
        connection.execute(f"copy result to '{path}' (format parquet)")
        return path.read_bytes()


def _refuse_namesakes(names: list[str]) -> None:
    """A file has a column by its name, in whatever case: readers would lose one of two."""
    known: set[str] = set()
    for name in names:
        if name.casefold() in known:
            raise WrongUseError(f"Deux colonnes s'appellent « {name} » : donnez à chacune son nom, avec « as ».")
        known.add(name.casefold())


def _ask(settings: Settings, sql: str, seconds: float) -> _Result:
    """Have the query answered aside: a thread that waits hears a person's interruption, one in DuckDB does not."""
    with open_release(settings) as connection, ThreadPoolExecutor(1) as aside:
        answer = aside.submit(_answer, connection, sql)
        try:
            return answer.result(seconds)
        except TimeoutError as error:
            raise BilanError(_TOO_LONG.format(f"{seconds:g}")) from error
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise BilanError(_TOO_BIG) from error
        except duckdb.Error as error:
            raise WrongUseError(f"Requête refusée : {error}") from error
        finally:
            connection.interrupt()  # what nobody waits for any more


def _answer(connection: duckdb.DuckDBPyConnection, sql: str) -> _Result:
    if (statements := _statements(connection, sql)) != 1:
        raise WrongUseError(f"Requête refusée : une instruction SQL, et une seule ; trouvé : {statements}.")
    found = connection.execute(sql)
    columns = found.description or []
    names, types = [column[0] for column in columns], [str(column[1]) for column in columns]
    return _Result(names, types, found.fetchall())


def _statements(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    """How many a person wrote: of a pivot, DuckDB makes a type for its columns first, which has no text."""
    found = connection.extract_statements(sql)
    return sum(one.type != duckdb.StatementType.CREATE or bool(one.query) for one in found)


def bound_this_process(seconds: float) -> None:
    """Hold this process, which lives for one query, to a memory (on Linux), and to a time DuckDB cannot outlast.

    A function that makes one huge text heeds neither DuckDB's memory limit nor its interruption.
    """
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (_PROCESS_BYTES, hard))
    end = Timer(seconds + _GRACE_S, _end_process, [seconds])
    end.daemon = True
    end.start()


def _end_process(seconds: float) -> None:
    os.write(sys.stderr.fileno(), f"{_TOO_LONG.format(f'{seconds:g}')}\n".encode())
    os._exit(BilanError.exit_code)


def _csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows([neutral(value) for value in row] for row in rows)
    return out.getvalue()


def _json(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    documents = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(documents, ensure_ascii=False, indent=2, default=_plain) + "\n"


def _plain(value: object) -> float | str:
    """A decimal is a number as long as a reader gets the same one back; what JSON has no word for is a text."""
    if isinstance(value, Decimal) and Decimal(repr(number := float(value))) == value:
        return number
    return str(value)


def _table(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    texts = [["" if value is None else str(value)[:_MAX_WIDTH] for value in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(names, *texts, strict=True)]
    numeric = [all(isinstance(row[i], int | float) or _is_decimal(row[i]) for row in rows) for i in range(len(names))]
    lines = ["  ".join(name.ljust(width) for name, width in zip(names, widths, strict=True)).rstrip()]
    lines.append("  ".join("-" * width for width in widths))
    for row in texts:
        cells = zip(row, widths, numeric, strict=True)
        shown = (cell.rjust(width) if right else cell.ljust(width) for cell, width, right in cells)
        lines.append("  ".join(shown).rstrip())
    return "\n".join([*lines, f"({len(rows)} lignes)", ""])


def _is_decimal(value: object) -> bool:
    return value is None or isinstance(value, Decimal)
