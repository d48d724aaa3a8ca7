"""A published table set against the rows it must hold: cell by cell, nothing missing on either side."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

import duckdb

from dagster_project.release.stage import primary_key, published_models
from tests.independent.archive import Row

_SHOWN = 5


@dataclass
class Comparison:
    """Cells compared, the numbers among them, and what differs."""

    cells: int = 0
    numbers: int = 0
    equal_numbers: int = 0
    differences: list[str] = field(default_factory=list)

    def __add__(self, other: "Comparison") -> "Comparison":
        return Comparison(
            self.cells + other.cells,
            self.numbers + other.numbers,
            self.equal_numbers + other.equal_numbers,
            self.differences + other.differences,
        )


# A release's own facts, and what changed since another: they are not in raw/.
UNPROVED_TABLES = frozenset({"release", "release_change"})
# Sentences that explain a gap: found by search, and tested as such.
_UNPROVED_COLUMNS = {"reconciliation": ("diagnosis_kind", "diagnosis_fr")}


def compare_all(
    connection: duckdb.DuckDBPyConnection, keys: dict[str, list[str]], expected: dict[str, list[Row]]
) -> Comparison:
    """Every table named in `keys` against its expected rows; a table that nothing recomputes is a difference."""
    total = Comparison()
    for table, key in sorted(keys.items()):
        if table in expected:
            columns = _UNPROVED_COLUMNS.get(table, ())
            total += compare(connection, table, key, expected[table], columns)
        elif table not in UNPROVED_TABLES:
            total.differences.append(f"{table}: not recomputed")
    total.differences += [f"{table}: not published" for table in sorted(expected.keys() - keys.keys())]
    return total


def published_keys(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The key of each table of the marts, as its contract declares it; none for a table without a contract."""
    keys = {model["name"]: primary_key(model) for model in published_models()}
    tables = connection.execute(
        "select table_name from information_schema.tables where table_schema = 'marts'"
    ).fetchall()
    return {name: keys.get(name, []) for (name,) in tables}


def compare(
    connection: duckdb.DuckDBPyConnection, table: str, key: list[str], expected: list[Row], unproved: Iterable[str] = ()
) -> Comparison:
    """Every column of a table against the expected rows; `unproved` columns are the only ones passed over.

    A column nobody expects is a difference: a new one must be recomputed too, or said unproved.
    """
    cursor = connection.execute(f"select * from marts.{table}")
    columns = [column[0] for column in cursor.description or []]
    published = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
    found, wanted = _by_key(published, key), _by_key(expected, key)
    result = Comparison()
    if len(found) < len(published):
        result.differences.append(f"{table}: a key twice in the table")
    if len(wanted) < len(expected):
        result.differences.append(f"{table}: a key expected twice")
    proved = [column for column in columns if column not in set(unproved)]
    for place in sorted(found.keys() | wanted.keys(), key=str):
        here, there = found.get(place), wanted.get(place)
        if here is None or there is None:
            result.differences.append(f"{table} {place}: {'missing' if here is None else 'not expected'}")
        for column in proved:
            given = None if here is None else here[column]
            due = None if there is None else there.get(column, _NOT_RECOMPUTED)
            is_number = _is_number(given) or _is_number(due)
            result.cells += 1
            result.numbers += is_number
            if here is not None and there is not None and given == due and (given is None) == (due is None):
                result.equal_numbers += is_number
            elif here is not None and there is not None:
                result.differences.append(f"{table} {place} {column}: published {given!r}, recomputed {due!r}")
    return result


def summary(differences: list[str]) -> str:
    """The first differences, and how many there are."""
    return "\n".join([*differences[:_SHOWN], f"{len(differences)} differences"])


_NOT_RECOMPUTED = "not recomputed"


def _by_key(rows: list[Row], key: list[str]) -> dict[tuple[Any, ...], Row]:
    return {tuple(row.get(name) for name in key): row for row in rows}


def _is_number(value: object) -> bool:
    return isinstance(value, int | Decimal) and not isinstance(value, bool | date)
