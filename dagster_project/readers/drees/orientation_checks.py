"""What OARSA tables must agree with: each other, the country, and the years around."""

from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from statistics import median

from dagster_project.readers.cells import Reading
from dagster_project.readers.spreadsheet import Sheet

_LOOK = "Comparez la cellule avec le fichier publié par la DREES."
_DESTINATIONS = (
    "rsa_oriented_to_pole_emploi_pct",
    "rsa_oriented_to_other_spe_pct",
    "rsa_oriented_to_council_pct",
    "rsa_oriented_outside_spe_pct",
)
_SENIORITIES = ("rsa_oriented_under_6_months_pct", "rsa_oriented_6_to_12_months_pct", "rsa_oriented_over_1_year_pct")
Place = tuple[int, int, Decimal]


@dataclass
class Grid:
    """The values of an indicator at a level, by territory and year, each with its row and column."""

    indicator: str
    unit: str
    level: str
    page: Sheet
    years: set[int] = field(default_factory=set)
    rows: dict[str, int] = field(default_factory=dict)
    values: dict[tuple[str, int], Place] = field(default_factory=dict)


def check(reading: Reading, grids: list[Grid]) -> None:
    """Flag what cannot all be true, and refuse tables that lack a collectivité the others have."""
    for level in ("country", "collectivite"):
        by_code = {grid.indicator: grid for grid in grids if grid.level == level}
        _check_destinations(reading, by_code)
        _check_seniorities(reading, by_code)
    tables = [grid for grid in grids if grid.level == "collectivite"]
    known = {code for grid in tables for code in grid.rows}
    _check_years(reading, tables)
    for grid in tables:
        for code in sorted(known - set(grid.rows)):
            reading.reject(
                found="ligne absente", expected=f"une ligne {code}, comme dans les autres tableaux",
                rule="territoires attendus", advice=_LOOK, sheet=grid.page.name, name="Département/territoire",
            )  # fmt: skip
        _check_jumps(reading, grid)
        _check_repeats(reading, grid)
        country = next((one for one in grids if one.level == "country" and one.indicator == grid.indicator), None)
        if country:
            _check_country(reading, grid, country)


def _check_years(reading: Reading, tables: list[Grid]) -> None:
    """Every table holds the same years: a column lost is refused by its year."""
    known = set().union(*(grid.years for grid in tables))
    for grid in tables:
        for year in sorted(known - grid.years):
            reading.reject(
                found="colonne absente", expected=f"une colonne {year}, comme dans les autres tableaux",
                rule="années attendues", advice=_LOOK, sheet=grid.page.name, name=str(year),
            )  # fmt: skip


def _flag(reading: Reading, grid: Grid, place: Place, *, expected: str, rule: str, name: object) -> None:
    row, column, value = place
    reading.flag(
        found=value, expected=expected, rule=rule, advice=_LOOK, row=row, column=grid.page.column(column),
        name=str(name), sheet=grid.page.name,
    )  # fmt: skip


def _strangest(grids: list[Grid], key: tuple[str, int]) -> Grid:
    """The table whose value departs most from its other years."""

    def departure(grid: Grid) -> Decimal:
        others = [place[2] for (code, year), place in grid.values.items() if code == key[0] and year != key[1]]
        return min((abs(grid.values[key][2] - other) for other in others), default=Decimal(-1))

    return max(grids, key=departure)


def _check_destinations(reading: Reading, by_code: dict[str, Grid]) -> None:
    """Every oriented person is oriented somewhere: four rounded shares add up to a hundred, two apart at most."""
    grids = [by_code[code] for code in _DESTINATIONS if code in by_code]
    if len(grids) < len(_DESTINATIONS):
        return
    for key in grids[0].values:
        if all(key in grid.values for grid in grids):
            total = sum((grid.values[key][2] for grid in grids), Decimal(0))
            if abs(total - 100) > 2:
                grid = _strangest(grids, key)
                expected = f"des parts vers chaque organisme dont la somme est 100, et non {total}"
                _flag(reading, grid, grid.values[key], expected=expected, rule="somme des parts", name=key[1])


def _check_seniorities(reading: Reading, by_code: dict[str, Grid]) -> None:
    """The share of all lies between those of the seniorities, but for rounding."""
    whole = by_code.get("rsa_oriented_pct")
    parts = [by_code[code] for code in _SENIORITIES if code in by_code]
    if whole is None or len(parts) < len(_SENIORITIES):
        return
    for key, place in whole.values.items():
        if all(key in part.values for part in parts):
            shares = [part.values[key][2] for part in parts]
            if not min(shares) - 1 <= place[2] <= max(shares) + 1:
                grid = _strangest([whole, *parts], key)
                expected = "une part de l'ensemble comprise entre celles de chaque ancienneté"
                _flag(reading, grid, grid.values[key], expected=expected, rule="parts par ancienneté", name=key[1])


def _check_jumps(reading: Reading, grid: Grid) -> None:
    """A mean delay does not grow or fall fourfold in a year: the stranger of the two years is pointed at."""
    if grid.unit != "day" or not grid.values:
        return
    usual = median(value for _, _, value in grid.values.values())
    for (code, year), place in grid.values.items():
        around = [grid.values[code, other][2] for other in (year - 1, year + 1) if (code, other) in grid.values]
        near = max(around, key=lambda other: -abs(other - usual), default=place[2])
        is_strange = abs(place[2] - usual) > abs(near - usual) and max(place[2], near) > 60
        if is_strange and all(other * 4 < place[2] or other > place[2] * 4 for other in around):
            expected = f"un délai proche de {near} jours"
            _flag(reading, grid, place, expected=expected, rule="saut d'une année à l'autre", name=year)


def _check_repeats(reading: Reading, grid: Grid) -> None:
    """Two years do not have every share alike."""
    years = sorted({year for _, year in grid.values})
    columns = {year: {code: place for (code, at), place in grid.values.items() if at == year} for year in years}
    for earlier, year in pairwise(years):
        both = columns[earlier].keys() & columns[year].keys()
        if len(both) >= 20 and all(columns[earlier][code][2] == columns[year][code][2] for code in both):
            place = next(iter(columns[year].values()))
            _flag(
                reading,
                grid,
                place,
                expected=f"d'autres valeurs que celles de {earlier}",
                rule="valeurs répétées",
                name=year,
            )


def _check_country(reading: Reading, grid: Grid, country: Grid) -> None:
    """The national mean lies between the lowest and the highest collectivité."""
    for (_, year), place in country.values.items():
        values = [value for (_, at), (_, _, value) in grid.values.items() if at == year]
        if values and not min(values) - 1 <= place[2] <= max(values) + 1:
            expected = f"une moyenne nationale entre {min(values)} et {max(values)}"
            _flag(reading, country, place, expected=expected, rule="moyenne nationale", name=year)
