"""What the stage file holds before dbt: the cells of restricted editions, and the open figures of the same things."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, NamedTuple

import duckdb

from dagster_project.database import open_database

# Free, masked for itself, masked to protect another; still to be decided; never published: what is left of a total.
Status = Literal["F", "C", "D", "undecided", "rest"]


class Key(NamedTuple):
    """What is counted, where and when."""

    indicator: str
    level: str
    code: str
    group: str
    period: str


@dataclass(frozen=True)
class Cell:
    """A cell of a restricted edition; no value where a marker stands.

    `content` tells an edition from one that was filed before it under the same name.
    """

    edition: str
    content: str
    dataset: str
    key: Key
    value: Decimal | None


class Told(NamedTuple):
    """A restricted cell as the releases kept have it: its value, and what became of it (F, C or D)."""

    cell: Cell
    status: Status


# The restricted cells of the releases kept, the oldest first. What a release once told cannot be taken back.
Memory = Sequence[Told]


@dataclass(frozen=True)
class OpenFigure:
    """A figure everybody knows: as an observation where it has a key, and under the reference relations use."""

    reference: str
    key: Key | None
    value: Decimal
    step: Decimal


@dataclass(frozen=True)
class Relation:
    """A relation written in ``raw/``: its operator, and terms with a coefficient (negative on the right)."""

    operator: str
    terms: tuple[tuple[Decimal, str], ...]


_KEY = "indicator_code, territory_level, territory_code, population_group, period_code"
_CELLS = f"""
    with cell as (
        select edition_id, {_KEY}, value, printed_step from raw.cell
        union all
        select edition_id, {_KEY.replace("population_group", "coalesce(population_group, 'all')")}, value, printed_step
        from raw.producer_extract
    )
    select {{columns}}
    from cell
    inner join raw.edition as edition on cell.edition_id = edition.edition_id
"""
_RESTRICTED = f"""
    {_CELLS.format(columns=f"cell.edition_id, edition.content_sha256, edition.dataset, {_KEY}, cell.value")}
    where edition.access = 'restricted'
    order by edition.known_from, edition.retrieved_at, edition.content_sha256, cell.edition_id, {_KEY}
"""
_REFERENCE = (
    "concat(edition.dataset, ':', cell.indicator_code, ':', cell.period_code, ':', cell.territory_level, '-', "
    "cell.territory_code)"
)
_OPEN = f"""
    select * from (
        {_CELLS.format(columns=f"{_REFERENCE}, {_KEY}, cell.value, coalesce(cell.printed_step, 0)")}
        where edition.access = 'open' and cell.value is not null
            and cell.indicator_code in (select unnest(?::varchar[]))
        union all
        select concat(edition.report, ':', figure_id), indicator_code, territory_level, territory_code,
            coalesce(population_group, 'all'), period_code, value, coalesce(printed_step, 0)
        from raw.report_figures as figure
        inner join raw.edition as edition on figure.edition_id = edition.edition_id
        where edition.access = 'open' and value is not null
    )
    order by all
"""
_RELATIONS = """
    select relation.relation_id, relation.operator, term.side, term.coefficient_numerator,
        term.coefficient_denominator, term.reference, term.group_prefix, term.group_region_code
    from raw.relation as relation
    inner join raw.relation_term as term on relation.relation_id = term.relation_id
    order by relation.relation_id, term.side, term.position, term.reference
"""


def restricted_datasets(connection: duckdb.DuckDBPyConnection) -> frozenset[str]:
    """The datasets with an edition of restricted access."""
    rows = connection.execute("select distinct dataset from raw.edition where access = 'restricted'").fetchall()
    return frozenset(str(dataset) for (dataset,) in rows)


def absent(memory: Memory, stage: duckdb.DuckDBPyConnection) -> list[Told]:
    """What is remembered of editions that the stage does not have."""
    present = set(stage.execute("select edition_id, content_sha256 from raw.edition").fetchall())
    return [told for told in memory if (told.cell.edition, told.cell.content) not in present]


def restricted_cells(stage: Path | duckdb.DuckDBPyConnection) -> list[Cell]:
    """Every cell of restricted editions, in publication order."""
    if isinstance(stage, Path):
        with open_database(stage, read_only=True) as connection:
            return restricted_cells(connection)
    return [
        Cell(edition, content, dataset, Key(*key), value)
        for edition, content, dataset, *key, value in stage.execute(_RESTRICTED).fetchall()
    ]


def open_figures(connection: duckdb.DuckDBPyConnection, indicators: Sequence[str]) -> list[OpenFigure]:
    """The open figures of these indicators, and every figure a report prints."""
    return [_open(row) for row in connection.execute(_OPEN, [list(indicators)]).fetchall()]


def _open(row: tuple[Any, ...]) -> OpenFigure:
    reference, indicator, level, code, group, period, value, step = row
    key = Key(indicator, level, code, group, period) if indicator and period and code else None
    return OpenFigure(reference, key, value, step)


def relations(connection: duckdb.DuckDBPyConnection, departements: dict[str, Sequence[str]]) -> list[Relation]:
    """The relations written in ``raw/`` that are linear, groups spelled out into the départements of their region."""
    found: dict[str, tuple[str, list[tuple[Decimal, str]]]] = {}
    for relation, operator, side, numerator, denominator, reference, prefix, region in connection.execute(
        _RELATIONS
    ).fetchall():
        if operator not in ("sum", "same", "part", "at_most"):
            continue
        coefficient = Decimal(numerator) / Decimal(denominator) * (-1 if side == "right" else 1)
        named = [f"{prefix}:departement-{code}" for code in departements[region]] if region else [reference]
        found.setdefault(relation, (operator, []))[1].extend((coefficient, name) for name in named)
    return [Relation(operator, tuple(terms)) for operator, terms in found.values()]
