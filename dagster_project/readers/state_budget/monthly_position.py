"""The monthly position of the State budget (SMB): euros since 1 January, on a date a column, a line a heading.

CSV of long series (UTF-16, a comma for decimals) or records of the Opendatasoft API (JSON). Totals are recomputed.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.nomenclature import plain
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.state_budget.amounts import ADVICE, Amount, amount, head_of, slug, text_of
from dagster_project.readers.table import column_letter

_LINE = "ligne d information"
_WORDS = ("niveau hierarchique", "niveau hierarchique de la ligne", "categorie", "sous categorie", _LINE)
_DATE = re.compile(r"(\d\d)[/_](\d\d)[/_](20\d\d)")
# Each total, and the lines it is made of, with their sign (SMB: charges and transfers are taken off revenue).
_EXPENSES = (
    "dotation des pouvoirs publics", "depenses de personnel", "depenses de fonctionnement",
    "charges de la dette de l etat", "depenses d investissement", "depenses d intervention",
    "depenses d operations financieres",
)  # fmt: skip
_TOTALS: dict[str, dict[str, int]] = {
    "total depenses nettes du budget general": dict.fromkeys(_EXPENSES, 1),
    "total prelevements sur recettes": {
        "psr au profit des collectivites territoriales": 1, "psr au profit de l union europeenne": 1,
    },
    "total recettes fiscales": {
        "impot sur le revenu": 1, "impot sur les societes": 1, "taxe sur la valeur ajoutee": 1,
        "taxe interieure de consommation sur les produits energetiques": 1, "autres recettes fiscales": 1,
    },
    "total recettes nettes du budget general": {"total recettes fiscales": 1, "total recettes non fiscales": 1},
    "solde budgetaire": {
        "total recettes nettes du budget general": 1, "total depenses nettes du budget general": -1,
        "total prelevements sur recettes": -1, "solde des comptes speciaux": 1, "solde des budgets annexes": 1,
        "fonds de concours et attribution de produits": 1,
    },
}  # fmt: skip
_OTHERS = (
    "ccf avances aux collectivites territoriales", "remboursements et degrevements d impots d etat",
    "remboursements et degrevements d impots locaux",
)  # fmt: skip
_LINES = {*_TOTALS, *_OTHERS, *(part for parts in _TOTALS.values() for part in parts)}
# Cents, and what floating point has left of them.
_SLACK = Decimal("0.02")


@dataclass
class _Table:
    """The cells of either form: header names in order, then a row number and the cells of each line."""

    header: list[str]
    rows: list[tuple[int, list[str]]] = field(default_factory=list)

    def line_column(self) -> int | None:
        return next((index for index, name in enumerate(self.header) if plain(name) == _LINE), None)

    def dates(self) -> dict[int, date]:
        return {index: day for index, name in enumerate(self.header) if (day := _day(name))}


def _day(name: str) -> date | None:
    """The last day of a month a header names, 31/12/2022 or 31_12_2022."""
    if (match := _DATE.fullmatch(name.strip())) is None:
        return None
    try:
        day = date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None
    return day if (day + timedelta(days=1)).day == 1 else None


def recognise(path: Path) -> Recognition:
    """By the heading of its lines, and a column named by a date."""
    head = head_of(path)
    wanted = {
        "Ligne d'information": _LINE in plain(head[:400]),
        "une colonne par date (31/12/2022)": _DATE.search(head) is not None,
    }
    if not wanted["Ligne d'information"]:
        return Recognition((), tuple(wanted))  # many files have a date; alone it tells nothing
    return Recognition(
        tuple(name for name, is_there in wanted.items() if is_there),
        tuple(name for name, is_there in wanted.items() if not is_there),
    )


def edition(path: Path) -> EditionFacts:
    """The last month of the series."""
    days = [day for match in _DATE.finditer(head_of(path)) if (day := _day(match[0]))]
    return EditionFacts(f"{max(days):%Y-%m}" if days else "")


def read(path: Path, reading: Reading) -> None:
    """Read every line on every date, and recompute the totals of each date."""
    text = text_of(reading, path)
    if text is None:
        return
    table = _from_json(reading, text) if text.lstrip().startswith("{") else _from_csv(reading, text)
    if table is None or not _is_header_sound(reading, table):
        return
    values = _keep(reading, table)
    for index, day in table.dates().items():
        _recompute(reading, table, index, {name: cells[index] for name, cells in values.items() if index in cells}, day)
    _refuse_pasted(reading, table, values)


def _from_csv(reading: Reading, text: str) -> _Table | None:
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    except csv.Error as error:
        reading.reject(found=str(error), expected="un CSV bien formé", rule="csv", advice=ADVICE)
        return None
    table = _Table([name.strip() for name in records[0]] if records else [])
    for row, record in enumerate(records[1:], start=2):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(table.header):
            reading.reject(
                found=f"{len(record)} cellules", expected=f"{len(table.header)} cellules", rule="largeur", row=row,
                advice="La ligne est coupée. " + ADVICE,
            )  # fmt: skip
            reading.cells_read += (lost := sum(1 for cell in record[5:] if cell.strip()))
            reading.leave("Cellules d'une ligne coupée", lost)
            continue
        table.rows.append((row, record))
    return table


def _from_json(reading: Reading, text: str) -> _Table | None:
    """Records as lines: line 2 is the first record; columns are fields, in the order they first come."""
    try:
        answer: Any = json.loads(text, parse_float=str, parse_int=str)
    except (json.JSONDecodeError, RecursionError) as error:
        reading.reject(found=str(error)[:80], expected="un JSON complet", rule="json", advice=ADVICE)
        return None
    records = answer.get("results")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        reading.reject(found="pas de « results »", expected="des enregistrements", rule="json", advice=ADVICE)
        return None
    if str(answer.get("total_count")) != str(len(records)):
        reading.reject(
            found=f"{len(records)} enregistrements", expected=f"les {answer.get('total_count')} annoncés",
            rule="fichier tronqué", advice="Utilisez l'export, qui n'a pas de limite, au lieu de « records ».",
        )  # fmt: skip
    table = _Table(list(dict.fromkeys(str(name) for record in records for name in record)))
    for row, record in enumerate(records, start=2):
        cells = ["" if record.get(name) is None else str(record[name]) for name in table.header]
        table.rows.append((row, cells))
    return table


def _is_header_sound(reading: Reading, table: _Table) -> bool:
    before = len(reading.rejects)
    days = table.dates()
    for index, name in enumerate(table.header):
        if (plain(name) in _WORDS or index in days) and name not in table.header[:index]:
            continue
        reading.reject(
            found=name, expected="une colonne connue, ou une fin de mois (31/12/2022), une seule fois", rule="en-tête",
            advice=ADVICE, row=1, column=column_letter(index), name=name,
        )  # fmt: skip
    if table.line_column() is None or not days:
        reading.reject(
            found="colonnes absentes", expected="« Ligne d'information » et des dates", rule="en-tête", advice=ADVICE,
            row=1,
        )  # fmt: skip
    return len(reading.rejects) == before


def _keep(reading: Reading, table: _Table) -> dict[str, dict[int, tuple[int, Amount]]]:
    """Keep every amount; returns them by line and column, with their row."""
    at, days = table.line_column(), table.dates()
    assert at is not None
    values: dict[str, dict[int, tuple[int, Amount]]] = {}
    for row, cells in table.rows:
        name = plain(cells[at])
        filled = [index for index in days if cells[index].strip()]
        reading.cells_read += len(filled)
        if name not in _LINES or name in values:
            reading.reject(
                found=cells[at], expected="une ligne connue de la situation mensuelle, une seule fois", rule="ligne",
                advice=ADVICE, row=row, column=column_letter(at), name=table.header[at],
            )  # fmt: skip
            reading.leave("Montants d'une ligne inconnue ou répétée", len(filled))
            continue
        values[name] = {}
        for index in filled:
            if (read_ := amount(cells[index])) is None:
                reading.reject(
                    found=cells[index], expected="un montant en euros", rule="montant", advice=ADVICE, row=row,
                    column=column_letter(index), name=table.header[index],
                )  # fmt: skip
                continue
            values[name][index] = (row, read_)
            reading.keep([_cell(cells[at], days[index], read_, cells[index], row, column_letter(index))])
    for name in sorted(_LINES - values.keys()):
        reading.reject(found="ligne absente", expected=f"« {name} »", rule="lignes", advice=ADVICE)
    return values


def _cell(*where: Any) -> Cell:
    line, day, read_, text, row, column = where
    return Cell(
        indicator_code="state_budget_monthly_position",
        territory_level="country",
        territory_code="FR",
        territory_label="France",
        period_start=date(day.year, 1, 1),
        period_end=day,
        period_label=f"{day:%d/%m/%Y}",
        value=read_.value,
        unit="eur",
        printed_text=text,
        printed_step=read_.step,
        population_group=f"line_{slug(line)}",
        source_row=row,
        source_column=column,
    )


def _recompute(reading: Reading, table: _Table, index: int, column: dict[str, tuple[int, Amount]], day: date) -> None:
    for total, parts in _TOTALS.items():
        # Annexed budgets are blank until they are known; any other part that is missing was refused already.
        if total not in column or not all(part in column or "annexes" in part for part in parts):
            continue
        row, printed = column[total]
        expected = sum((column[part][1].value * sign for part, sign in parts.items() if part in column), Decimal(0))
        if abs(printed.value - expected) > _SLACK:
            reading.reject(
                found=printed.value, expected=f"{expected:.2f}, recalculé au {day:%d/%m/%Y}", rule="total recalculé",
                advice="Le total ou l'une de ses lignes est faux. " + ADVICE, row=row, column=column_letter(index),
                name=table.header[index],
            )  # fmt: skip


def _refuse_pasted(reading: Reading, table: _Table, values: dict[str, dict[int, tuple[int, Amount]]]) -> None:
    """Two dates with the same amounts on every line: one was pasted on the other."""
    for left, right in _couples(list(table.dates())):
        both = [cells for cells in values.values() if left in cells and right in cells]
        same = [cells for cells in both if cells[left][1].value == cells[right][1].value]
        if len(both) >= 5 and len(same) > len(both) / 2:
            reading.reject(
                found=f"{table.header[right]} répète {table.header[left]}", expected="les montants de cette date",
                rule="colonne recopiée", advice=ADVICE, row=1, column=column_letter(right), name=table.header[right],
            )  # fmt: skip


def _couples(columns: list[int]) -> Iterator[tuple[int, int]]:
    for at, left in enumerate(columns):
        for right in columns[at + 1 :]:
            yield left, right


LAYOUTS = (
    OfficialLayout(
        name="budget_monthly_position",
        publisher="budget",
        dataset="state_monthly_position",
        title_fr="Situations mensuelles budgétaires de l'État, séries longues",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
