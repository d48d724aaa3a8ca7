"""CAF recipients by IRIS on 31 December, as INSEE publishes them. The year is in the name of the file only.

Blank cells are secret: fewer than 100 recipients in the IRIS, or fewer than five in the cell. Editions of 2016 and 2017
put a narrow blank between thousands, those up to 2018 name the IRIS, and 2016 and 2017 have two columns more.
"""

import re
from pathlib import Path
from typing import NamedTuple

from dagster_project.readers.cells import CELL_COLUMNS, Reading
from dagster_project.readers.delimited import Grid, header_of, open_grid
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_CODE, _NOTE, _LABEL = "CODGEO", "NOTE", "LIBGEO"
_PLACES = (_CODE, _LABEL, "DEPCOM", "LIBCOM", "EPCI", "UU", "REG", _NOTE)
_NOTES = ("0", "2", "3", "4", "5")
_FEWEST_RECIPIENTS, _FEWEST = 100, 5
_ADVICE = "Comparez avec le fichier d'origine sur insee.fr."
_MAX_LINES = 50


class _Count(NamedTuple):
    """A column: its indicator, unit, and what share of all recipients it makes over the whole of France.

    The shares of the editions of 2016 to 2020 lie well inside: columns that were exchanged do not.
    """

    indicator: str
    unit: str
    low: float = 0
    high: float = 9


_COUNTS = {
    "A": _Count("caf_recipients", "household"),
    "PERCOU": _Count("caf_persons_covered", "person", 1.8, 2.7),
    "AI": _Count("caf_single_recipients", "household", 0.40, 0.65),
    "AM": _Count("caf_single_parent_recipients", "household", 0.11, 0.20),
    "ACSSENF": _Count("caf_childless_couple_recipients", "household", 0.035, 0.075),
    "ACAVENF": _Count("caf_couple_with_children_recipients", "household", 0.21, 0.36),
    "AC3ENF": _Count("caf_couple_with_three_children_recipients", "household", 0.06, 0.11),
    "ENF": _Count("caf_children_covered", "person", 0.65, 1.20),
    "ENF_2": _Count("caf_children_under_3", "person", 0.09, 0.20),
    "ENF_3_5": _Count("caf_children_3_to_5", "person", 0.09, 0.19),
    "ENF_6_10": _Count("caf_children_6_to_10", "person", 0.20, 0.29),
    "ENF_11_14": _Count("caf_children_11_to_14", "person", 0.155, 0.199),
    "ENF_15_17": _Count("caf_children_15_to_17", "person", 0.10, 0.15),
    "ENF_18_24": _Count("caf_children_18_to_24", "person", 0.06, 0.099),
    "A_ETUD": _Count("caf_student_recipients", "household", 0.06, 0.14),
    "A_NETUD_24": _Count("caf_young_non_student_recipients", "household", 0.05, 0.13),
    "AAL": _Count("caf_housing_aid_recipients", "household", 0.45, 0.70),
    "AAPL": _Count("caf_apl_recipients", "household", 0.20, 0.33),
    "AAAH": _Count("caf_aah_recipients", "household", 0.06, 0.12),
    "APPA": _Count("caf_prime_activite_recipients", "household", 0.16, 0.40),
    "ARSAS": _Count("caf_rsa_recipients", "household", 0.11, 0.20),
    "APRES50": _Count("caf_half_dependent_recipients", "household", 0.22, 0.35),
    "APRES100": _Count("caf_wholly_dependent_recipients", "household", 0.12, 0.21),
}
_FAMILIES = ("AI", "AM", "ACSSENF", "ACAVENF")
_AGES = ("ENF_2", "ENF_3_5", "ENF_6_10", "ENF_11_14", "ENF_15_17", "ENF_18_24")
# A part cannot exceed its whole.
_PARTS = (("A", "PERCOU"), ("ENF", "PERCOU"), ("AC3ENF", "ACAVENF"), ("AAPL", "AAL"), ("APRES100", "APRES50"))


def recognise(path: Path) -> Recognition:
    """By the columns only these files have together."""
    header = header_of(path, ";")
    wanted = (_CODE, _NOTE, "PERCOU", "ACSSENF")
    return Recognition(
        tuple(name for name in wanted if name in header), tuple(name for name in wanted if name not in header)
    )


def edition(path: Path) -> EditionFacts:
    """The year in the file's name."""
    return EditionFacts(_year(path) or "")


def _year(path: Path) -> str | None:
    match = re.search(r"(?<!\d)(20\d\d)(?!\d)", path.name)
    return match[1] if match else None


def read(path: Path, reading: Reading) -> None:
    """Read every count of every IRIS, check it against the others of its line, and the whole against France."""
    grid = open_grid(reading, path, ";")
    if grid is None:
        return
    columns = _columns(reading, grid)
    if (year := _year(path)) is None:
        reading.reject(
            found=path.name, expected="l'année dans le nom du fichier (data_CAF_2019_IRIS.csv)", rule="année",
            advice="Rendez au fichier le nom qu'il a sur insee.fr.",
        )  # fmt: skip
    if columns and year:
        _Iris(reading, grid, columns, year).read()


def _columns(reading: Reading, grid: Grid) -> list[str]:
    before = len(reading.rejects)
    for index, name in enumerate(grid.header):
        if name in grid.header[:index] or name not in (*_PLACES, *_COUNTS):
            reading.reject(
                found=name, expected="une colonne du fichier des IRIS, une seule fois", rule="en-tête", row=1,
                column=grid.letter(name), name=name, advice="Vérifiez l'en-tête. " + _ADVICE,
            )  # fmt: skip
    for name in (_CODE, _NOTE, *[name for name in _COUNTS if not name.startswith("APRES")]):
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=_ADVICE
            )
    return [] if len(reading.rejects) > before else [name for name in grid.header if name in _COUNTS]


class _Iris:
    """The table of IRIS being read: text in ``iris_text``, numbers in ``iris_number``, a column for each count."""

    def __init__(self, reading: Reading, grid: Grid, columns: list[str], year: str) -> None:
        self.reading, self.grid, self.columns, self.year = reading, grid, columns, year

    def read(self) -> None:
        self._load()
        for check in (self._numbers, self._places, self._notes, self._twice, self._complete, self._sums, self._parts):
            check()
        self._shares()
        self._keep()

    def _rows(self, sql: str) -> list[tuple[object, ...]]:
        return self.reading.connection.execute(sql).fetchall()

    def _refuse(self, row: object, name: str, found: object, expected: str, rule: str) -> None:
        self.reading.reject(
            found=found, expected=expected, rule=rule, advice=_ADVICE, row=int(str(row)) if row else None,
            column=self.grid.letter(name), name=name,
        )  # fmt: skip

    def _load(self) -> None:
        grid, connection = self.grid, self.reading.connection
        label = f"trim({grid.column(_LABEL)})" if _LABEL in grid.header else "cast(null as varchar)"
        filled = " or ".join(f"nullif(trim(c{index}), '') is not null" for index in range(len(grid.header)))
        texts = ", ".join(f"nullif(trim({grid.column(name)}), '') as {name}" for name in self.columns)
        connection.execute(
            f"create or replace temp table iris_text as select row_number, coalesce(trim({grid.column(_CODE)}), '') "
            f"as code, {label} as label, coalesce(trim({grid.column(_NOTE)}), '') as note, {texts} "
            f"from {grid.table} where {filled}"
        )
        # Thousands are parted by a narrow, hard or plain blank.
        groups = r"^[0-9]{1,3}([ \x{00A0}\x{202F}][0-9]{3})*$|^[0-9]{1,9}$"
        numbers = ", ".join(
            f"case when regexp_matches({name}, '{groups}') "
            rf"then cast(regexp_replace({name}, '[ \x{{00A0}}\x{{202F}}]', '', 'g') as bigint) end as {name}"
            for name in self.columns
        )
        connection.execute(
            "create or replace temp table iris_number as "
            f"select row_number, code, label, note, {numbers} from iris_text"
        )
        counts = " + ".join(f"count({name})" for name in self.columns)
        self.reading.cells_read += int(str(self._rows(f"select {counts} from iris_text")[0][0]))

    def _numbers(self) -> None:
        for name in self.columns:
            fewest = _FEWEST_RECIPIENTS if name == "A" else _FEWEST
            for row, found in self._rows(
                f"select row_number, texts.{name} from iris_text as texts inner join iris_number as numbers "
                f"using (row_number) where texts.{name} is not null and numbers.{name} is null order by 1"
            ):
                self._refuse(row, name, found, "un nombre entier, ou rien s'il est secret", "nombre")
            for row, found in self._rows(
                f"select row_number, {name} from iris_number where {name} < {fewest} order by 1 limit {_MAX_LINES}"
            ):
                self._refuse(row, name, found, f"{fewest} au moins, sinon rien", "seuil de secret")

    def _places(self) -> None:
        for row, found in self._rows(
            "select row_number, code from iris_text where not regexp_full_match(code, '([0-9]{2}|2[AB])[0-9]{7}') "
            f"order by 1 limit {_MAX_LINES}"
        ):
            self._refuse(row, _CODE, found, "un code d'IRIS de 9 caractères (010040101)", "code d'IRIS")
        if "DEPCOM" in self.grid.header:
            commune = self.grid.column("DEPCOM")
            for row, found in self._rows(
                f"select row_number, {commune} from {self.grid.table} where trim({commune}) <> "
                f"left(trim({self.grid.column(_CODE)}), 5) order by 1 limit {_MAX_LINES}"
            ):
                self._refuse(row, "DEPCOM", found, "les cinq premiers caractères de CODGEO", "code de commune")

    def _notes(self) -> None:
        known = ", ".join(f"'{note}'" for note in _NOTES)
        for row, found in self._rows(
            f"select row_number, note from iris_text where note not in ({known}) order by 1 limit {_MAX_LINES}"
        ):
            self._refuse(row, _NOTE, found, "une note connue (0, 2, 3, 4 ou 5)", "note")
        given = f"coalesce({', '.join(self.columns)})"
        for row, found in self._rows(
            f"select row_number, note from iris_text where note in ('2', '3', '4', '5') and {given} is not null "
            f"order by 1 limit {_MAX_LINES}"
        ):
            self._refuse(row, _NOTE, found, "aucun chiffre sur une ligne que sa note dit secrète", "note")

    def _twice(self) -> None:
        for row, code, first in self._rows(
            "select max(row_number), code, min(row_number) from iris_text group by code having count(*) > 1 "
            f"order by 1 limit {_MAX_LINES}"
        ):
            self._refuse(row, _CODE, code, f"une seule ligne par IRIS (déjà à la ligne {first})", "doublon")

    def _complete(self) -> None:
        """All editions have the 96 départements of metropolitan France, and La Réunion."""
        found = {
            str(code)
            for (code,) in self._rows("select distinct left(code, if(starts_with(code, '97'), 3, 2)) from iris_text")
        }
        for code, name in names("departement").items():
            if code not in found and (not code.startswith("97") or code == "974"):
                self._refuse(None, _CODE, f"aucun IRIS de {name} ({code})", "tous les départements", "territoires")

    def _sums(self) -> None:
        """Families make all recipients, and ages all children, to the unit, on lines where none is secret."""
        for whole, parts in (("A", _FAMILIES), ("ENF", _AGES)):
            together = " + ".join(parts)
            for row, found, total in self._rows(
                f"select row_number, {whole}, {together} from iris_number where {together} <> {whole} "
                f"order by 1 limit {_MAX_LINES}"
            ):
                self._refuse(row, whole, found, f"{total}, la somme de {', '.join(parts)}", "total recalculé")

    def _parts(self) -> None:
        households = [(name, "A") for name in self.columns if name.startswith("A") and name != "A"]
        for part, whole in (*_PARTS, *households):
            if part not in self.columns or whole not in self.columns:
                continue
            for row, found, limit in self._rows(
                f"select row_number, {part}, {whole} from iris_number where {part} > {whole} "
                f"order by 1 limit {_MAX_LINES}"
            ):
                self._refuse(row, part, found, f"{limit} ({whole}) au plus", "partie et tout")

    def _shares(self) -> None:
        for name in self.columns:
            low, high = _COUNTS[name].low, _COUNTS[name].high
            ((part, whole),) = self._rows(f"select sum({name}), sum(A) from iris_number where A is not null")
            if whole and part and not low <= int(str(part)) / int(str(whole)) <= high:
                found = f"{int(str(part)) / int(str(whole)):.3f} par allocataire, sur tout le fichier"
                self._refuse(1, name, found, f"entre {low} et {high} : colonnes échangées ?", "ordre de grandeur")

    def _keep(self) -> None:
        start, end = f"date '{self.year}-12-31'", f"date '{self.year}-12-31'"
        for name in self.columns:
            count = _COUNTS[name]
            self.reading.connection.execute(
                f"""
                insert into {self.reading.table} ({", ".join(column.name for column in CELL_COLUMNS)})
                select '{count.indicator}', 'iris', code, coalesce(numbers.label, ''), 'all', '{self.year}-12-31',
                    '{self.year}-12-31', {start}, {end}, numbers.{name}, '{count.unit}', null, 'A', texts.{name}, 1,
                    null, row_number, '{self.grid.letter(name)}'
                from iris_number as numbers inner join iris_text as texts using (row_number, code)
                where numbers.{name} is not null
                """
            )


LAYOUTS = (
    OfficialLayout(
        name="cnaf_iris",
        publisher="cnaf",
        dataset="benefits_iris",
        title_fr="Allocataires des CAF par IRIS au 31 décembre",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
