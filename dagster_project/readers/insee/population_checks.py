"""The sums an estimate of population must make, exactly, and what it may not become from one year to the next."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from dagster_project.readers.cells import Reading
from dagster_project.readers.table import column_letter

_ADVICE = "Comparez au classeur d'origine."
# Measured on both editions: 4.8 % a year at most for a département (Guyane), 12.5 % for a band of age in
# metropolitan France (the generation of 1919-1920).
_YEARLY_MOVE = 0.08
_BAND_MOVE = 0.20
_FIRST_AGE_OF_MORE_WOMEN = 85

Key = tuple[str, str]
Place = tuple[str, str]  # block, label of the age band
At = tuple[Key, Place]


@dataclass(frozen=True)
class AgeColumn:
    """A column of a sheet: where it is, and which persons it counts."""

    index: int
    label: str
    block: str
    first: int
    last: int | None
    is_total: bool

    @cached_property
    def letter(self) -> str:
        return column_letter(self.index)

    @cached_property
    def group(self) -> str:
        """The code of the persons counted: ``all``, ``women``, ``age_20_24``, ``women_age_95_plus``."""
        sex = {"hommes": "men", "femmes": "women"}.get(self.block, "")
        age = "" if self.is_total else f"age_{self.first}_{'plus' if self.last is None else self.last}"
        return "_".join(word for word in (sex, age) if word) or "all"


@dataclass
class YearTable:
    """One year: counts by territory and column, and the rows and columns they were read from."""

    year: int
    sheet: str
    counts: dict[Key, dict[Place, int]] = field(default_factory=dict)
    columns: dict[Key, list[AgeColumn]] = field(default_factory=dict)
    rows: dict[Key, int] = field(default_factory=dict)

    def column(self, key: Key, place: Place) -> AgeColumn:
        return next(one for one in self.columns[key] if (one.block, one.label) == place)


def check_year(reading: Reading, table: YearTable) -> None:
    """Every sum of a sheet: ages, sexes, départements. What breaks most sums is the cell to look at."""
    broken = [members for members, gap in _sums(table) if gap]
    for _ in range(20):
        if not broken:
            break
        suspects: Counter[At] = Counter()
        for members in broken:
            suspects.update(members)
        (key, place), votes = suspects.most_common(1)[0]
        column = table.column(key, place)
        reading.flag(
            found=table.counts[key][place], expected="un effectif qui s'accorde aux totaux imprimés",
            rule=f"sommes des âges, des sexes et des départements ({votes} rompues)", row=table.rows[key],
            column=column.letter, name=f"{column.block.capitalize()}, {column.label}",
            sheet=table.sheet, advice=_ADVICE,
        )  # fmt: skip
        broken = [members for members in broken if (key, place) not in members]
    _more_old_women(reading, table)


def _sums(table: YearTable) -> Iterator[tuple[set[At], int]]:
    for key, counts in table.counts.items():
        for block in ("ensemble", "hommes", "femmes"):
            whole = (block, _total(counts, block))
            bands = [place for place in counts if place[0] == block and place != whole]
            if whole in counts:
                yield _at(key, [*bands, whole]), sum(counts[place] for place in bands) - counts[whole]
        for block, label in counts:
            parts = [("hommes", label), ("femmes", label)]
            if block == "ensemble" and all(place in counts for place in parts):
                gap = sum(counts[place] for place in parts) - counts[block, label]
                yield _at(key, [(block, label), *parts]), gap
    for whole_key, parts_of in _wholes(table).items():
        for place, count in table.counts[whole_key].items():
            values = [table.counts[part].get(place) for part in parts_of]
            if None not in values:
                members = {(part, place) for part in parts_of} | {(whole_key, place)}
                yield members, sum(value for value in values if value is not None) - count


def _total(counts: dict[Place, int], block: str) -> str:
    return next((label for one, label in counts if one == block and label.strip().lower() == "total"), "Total")


def _at(key: Key, places: list[Place]) -> set[At]:
    return {(key, place) for place in places}


def _wholes(table: YearTable) -> dict[Key, list[Key]]:
    """Each sum of territories the sheet prints, and its parts."""
    level = "departement" if any(key[0] == "departement" for key in table.counts) else "region"
    parts = [key for key in table.counts if key[0] == level]
    overseas = [key for key in parts if (key[1].startswith("97") if level == "departement" else key[1].startswith("0"))]
    found: dict[Key, list[Key]] = {
        ("country", "FR-METRO"): [key for key in parts if key not in overseas],
        ("other", "DROM"): overseas,
        ("country", "FR"): [("country", "FR-METRO"), ("other", "DROM")],
    }
    return {
        whole: members
        for whole, members in found.items()
        if whole in table.counts and members and all(member in table.counts for member in members)
    }


def _more_old_women(reading: Reading, table: YearTable) -> None:
    """Past 85, women outnumber men in France, every year: otherwise the two blocks changed places."""
    key: Key = ("country", "FR-METRO")
    counts = table.counts.get(key, {})
    for column in table.columns.get(key, []):
        if column.block != "hommes" or column.is_total or column.first < _FIRST_AGE_OF_MORE_WOMEN:
            continue
        women = counts.get(("femmes", column.label))
        if women is not None and women <= counts["hommes", column.label]:
            reading.reject(
                found=f"{counts['hommes', column.label]} hommes pour {women} femmes",
                expected="plus de femmes que d'hommes à cet âge", rule="blocs Hommes et Femmes permutés",
                row=table.rows[key], column=column.letter, name=f"Hommes, {column.label}",
                sheet=table.sheet, advice=_ADVICE,
            )  # fmt: skip
            return


def check_years(reading: Reading, tables: list[YearTable]) -> None:
    """No year is another's copy, and no territory or age leaps from one year to the next."""
    by_year = {table.year: table for table in tables}
    for year, table in sorted(by_year.items()):
        if year - 1 in by_year:
            _copies(reading, by_year[year - 1], table)
        # The first and last years are held against two years on their one side.
        around = [year - 1, year + 1] if year - 1 in by_year and year + 1 in by_year else [*range(year - 2, year + 3)]
        _leaps(reading, table, [by_year[one] for one in around if one in by_year and one != year])


def _copies(reading: Reading, before: YearTable, table: YearTable) -> None:
    same = [key for key in table.counts if table.counts[key] == before.counts.get(key)]
    if len(same) > 3:
        reading.reject(
            found=f"les valeurs de {before.year}, pour {len(same)} territoires", expected="d'autres valeurs",
            rule="année collée deux fois", sheet=table.sheet, advice=_ADVICE,
        )  # fmt: skip
        return
    for key in same:
        reading.flag(
            found=f"toutes les valeurs de {before.year}", expected="d'autres valeurs",
            rule="ligne collée deux fois", row=table.rows[key], column="A", name="Départements", sheet=table.sheet,
            advice=_ADVICE,
        )  # fmt: skip


def _leaps(reading: Reading, table: YearTable, neighbours: list[YearTable]) -> None:
    for key, counts in table.counts.items():
        if key == ("other", "DROM"):
            continue  # Mayotte joins in 2014.
        for place, limit in _watched(key, counts):
            around = [one.counts[key][place] for one in neighbours if place in one.counts.get(key, {})]
            # Every neighbour must disown the value, or the one that is wrong would point at sound ones beside it.
            if around and all(abs(counts[place] - other) > limit * max(other, 1) for other in around):
                column = table.column(key, place)
                reading.flag(
                    found=counts[place], expected=f"un effectif proche de {around[0]}, celui de l'année voisine",
                    rule="évolution d'une année à l'autre", row=table.rows[key], column=column.letter,
                    name=f"{column.block.capitalize()}, {column.label}", sheet=table.sheet, advice=_ADVICE,
                )  # fmt: skip


def _watched(key: Key, counts: dict[Place, int]) -> Iterator[tuple[Place, float]]:
    total = _total(counts, "ensemble")
    if ("ensemble", total) in counts:
        yield ("ensemble", total), _YEARLY_MOVE
    if key == ("country", "FR-METRO"):
        for place in counts:
            if place[0] == "ensemble" and place[1] != total:
                yield place, _BAND_MOVE
