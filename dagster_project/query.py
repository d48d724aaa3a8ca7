"""SQL on the served release, from a connection that can only read it."""

import csv
import io
import json
from typing import Any

import duckdb

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.settings import Settings

_MAX_WIDTH = 60
_LOCKED_DOWN = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "lock_configuration": "true",
}


def open_release(settings: Settings) -> duckdb.DuckDBPyConnection:
    """A locked-down, read-only connection to the served release.

    Raises:
        BilanError: no release has been published.
    """
    if not settings.served.exists():
        raise BilanError("Aucune version publiée : lancez « bilan refresh ».")
    return duckdb.connect(str(settings.served.resolve()), read_only=True, config=dict(_LOCKED_DOWN))


def rows_of(connection: duckdb.DuckDBPyConnection, sql: str, *values: object) -> list[dict[str, Any]]:
    """The rows of a query, by column name."""
    found = connection.execute(sql, list(values))
    names = [column[0] for column in found.description or []]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def run_query(settings: Settings, sql: str, form: str) -> str:
    """Run a query and write its rows as a table, CSV or JSON.

    Raises:
        WrongUseError: the query cannot be run; the message is DuckDB's.
    """
    with open_release(settings) as connection:
        try:
            found = connection.execute(sql)
        except duckdb.Error as error:
            raise WrongUseError(f"Requête refusée : {error}") from error
        names = [column[0] for column in found.description or []]
        rows = found.fetchall()
    return {"table": _table, "csv": _csv, "json": _json}[form](names, rows)


def _csv(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return out.getvalue()


def _json(names: list[str], rows: list[tuple[Any, ...]]) -> str:
    documents = [dict(zip(names, row, strict=True)) for row in rows]
    return json.dumps(documents, ensure_ascii=False, indent=2, default=str) + "\n"


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
    return value is None or type(value).__name__ == "Decimal"
