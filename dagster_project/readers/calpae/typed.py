"""What a person typed in a cell: numbers by hand, and what a workbook's values alone do not show (formulas, errors)."""

import datetime
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from zipfile import ZipFile

from lxml import etree

from dagster_project.readers.spreadsheet import Value

_BLANKS = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\t\r\n", " "))
_NUMBER = re.compile(r"(?P<whole>[0-9]+|[0-9]{1,3}(?: [0-9]{3})+)(?:[.,](?P<decimals>[0-9]+))?")
# 1,234 may be a thousand and some, or one and some: only a person knows.
_THOUSANDS_OR_DECIMALS = 3
_MOST_DECIMALS = 6
_ABSURD = 10**15
_SHEET_BYTES = 50_000_000
_REFERENCE = re.compile(r"([A-Z]{1,3})([0-9]{1,7})")
_UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, etree.XMLSyntaxError, KeyError, ValueError, OSError,
    NotImplementedError, RuntimeError, EOFError,
)  # fmt: skip

Address = tuple[int, int]


class UnreadableNumberError(ValueError):
    """What stands in the cell is not a number: ``expected`` and ``advice`` are French."""

    def __init__(self, expected: str, advice: str) -> None:
        super().__init__(expected)
        self.expected = expected
        self.advice = advice


@dataclass
class Oddities:
    """Cells of a sheet that hold a formula, and those that hold an error (``#REF!``), by row (from 1) and column."""

    formulas: set[Address] = field(default_factory=set)
    errors: dict[Address, str] = field(default_factory=dict)


def words(written: Value) -> str:
    """What a person reads in the cell, without the blanks around."""
    if isinstance(written, float) and written.is_integer():
        return str(int(written))
    if isinstance(written, bool):
        return "VRAI" if written else "FAUX"
    if isinstance(written, datetime.date):
        return f"{written:%d/%m/%Y}"
    return " ".join(str(written).translate(_BLANKS).split())


def read_count(written: Value) -> int:
    """A whole number, zero or more, however it is typed.

    Raises:
        UnreadableNumberError: it is none, or may be two.
    """
    number = read_number(written)
    if number != number.to_integral_value():
        raise UnreadableNumberError(
            "un nombre entier", "Un dénombrement n'a pas de décimale : tapez le nombre entier, sans séparateur."
        )
    return int(number)


def read_number(written: Value) -> Decimal:
    """A number, zero or more: ``1234``, ``1 234``, ``31,5``, ``31.5``, as a number or as text.

    Raises:
        UnreadableNumberError: it is none, or may be two.
    """
    if isinstance(written, bool):
        raise UnreadableNumberError("un nombre", "La cellule porte VRAI ou FAUX : tapez le nombre.")
    if isinstance(written, datetime.date | datetime.time | datetime.timedelta):
        raise UnreadableNumberError(
            "un nombre",
            "Le tableur a fait une date de ce qui a été tapé : tapez le nombre à nouveau, en format Nombre.",
        )
    number = Decimal(repr(written)) if isinstance(written, float | int) else _from_text(words(written))
    if number < 0:
        raise UnreadableNumberError("un nombre positif ou nul", "Corrigez le signe, ou le nombre.")
    if number > _ABSURD:
        raise UnreadableNumberError("un nombre de moins de seize chiffres", "Vérifiez le nombre de chiffres.")
    rounded = round(number, _MOST_DECIMALS)
    return number if number == rounded else rounded


def _from_text(typed: str) -> Decimal:
    if typed.startswith(("-", "−")):
        raise UnreadableNumberError("un nombre positif ou nul", "Corrigez le signe, ou le nombre.")
    if typed.endswith("%"):
        raise UnreadableNumberError(
            "un nombre, jamais un pourcentage", "Tapez le nombre lui-même : le pourcentage se calcule seul."
        )
    found = _NUMBER.fullmatch(typed)
    if found is None:
        raise UnreadableNumberError(
            "un nombre seul, sans texte ni unité",
            "Tapez le nombre seul. Si vous ne l'avez pas, laissez la cellule vide et choisissez un signe "
            "dans la colonne Signe ; une précision va dans Commentaire.",
        )
    decimals = found["decimals"] or ""
    if len(decimals) >= _THOUSANDS_OR_DECIMALS:
        raise UnreadableNumberError(
            "un nombre qui ne se lit que d'une façon",
            "Le séparateur est-il celui des milliers ou des décimales ? Tapez le nombre sans séparateur.",
        )
    return Decimal(found["whole"].replace(" ", "") + (f".{decimals}" if decimals else ""))


def oddities_of(path: Path) -> dict[str, Oddities] | None:
    """Formulas and errors of every sheet of an XLSX, by sheet name; None where the file is not one."""
    try:
        with ZipFile(path) as archive:
            return {name: _oddities(archive, part) for name, part in _parts(archive).items()}
    except _UNREADABLE:
        return None


def _parts(archive: ZipFile) -> dict[str, str]:
    relations = {
        str(relation.get("Id")): str(relation.get("Target"))
        for relation in _root(archive, "xl/_rels/workbook.xml.rels").iterfind("{*}Relationship")
    }
    parts = {}
    for sheet in _root(archive, "xl/workbook.xml").iterfind("{*}sheets/{*}sheet"):
        target = relations[next((str(value) for name, value in sheet.attrib.items() if str(name).endswith("}id")), "")]
        parts[str(sheet.get("name"))] = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
    return parts


def _oddities(archive: ZipFile, part: str) -> Oddities:
    found = Oddities()
    for row in _root(archive, part).iterfind("{*}sheetData/{*}row"):
        for cell in row.iterfind("{*}c"):
            has_formula, is_error = cell.find("{*}f") is not None, cell.get("t") == "e"
            if has_formula or is_error:
                address = _address(str(cell.get("r")))
                if has_formula:
                    found.formulas.add(address)
                if is_error:
                    found.errors[address] = cell.findtext("{*}v") or "#ERREUR"
    return found


def _address(reference: str) -> Address:
    match = _REFERENCE.fullmatch(reference)
    if match is None:
        raise ValueError(reference)
    column = 0
    for letter in match[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return int(match[2]), column - 1


def _root(archive: ZipFile, part: str) -> etree._Element:
    if archive.getinfo(part).file_size > _SHEET_BYTES:
        raise ValueError(part)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    return etree.fromstring(archive.read(part), parser)
