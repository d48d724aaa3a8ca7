"""What a believable set of unemployment rates looks like, whichever file it was read from."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from statistics import median

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.insee.territories import departement_regions

# Measured on the export of 20 December 2023, 18,409 rates since 1982: a rate stands at most 1.6 points off its
# neighbours in time, the common move set apart; the common move itself is 1.1 at most, in the summer of 2020.
_OFF_ITS_NEIGHBOURS = 2.5
_COMMON_MOVE = 1.6
# Where too few départements tell the common move, room is left for it.
_ROOM = 1.5
_WHOLE = 0.1
_ENOUGH_DEPARTEMENTS = 10
_METROPOLITAN_REGIONS = 13

Key = tuple[str, str]


@dataclass(frozen=True)
class Rates:
    """Rates by territory and quarter, and the cell each was read from."""

    cells: dict[Key, dict[date, Cell]]

    @classmethod
    def of(cls, cells: list[Cell]) -> "Rates":
        series: defaultdict[Key, dict[date, Cell]] = defaultdict(dict)
        for cell in cells:
            if cell.value is not None:
                series[cell.territory_level, cell.territory_code][cell.period_start] = cell
        return cls(dict(series))

    @property
    def quarters(self) -> list[date]:
        return sorted({day for series in self.cells.values() for day in series})

    def common(self) -> dict[date, float]:
        """The median rate of the départements each quarter: what moves them all."""
        columns: defaultdict[date, list[float]] = defaultdict(list)
        for (level, _), series in self.cells.items():
            if level == "departement":
                for day, cell in series.items():
                    columns[day].append(float(_value(cell)))
        return {day: median(values) for day, values in columns.items() if len(values) >= _ENOUGH_DEPARTEMENTS}


def flag_hardly_believable(reading: Reading, cells: list[Cell], names: dict[str, str]) -> None:
    """Point at rates off their neighbours in time, or outside the range of the territories they cover.

    `names` gives the header of a column by its letter.
    """
    rates = Rates.of(cells)
    common = rates.common()
    for key in rates.cells:
        for cell, expected in _off(rates.cells[key], common):
            _flag(reading, cell, names, expected, "saut d'un trimestre à l'autre")
    for day, expected in _common_moves(common):
        cell = next(series[day] for key, series in rates.cells.items() if key[0] == "departement" and day in series)
        _flag(reading, cell, names, expected, "saut de tous les territoires à la fois")
    for cell, expected in _outside(rates):
        _flag(reading, cell, names, expected, "taux dans l'étendue des territoires couverts")


def _flag(reading: Reading, cell: Cell, names: dict[str, str], expected: str, rule: str) -> None:
    reading.flag(
        found=cell.printed_text, expected=expected, rule=rule, row=cell.source_row, column=cell.source_column,
        name=names.get(cell.source_column), sheet=cell.source_sheet,
        advice=f"Vérifiez le taux de « {cell.territory_label} » dans le fichier d'origine.",
    )  # fmt: skip


def _off(series: dict[date, Cell], common: dict[date, float]) -> Iterator[tuple[Cell, str]]:
    days = sorted(series)
    gaps = [float(_value(series[day])) - common.get(day, 0.0) for day in days]
    limit = _OFF_ITS_NEIGHBOURS + (0 if common else _ROOM)
    pointed = False
    for index, gap in enumerate(gaps):
        around = gaps[max(0, index - 2) : index] + gaps[index + 1 : index + 3]
        usual = median(around) if around else gap
        jumped = index > 0 and not pointed and abs(gap - gaps[index - 1]) > limit + 0.5
        pointed = abs(gap - usual) > limit
        if pointed or jumped:
            near = usual + common.get(days[index], 0.0)
            yield series[days[index]], f"un taux proche de {near:.1f}, d'après les trimestres voisins"


def _common_moves(common: dict[date, float]) -> Iterator[tuple[date, str]]:
    days = sorted(common)
    for index, day in enumerate(days):
        around = [common[one] for one in days[max(0, index - 2) : index] + days[index + 1 : index + 3]]
        if around and abs(common[day] - median(around)) > _COMMON_MOVE:
            yield day, f"une colonne proche de {median(around):.1f} en médiane, comme les trimestres voisins"


def _outside(rates: Rates) -> Iterator[tuple[Cell, str]]:
    """A rate is a mean of its parts' rates: rounded like them, it stays between them."""
    parts: dict[Key, list[Key]] = {}
    for key in rates.cells:
        if key[0] == "region":
            parts[key] = [("departement", one) for one in _departements(key[1]) if ("departement", one) in rates.cells]
    regions = [key for key in rates.cells if key[0] == "region" and not key[1].startswith("0")]
    if len(regions) == _METROPOLITAN_REGIONS:
        parts["country", "FR-METRO"] = regions
    for whole, members in parts.items():
        if whole[0] == "region" and len(members) < len(_departements(whole[1])):
            continue
        for day, cell in rates.cells.get(whole, {}).items():
            values = [float(_value(rates.cells[one][day])) for one in members if day in rates.cells[one]]
            if len(values) < len(members):
                continue
            low, high = min(values), max(values)
            if not low - _WHOLE <= float(_value(cell)) <= high + _WHOLE:
                yield cell, f"un taux entre {low:.1f} et {high:.1f}, l'étendue des territoires qui le composent"


@cache
def _departements(region: str) -> tuple[str, ...]:
    return tuple(code for code, of in departement_regions().items() if of == region)


def _value(cell: Cell) -> Decimal | int:
    assert cell.value is not None
    return cell.value
