"""What everybody sees of the observations: the public tables of a database, and the states they were in."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

import duckdb


class Place(NamedTuple):
    """What is counted, where and when, as the public tables spell it."""

    indicator: str
    level: str
    code: str
    group: str
    period: str


class Version(NamedTuple):
    """What an edition says at a place: the same number wherever it is printed again."""

    place: Place
    dataset: str
    edition: str


@dataclass(frozen=True)
class Row:
    """A row of a public history."""

    version: Version
    value: Decimal | None
    status: str
    known_from: date
    known_to: date | None


# Each history: what spells the indicator, its population group and period, and the value.
_HISTORIES = {
    "calpae_indicator": ("indicator_code", "'all'", "make_date(year, 1, 1)", "value"),
    "observation": ("indicator_code", "population_group", "period_code", "value"),
    "beneficiaries": ("benefit", "'all'", "month", "beneficiaries"),
    "population": ("population_kind", "'all'", "reference_date", "population"),
}
_BY_MEMBER = ("beneficiaries", "population")
_SHARES = {"published_pct": Decimal("0.1"), "computed_pct": Decimal("0.01")}


def public_rows(connection: duckdb.DuckDBPyConnection, members: dict[tuple[str, str], str]) -> list[Row]:
    """Every version of every count the marts hold; `members` names the indicator of a table's own code."""
    rows: list[Row] = []
    for table, (indicator, group, period, value) in _HISTORIES.items():
        if not _has_status(connection, table):
            continue
        for code, *place, dataset, edition, said, status, known_from, known_to in connection.execute(
            f"select {indicator}, territory_level, territory_code, {group}, ({period})::varchar, dataset, edition, "
            f"{value}, conf_status, known_from, known_to from marts.{table}_history order by all"
        ).fetchall():
            named = members.get((table, code), code) if table in _BY_MEMBER else code
            version = Version(Place(named, *place), dataset, edition)
            rows.append(Row(version, said, status, known_from, known_to))
    return rows


def public_shares(connection: duckdb.DuckDBPyConnection) -> list[tuple[Version, Decimal, Decimal]]:
    """The percentages printed beside a count: the count's version, the percentage, and its rounding."""
    if not _has_status(connection, "calpae_indicator"):
        return []
    shares = []
    for column, step in _SHARES.items():
        for code, level, territory, when, dataset, edition, percent in connection.execute(
            "select indicator_code, territory_level, territory_code, make_date(year, 1, 1)::varchar, dataset, edition, "
            f"{column} from marts.calpae_indicator_history where {column} is not null order by all"
        ).fetchall():
            version = Version(Place(code, level, territory, "all", when), dataset, edition)
            shares.append((version, percent, _printed_step(percent, step)))
    return shares


def states(rows: Iterable[Row]) -> list[list[Row]]:
    """What was current at each date something changed, oldest first."""
    rows = list(rows)
    days = sorted({row.known_from for row in rows})
    return [[row for row in rows if _is_current(row, day)] for day in days]


def newest(rows: Iterable[Row]) -> list[Row]:
    """What is current today."""
    return [row for row in rows if row.known_to is None]


def _is_current(row: Row, day: date) -> bool:
    return row.known_from <= day and (row.known_to is None or row.known_to > day)


def _printed_step(percent: Decimal, step: Decimal) -> Decimal:
    """A report that prints whole percentages rounds to one."""
    return Decimal(1) if step == Decimal("0.1") and percent == percent.to_integral_value() else step


def _has_status(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    """Whether a database knows of masked cells: those of before masked all, and lack the column."""
    found: list[Any] = connection.execute(
        "select 1 from duckdb_columns() where schema_name = 'marts' and table_name = ? and column_name = 'conf_status'",
        [f"{table}_history"],
    ).fetchall()
    return bool(found)
