"""Typed tables out of CSV bytes: declared columns, kept markers, and a named defect for every cell refused."""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal, InvalidOperation

from dagster_project.readers.shown import shown

Value = str | int | bool | Decimal | date | None
Row = dict[str, Value]
_LONGEST_PLACE = 1_000


@dataclass(frozen=True)
class Reject:
    """A cell that was refused: where, what was found, what was expected, and what to do. Texts are French."""

    file: str
    row: int | None
    column_letter: str | None
    column: str | None
    found: str
    expected: str
    rule: str
    advice: str
    sheet: str | None = None

    @property
    def message(self) -> str:
        where = self.file
        if self.sheet:
            where += f", feuille {self.sheet}"
        if self.row is not None:
            where += f", ligne {self.row}"
        if self.column:
            named = f"{self.column_letter} ({self.column})" if self.column_letter else self.column
            where += f", colonne {named}"
        place, found = shown(where, _LONGEST_PLACE), shown(self.found)
        return f"{place} : trouvé « {found} », attendu {self.expected}. {self.advice}"


@dataclass
class ReadResult:
    """Rows kept and cells refused. ``rows_read == len(rows) + rows_set_aside``, always."""

    rows: list[Row] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    rows_read: int = 0
    rows_set_aside: int = 0


class CellError(ValueError):
    """A cell does not hold what its column declares; the message says what was expected, in French."""


@dataclass(frozen=True)
class Column:
    """One declared column: its name, SQL type, how its text becomes a value, and whether it may be blank."""

    name: str
    sql_type: str
    parse: Callable[[str], Value]
    required: bool = False


def text(value: str) -> str:
    """A cell kept as it is."""
    return value


def integer(value: str) -> int:
    """A whole number, without separators."""
    if not re.fullmatch(r"-?\d+", value):
        raise CellError("un nombre entier, sans séparateur")
    return int(value)


def decimal(value: str) -> Decimal:
    """An exact number, with a decimal point."""
    try:
        number = Decimal(value)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite():
        raise CellError("un nombre, avec un point pour les décimales et sans séparateur de milliers")
    return number


def boolean(value: str) -> bool:
    """``true`` or ``false``."""
    if value not in ("true", "false"):
        raise CellError("true ou false")
    return value == "true"


def iso_date(value: str) -> date:
    """A date, year first."""
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise CellError("une date AAAA-MM-JJ") from None


def one_of(*allowed: str) -> Callable[[str], Value]:
    """A parser that accepts these words only."""

    def parse(value: str) -> str:
        if value not in allowed:
            raise CellError("l'un de : " + ", ".join(allowed))
        return value

    return parse


def column_letter(index: int) -> str:
    """Spreadsheet letter of a zero-based column index."""
    letters = ""
    index += 1
    while index:
        index, remainder = divmod(index - 1, 26)
        letters = chr(ord("A") + remainder) + letters
    return letters


@dataclass(frozen=True)
class RowDefect:
    """A rule between cells of one row, broken; `column` is the cell a person should look at."""

    column: str
    expected: str
    rule: str
    advice: str


@dataclass(frozen=True)
class Layout:
    """The declared columns of a file, the rules each row obeys, and what the reader works out from a sound row."""

    name: str
    columns: tuple[Column, ...]
    row_rules: tuple[Callable[[Row], Iterable[RowDefect]], ...] = ()
    derived: tuple[Column, ...] = ()
    derive: Callable[[Row], Row] = lambda row: {}


def read_csv_table(layout: Layout, file: str, content: bytes) -> ReadResult:
    """Read a comma-separated UTF-8 file whose header names exactly the layout's columns, in any order.

    A row with a refused cell is set aside whole; every refused cell is reported.
    """
    result = ReadResult()
    try:
        decoded = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        result.rejects.append(_whole_file(file, f"octet {error.start}", "un fichier UTF-8", "encodage"))
        return result
    records = csv.reader(io.StringIO(decoded), strict=True)
    try:
        header = next(records, [])
        result.rejects += _header_rejects(layout, file, header)
        if not result.rejects:
            _read_records(layout, file, header, records, result)
    except csv.Error as error:
        result.rejects.append(_whole_file(file, str(error), "un CSV bien formé", "csv", records.line_num))
    return result


def _whole_file(file: str, found: str, expected: str, rule: str, row: int | None = None) -> Reject:
    advice = "Enregistrez le fichier en CSV UTF-8, virgule pour séparateur."
    return Reject(file, row, None, None, found, expected, rule, advice)


def _header_rejects(layout: Layout, file: str, header: list[str]) -> Iterator[Reject]:
    expected = {column.name for column in layout.columns}
    for name in sorted(expected - set(header)):
        yield Reject(file, 1, None, name, "colonne absente", f"« {name} »", "en-tête", "Ajoutez la colonne.")
    for index, name in enumerate(header):
        letter = column_letter(index)
        if name not in expected:
            yield Reject(file, 1, letter, name, name, "une colonne prévue", "en-tête", "Retirez-la ou renommez-la.")
        elif name in header[:index]:
            yield Reject(file, 1, letter, name, name, "une seule fois la colonne", "en-tête", "Retirez le doublon.")


def _read_records(
    layout: Layout, file: str, header: list[str], records: Iterator[list[str]], result: ReadResult
) -> None:
    letters = {name: column_letter(index) for index, name in enumerate(header)}
    for number, record in enumerate(records, start=2):
        if not any(record):
            continue
        result.rows_read += 1
        if len(record) != len(header):
            found, expected = f"{len(record)} cellules", f"{len(header)} cellules"
            rejects = [Reject(file, number, None, None, found, expected, "largeur", "Vérifiez virgules et guillemets.")]
            row: Row = {}
        else:
            cells = dict(zip(header, record, strict=True))
            row, rejects = _typed(layout, file, number, cells, letters)
        result.rejects += rejects
        if rejects:
            result.rows_set_aside += 1
        else:
            result.rows.append(row | layout.derive(row) | {"row_number": number})


def _typed(
    layout: Layout, file: str, number: int, cells: Mapping[str, str], letters: Mapping[str, str]
) -> tuple[Row, list[Reject]]:
    row: Row = {}
    rejects: list[Reject] = []

    def refuse(column: str, expected: str, rule: str, advice: str) -> None:
        rejects.append(Reject(file, number, letters[column], column, cells[column], expected, rule, advice))

    for column in layout.columns:
        cell = cells[column.name]
        if not cell:
            if column.required:
                refuse(column.name, "une valeur", "cellule obligatoire", "Remplissez la cellule.")
            row[column.name] = None
            continue
        try:
            row[column.name] = column.parse(cell)
        except CellError as error:
            refuse(column.name, str(error), "type de la cellule", "Corrigez la cellule.")
    if not rejects:
        for rule in layout.row_rules:
            for defect in rule(row):
                refuse(defect.column, defect.expected, defect.rule, defect.advice)
    return row, rejects
