"""Estimates of population on 1 January, by sex and age: one sheet a year, three blocks of age bands side by side.

A figure is a count of persons living in the territory on 1 January; age is the age reached on that day.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.insee.population_checks import AgeColumn, YearTable, check_year, check_years
from dagster_project.readers.insee.territories import metropolitan
from dagster_project.readers.nomenclature import departement_code, names, plain, region_code, same_name
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.spreadsheet import Sheet, Value, open_workbook, sheet, sheet_names
from dagster_project.readers.table import column_letter

_TITLE = "Estimation de population au 1er janvier"
_ADVICE = "Reprenez le classeur tel que l'Insee le publie."
_BLOCKS = {"ensemble": "", "hommes": "men", "femmes": "women"}
_AGES = re.compile(r"(\d+)\s*(?:à|a|-)\s*(\d+)\s*ans")
_AND_MORE = re.compile(r"(\d+)\s*ans\s*(?:et plus|ou plus|et \+)", re.I)
_SUMS: dict[str, tuple[str, str, str]] = {
    "france metropolitaine": ("country", "FR-METRO", "France métropolitaine"),
    "dom": ("other", "DROM", "Départements d'outre-mer"),
    "drom": ("other", "DROM", "Départements d'outre-mer"),
    "france metropolitaine et dom": ("country", "FR", "France"),
    "france metropolitaine et drom": ("country", "FR", "France"),
    "france entiere": ("country", "FR", "France"),
    "france": ("country", "FR", "France"),
}
# "À savoir": from 1975 to 1989 in metropolitan France only; Mayotte from 2014 on.
_OVERSEAS_SINCE = {"971": 1990, "972": 1990, "973": 1990, "974": 1990, "976": 2014}
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip

Territory = tuple[str, str, str]


def recognise(path: Path) -> Recognition:
    """A workbook with one sheet a year, whose first year is titled as an estimate of population by sex and age."""
    sheets = sheet_names(path)
    years = [name for name in sheets if _year(name)]
    found = [f"feuilles {years[0]}…"] if years else []
    missing = [] if years else ["une feuille par année"]
    title = ""
    if years:
        try:
            first = CalamineWorkbook.from_path(path).get_sheet_by_name(years[0]).to_python(nrows=3)
            title = next((str(value) for row in first for value in row if value), "")
        except (CalamineError, OSError):
            title = ""
    by_age = plain(_TITLE) in plain(title) and "sexe" in plain(title)
    (found if by_age else missing).append(f"{_TITLE}, par sexe et âge")
    return Recognition(tuple(found), tuple(missing))


def _year(name: str) -> int | None:
    return int(name) if re.fullmatch(r"(19|20)\d\d", name.strip()) else None


def edition(path: Path) -> EditionFacts:
    """The last year estimated, and the day the sheet « À savoir » says the data were brought up to date."""
    sheets = sheet_names(path)
    years = [year for name in sheets if (year := _year(name))]
    label = str(max(years)) if years else "inconnue"
    notes = ""
    for name in sheets:
        if plain(name) == "a savoir":
            rows = CalamineWorkbook.from_path(path).get_sheet_by_name(name).to_python()
            notes = " ".join(str(value) for row in rows for value in row if value)
    found = re.search(r"actualisées au (\d{1,2})(?:er)? (\w+) ((?:19|20)\d\d)", notes)
    if found is None or found[2] not in _MONTHS:
        return EditionFacts(label)
    try:
        day = date(int(found[3]), _MONTHS.index(found[2]) + 1, int(found[1]))
    except ValueError:
        return EditionFacts(label)
    return EditionFacts(label, published_on=day, basis=f"feuille « À savoir » : {found[0]}")


def read(path: Path, reading: Reading) -> None:
    """Read every year."""
    workbook = open_workbook(reading, path)
    if workbook is None:
        return
    tables: list[YearTable] = []
    for name in workbook.sheet_names:
        if _year(name) is None:
            if plain(name) not in ("a savoir", "sommaire", "lisez moi"):
                reading.reject(
                    found=name,
                    expected="« À savoir » ou une année",
                    rule="feuille inconnue",
                    sheet=name,
                    advice=_ADVICE,
                )
            continue
        try:
            page = sheet(workbook, name)
        except CalamineError as error:
            reading.reject(
                found=str(error)[:80], expected="une feuille lisible", rule="classeur", sheet=name, advice=_ADVICE
            )
            continue
        table = _YearReader(reading, page).read()
        if table is not None:
            tables.append(table)
    _check_suite(reading, tables)
    for table in tables:
        check_year(reading, table)
    check_years(reading, tables)


def _check_suite(reading: Reading, tables: list[YearTable]) -> None:
    years = sorted(table.year for table in tables)
    if not years:
        reading.reject(found="aucune", expected="une feuille par année", rule="années", advice=_ADVICE)
    for earlier, later in pairwise(years):
        if later != earlier + 1:
            reading.reject(
                found=f"{later} après {earlier}", expected="des années qui se suivent, une fois chacune", rule="années",
                advice=_ADVICE,
            )  # fmt: skip


@dataclass
class _Section:
    """A header and what stands under it: the columns of ages, and where the key of a row ends."""

    columns: list[AgeColumn]
    key_width: int


class _YearReader:
    """One sheet under way."""

    def __init__(self, reading: Reading, page: Sheet) -> None:
        self.reading = reading
        self.page = page
        self.year = int(page.name)
        self.day = date(self.year, 1, 1)
        self.provisional = False
        self.table = YearTable(self.year, page.name)

    def read(self) -> YearTable | None:
        if not self._says_its_year():
            return None
        self.provisional = any("provisoire" in plain(text) for _, text in self._notes())
        section: _Section | None = None
        blocks: list[tuple[int, str]] = []
        for number, row in self.page.rows_from(1):
            filled = [(index, value) for index, value in enumerate(row) if str(value).strip()]
            words = {plain(value): index for index, value in filled if isinstance(value, str)}
            if set(_BLOCKS) <= set(words):
                blocks = sorted((words[word], word) for word in _BLOCKS)
                section = None
            elif blocks and section is None and filled:
                section = self._section(number, row, blocks)
                if section is None:
                    return None
            elif section is not None and len(filled) > 1:
                self._row(number, row, section)
            elif section is not None and filled:
                self._note(number, *filled[0])
        if section is None:
            self._refuse((1, 0), "", "Ensemble, Hommes, Femmes", "trois blocs Ensemble, Hommes et Femmes", "en-tête")
            return None
        self._completeness()
        return self.table

    def _says_its_year(self) -> bool:
        texts = [(number, str(row[0])) for number, row in self.page.rows_from(1) if number <= 4 and row and row[0]]
        titled = any(plain(_TITLE) in plain(text) for _, text in texts)
        years = [(number, int(found[1])) for number, text in texts if (found := re.search(r"Année\s+(\d{4})", text))]
        if not titled:
            self._refuse((1, 0), "titre", texts[0][1] if texts else "vide", f"« {_TITLE}… »", "titre de la feuille")
        for number, year in years:
            if year != self.year:
                self._refuse((number, 0), "titre", f"Année {year}", f"Année {self.year}", "année de la feuille")
        return titled and all(year == self.year for _, year in years)

    def _notes(self) -> Iterator[tuple[int, str]]:
        for number, row in self.page.rows_from(1):
            filled = [value for value in row if str(value).strip()]
            if len(filled) == 1 and isinstance(filled[0], str):
                yield number, filled[0]

    def _note(self, number: int, index: int, value: Value) -> None:
        """A lone text is a note, unless it is a number, or the name of a territory that lost its figures."""
        text = str(value).strip()
        if not isinstance(value, str):
            self.reading.cells_read += 1
        elif plain(text) not in _SUMS and departement_code(text) is None and plain(text) not in _territory_names():
            return
        self._refuse((number, index), "", text, "une ligne entière, ou une note en toutes lettres", "ligne incomplète")

    def _section(self, number: int, row: list[Value], blocks: list[tuple[int, str]]) -> _Section | None:
        columns: list[AgeColumn] = []
        sound = True
        for (start, word), (end, _) in pairwise([*blocks, (len(row), "")]):
            block: list[AgeColumn] = []
            for index in range(start, end):
                text = str(row[index]).strip()
                if not text:
                    continue
                ages = _ages(text)
                if ages is None:
                    self._refuse((number, index), word, text, "« 0 à 4 ans »… ou « Total »", "tranche d'âge")
                    return None
                block.append(AgeColumn(index, text, word, *ages))
            bands = [column for column in block if not column.is_total]
            whole = [column for column in block if column.is_total]
            follows = all(later.first == (earlier.last or -9) + 1 for earlier, later in pairwise(bands))
            if len(whole) != 1 or not bands or bands[0].first != 0 or bands[-1].last is not None or not follows:
                wrong = next((two for one, two in pairwise(bands) if two.first != (one.last or -9) + 1), None)
                at = wrong.index if wrong else start
                self._refuse(
                    (number, at), word, str(row[at]), "des tranches d'âge qui se suivent depuis 0 an, puis un Total",
                    "tranches d'âge",
                )  # fmt: skip
                sound = False
            columns += block
        return _Section(columns, blocks[0][0]) if sound else None

    def _row(self, number: int, row: list[Value], section: _Section) -> None:
        territory = self._territory(number, row[: section.key_width])
        headed = {column.index: column for column in section.columns}
        for index in range(section.key_width, len(row)):
            value = row[index]
            if isinstance(value, str) and not value.strip():
                if index in headed and territory is not None:
                    self._refuse((number, index), headed[index].label, "case vide", "un nombre de personnes", "valeur")
                continue
            self.reading.cells_read += 1
            column = headed.get(index)
            if column is None:
                self._refuse((number, index), "", str(value), "une case vide : la colonne n'a pas de titre", "en-tête")
            elif territory is None:
                self.reading.leave("Ligne refusée")
            elif (count := _count(value)) is None:
                self._refuse((number, index), column.label, str(value), "un nombre entier de personnes", "valeur")
            else:
                self._keep(number, column, territory, count, value)

    def _keep(self, number: int, column: AgeColumn, territory: Territory, count: int, value: Value) -> None:
        self.table.counts.setdefault(territory[:2], {})[column.block, column.label] = count
        self.table.columns.setdefault(territory[:2], []).append(column)
        self.reading.keep(
            [
                Cell(
                    indicator_code="population",
                    territory_level=territory[0],
                    territory_code=territory[1],
                    territory_label=territory[2],
                    period_start=self.day,
                    period_end=self.day,
                    period_label=f"Année {self.year}",
                    value=count,
                    unit="person",
                    printed_text=str(count) if isinstance(value, float) else str(value),
                    printed_step=1,
                    source_sheet=self.page.name,
                    source_row=number,
                    source_column=column.letter,
                    obs_status="P" if self.provisional else "A",
                    marker="*" if self.provisional else None,
                    population_group=column.group,
                )
            ]
        )

    def _territory(self, number: int, key: list[Value]) -> Territory | None:
        written = [value for value in key if str(value).strip()]
        territory = self._known(written)
        if territory is None:
            found = " ".join(str(value).strip() for value in written)
            self._refuse((number, 0), "Départements", found or "vide", "un code et son nom officiel", "territoire")
            return None
        first = self.table.rows.setdefault(territory[:2], number)
        if first != number:
            self._refuse((number, 0), "Départements", territory[2], f"une seule ligne (déjà ligne {first})", "doublon")
            return None
        return territory

    def _known(self, written: list[Value]) -> Territory | None:
        # A star after a name points at a note under the table.
        label = re.sub(r"\(\*+\)|\*", "", str(written[-1])).strip() if written else ""
        if len(written) == 1:
            if plain(label) in _SUMS:
                return _SUMS[plain(label)]
            return next(
                (("region", code, name) for code, name in names("region").items() if same_name(label, name)), None
            )
        if len(written) != 2:
            return None
        lookup = (("departement", departement_code(written[0])), ("region", region_code(written[0])))
        for level, code in lookup:
            if code and same_name(label, names(level)[code]):
                return (level, code, names(level)[code])
        return None

    def _completeness(self) -> None:
        present = {code for level, code in self.table.rows if level == "departement"}
        level = "departement" if present else "region"
        expected = set(metropolitan(level))
        if level == "departement":
            expected |= {code for code, since in _OVERSEAS_SINCE.items() if self.year >= since}
        expected_keys = [(level, code) for code in sorted(expected)] + [("country", "FR-METRO")]
        for key in expected_keys:
            if key not in self.table.rows:
                name = names(key[0]).get(key[1], "France métropolitaine")
                self.reading.reject(
                    found=f"{name} ({key[1]}) absent", expected="tous les territoires de l'année", rule="complétude",
                    sheet=self.page.name, advice="Reprenez le classeur d'origine : une ligne manque.",
                )  # fmt: skip

    def _refuse(self, at: tuple[int, int], name: str, found: str, expected: str, rule: str) -> None:
        self.reading.reject(
            found=found[:80], expected=expected, rule=rule, row=at[0], column=column_letter(at[1]), name=name or None,
            sheet=self.page.name, advice=_ADVICE,
        )  # fmt: skip


def _ages(text: str) -> tuple[int, int | None, bool] | None:
    """First and last age of a band (no last for « et plus »), and whether it is the total."""
    if plain(text) == "total":
        return (0, None, True)
    if found := _AGES.fullmatch(text):
        return (int(found[1]), int(found[2]), False)
    if found := _AND_MORE.fullmatch(text):
        return (int(found[1]), None, False)
    return None


@cache
def _territory_names() -> frozenset[str]:
    return frozenset(plain(name) for level in ("departement", "region") for name in names(level).values())


def _count(value: Value) -> int | None:
    """A whole number of persons; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        text = re.sub(r"[\s\u00a0\u202f]", "", str(value))
        return int(text) if re.fullmatch(r"\d{1,9}", text) else None
    return int(value) if value >= 0 and value == int(value) else None


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="insee_population_estimates",
        publisher="insee",
        dataset="population_estimates",
        title_fr="Estimations de population au 1er janvier, par sexe et âge",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
