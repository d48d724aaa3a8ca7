"""What a social aid workbook prints several times, and must print alike: totals of rows, of columns, and repeats."""

import csv
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache

from dagster_project.readers.cells import Reading
from dagster_project.readers.drees.figures import Figure
from dagster_project.readers.spreadsheet import Sheet
from dagster_project.settings import TERRITORIES

_LOOK = "Comparez la cellule avec le fichier publié par la DREES."
_REPEATED = "Chiffre repris d'un autre tableau du classeur : comparé"
_REPEATED_TOTAL = "Total repris sous les régions : comparé"
_OVERSEAS = {"971", "972", "973", "974", "976"}
Territory = tuple[str, str]
Place = tuple[int, int, Territory]


@dataclass
class Table:
    """A sheet that was read: indicator of each column, row of each territory, figure of each cell."""

    page: Sheet
    year: int
    columns: dict[int, str] = field(default_factory=dict)
    rows: dict[Territory, int] = field(default_factory=dict)
    figures: dict[tuple[int, int], Figure] = field(default_factory=dict)
    repeated_totals: list[tuple[int, Territory]] = field(default_factory=list)

    def value(self, row: int, column: int) -> Decimal | None:
        """A number; None for a marker. DREES leaves a few cells blank that its totals count for nothing."""
        figure = self.figures.get((row, column))
        return figure.value if figure else Decimal(0)


def set_aside_repeats(reading: Reading, tables: list[Table]) -> list[tuple[Table, Place, Figure]]:
    """The cells to keep: of a figure printed in several tables the first; the others are compared and set aside."""
    kept: list[tuple[Table, Place, Figure]] = []
    first: dict[tuple[str, Territory], tuple[Table, int, int]] = {}
    for table in tables:
        for territory, row in table.rows.items():
            for column, code in table.columns.items():
                figure = table.figures.get((row, column))
                if figure is None:
                    continue
                if (code, territory) not in first:
                    first[code, territory] = (table, row, column)
                    kept.append((table, (row, column, territory), figure))
                    continue
                reading.leave(_REPEATED)
                other, at, where = first[code, territory]
                printed = other.figures[at, where].value
                if figure.value != printed:
                    expected = f"{printed}, comme dans la feuille {other.page.name}, ligne {at}"
                    _flag(reading, table, row, column, expected=expected, rule="chiffre repris")
        for row, territory in table.repeated_totals:
            for column in table.columns:
                if (row, column) in table.figures:
                    reading.leave(_REPEATED_TOTAL)
                    printed = table.value(table.rows[territory], column)
                    if table.value(row, column) != printed:
                        _flag(reading, table, row, column, expected=f"{printed}, comme plus haut", rule="total repris")
    return kept


def check(reading: Reading, tables: list[Table]) -> None:
    """Flag rows and columns whose printed total is not the sum, at the cell where both break."""
    for table in tables:
        rows = {row: miss for row in table.rows.values() if (miss := _row_gap(table, row))}
        columns = {(total, column): gap for column in table.columns for total, gap in _column_gaps(table, column)}
        for row, gap in rows.items():
            broken = [column for total, column in columns if total == row or _is_under(table, row, total)]
            column = broken[0] if broken else max(table.columns)
            _flag(
                reading, table, row, column, expected=f"un total égal à la somme de la ligne (écart {gap})",
                rule="total de la ligne",
            )  # fmt: skip
        _flag_columns(reading, table, {
            (total, column): gap
            for (total, column), gap in columns.items()
            if not any(row == total or _is_under(table, row, total) for row in rows)
        })  # fmt: skip


def _flag_columns(reading: Reading, table: Table, gaps: dict[tuple[int, int], Decimal]) -> None:
    """Point at two cells of a row that were swapped, for they explain both gaps; else at the smallest broken total."""
    members = {table.rows[total]: rows for total, rows in _members(table).items() if total in table.rows}
    for column in sorted({column for _, column in gaps}):
        total = min((row for row, at in gaps if at == column), key=lambda row: len(members[row]))
        gap = gaps[total, column]
        swapped = [
            table.rows[member]
            for member in members[total]
            for other in table.columns
            if gaps.get((total, other)) == -gap
            and (table.value(table.rows[member], other) or 0) - (table.value(table.rows[member], column) or 0) == gap
        ]
        row = swapped[0] if len(swapped) == 1 else total
        expected = f"une somme des territoires égale au total imprimé (écart {gap})"
        _flag(reading, table, row, column, expected=expected, rule="total de la colonne")


def _is_under(table: Table, row: int, total: int) -> bool:
    """Whether a row counts in a total: that of its region, or of the country."""
    territory = next(key for key, at in table.rows.items() if at == row)
    return territory in _members(table).get(next(key for key, at in table.rows.items() if at == total), ())


def _row_gap(table: Table, row: int) -> Decimal | None:
    """Printed total less the sum of the row; a total before the last closes the columns since the one before."""
    *parts, last = table.columns.items()
    running, closed = Decimal(0), Decimal(0)
    for column, code in parts:
        value = table.value(row, column)
        if value is None:
            return None
        if code in ("actp_recipients", "pch_recipients") and table.columns[last[0]] == "actp_pch_recipients":
            if value != running:
                return value - running
            closed, running = closed + value, Decimal(0)
        else:
            running += value
    printed = table.value(row, last[0])
    return printed - running - closed if printed is not None and printed != running + closed else None


def _members(table: Table) -> dict[Territory, list[Territory]]:
    """The collectivités that make up each printed total; of the Rhône, whole and in two, the two when both are."""
    region_of = _regions()
    present = {code for _, code in table.rows}
    left_out = {"69"} if {"69D", "69M"} <= present else {"69D", "69M"}
    members: dict[Territory, list[Territory]] = {}
    for level, code in table.rows:
        if level not in ("departement", "other") or code == "DROM" or code in left_out:
            continue
        is_overseas = code in _OVERSEAS
        for total in (
            ("region", region_of.get(code.rstrip("DM") if code.startswith("69") else code, "94")),
            ("other", "DROM") if is_overseas else ("country", "FR-METRO"),
            ("country", "FR"),
        ):
            members.setdefault(total, []).append((level, code))
    if {"69", "69D", "69M"} <= present:
        members["departement", "69"] = [("other", "69D"), ("other", "69M")]
    return members


@cache
def _regions() -> dict[str, str]:
    with TERRITORIES.open(encoding="utf-8") as file:
        return {
            row["territory_code"]: row["region_code"]
            for row in csv.DictReader(file)
            if row["territory_level"] == "departement"
        }


def _column_gaps(table: Table, column: int) -> list[tuple[int, Decimal]]:
    gaps = []
    for total, members in _members(table).items():
        row = table.rows.get(total)
        printed = table.value(row, column) if row else None
        values = [table.value(table.rows[member], column) for member in members]
        if row is None or printed is None or any(value is None for value in values):
            continue
        summed = sum((value for value in values if value is not None), Decimal(0))
        if summed != printed:
            gaps.append((row, printed - summed))
    return gaps


def _flag(reading: Reading, table: Table, row: int, column: int, *, expected: str, rule: str) -> None:
    reading.flag(
        found=table.page.cell(row, column), expected=expected, rule=rule, advice=_LOOK, row=row,
        column=table.page.column(column), name=table.columns.get(column), sheet=table.page.name,
    )  # fmt: skip
