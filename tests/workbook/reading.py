"""Reading a workbook back, without the code that wrote it."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree
from python_calamine import CalamineWorkbook

from dagster_project.report.marts import Marts

ORIGIN = "Origine"
HEADER_ROW = 3
_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}"


def sheets_of(path: Path) -> dict[str, list[list[Any]]]:
    """Every sheet, as rows of cells."""
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in book.sheet_names}


def cell(sheet: list[list[Any]], reference: str) -> Any:
    """`B5` of a sheet."""
    row, column = position(reference)
    return sheet[row][column]


def position(reference: str) -> tuple[int, int]:
    match = re.fullmatch(r"\$?([A-Z]+)\$?(\d+)", reference)
    assert match
    column = 0
    for letter in match[1]:
        column = 26 * column + ord(letter) - ord("A") + 1
    return int(match[2]) - 1, column - 1


def is_number(value: object) -> bool:
    return isinstance(value, int | float | date | datetime) and not isinstance(value, bool)


def origins_of(sheets: dict[str, list[list[Any]]]) -> dict[tuple[str, int, int], tuple[str, str, str]]:
    """For every cell that shows a cell of a mart: which one."""
    return {
        (sheet, *position(reference)): (mart, key, column) for sheet, reference, mart, key, column in sheets[ORIGIN][1:]
    }


class Cells:
    """The cells of the marts, by table, key and column."""

    def __init__(self, marts: Marts) -> None:
        self._marts = marts
        self._tables: dict[str, dict[str, dict[str, Any]]] = {}

    def at(self, mart: str, key: str, column: str) -> Any:
        if mart not in self._tables:
            self._tables[mart] = {row.key: row for row in self._marts.table(mart)}
        return self._tables[mart][key][column]


def same(shown: Any, exact: Any) -> bool:
    """Whether a cell says what the mart says; a mart's nothing is never a number."""
    if exact is None:
        return isinstance(shown, str) and shown != ""
    if isinstance(exact, int | Decimal):
        return is_number(shown) and not isinstance(shown, date) and Decimal(repr(shown)) == Decimal(exact)
    if isinstance(exact, date):
        return bool(shown == exact)
    return _reads(shown, str(exact))


def _reads(shown: Any, period: str) -> bool:
    """Whether a cell says a period the mart has as a text: a year, a first day, the printed text, or words."""
    if re.fullmatch(r"\d{4}", period):
        return is_number(shown) and bool(shown == int(period))
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", period):
        return bool(shown == date(int(match[1]), (int(match[2]) - 1) * 3 + 1, 1))
    if match := re.fullmatch(r"(\d{4})-(\d{2})(?:-(\d{2}))?", period):
        return bool(shown == date(int(match[1]), int(match[2]), int(match[3] or 1)))
    words = r"du \d.*" if "/" in period else "période non précisée"
    return isinstance(shown, str) and (shown == period or bool(re.match(words, shown)))


def parts(path: Path, pattern: str) -> Iterator[tuple[str, Any]]:
    """The XML parts of a workbook whose names match."""
    with zipfile.ZipFile(path) as archive:
        for name in sorted(archive.namelist()):
            if re.search(pattern, name):
                yield name, etree.fromstring(archive.read(name))


def worksheets(path: Path) -> dict[str, Any]:
    """The XML of each sheet, by name."""
    (workbook,) = (xml for _, xml in parts(path, r"^xl/workbook\.xml$"))
    names = [sheet.get("name") for sheet in workbook.iter(f"{_MAIN}sheet")]
    numbered = {
        int(match[1]): xml
        for name, xml in parts(path, r"^xl/worksheets/sheet\d+\.xml$")
        if (match := re.search(r"(\d+)\.xml", name))
    }
    return {name: numbered[index] for index, name in enumerate(names, start=1)}


def element(xml: Any, name: str) -> Any:
    found = xml.find(f".//{_MAIN}{name}")
    assert found is not None, name
    return found


def has(xml: Any, name: str) -> bool:
    return xml.find(f".//{_MAIN}{name}") is not None


def series_of(path: Path) -> Iterator[tuple[str, list[tuple[int, int]], list[tuple[int, int]], bool]]:
    """Each series of each chart: the sheet it reads, the cells of its names or dates, those of its values, hollow?"""
    for _, xml in parts(path, r"^xl/charts/chart\d+\.xml$"):
        for series in xml.iter(f"{_CHART}ser"):
            names, values = (
                next(node.iterfind(f".//{_CHART}f")).text
                for tags in (("cat", "xVal"), ("val", "yVal"))
                for tag in tags
                if (node := series.find(f"{_CHART}{tag}")) is not None
            )
            sheet = values.rpartition("!")[0].strip("'")
            yield sheet, _cells(names), _cells(values), series.find(f"{_CHART}dPt") is not None


def _cells(formula: str) -> list[tuple[int, int]]:
    first, last = (position(one) for one in formula.rpartition("!")[2].split(":"))
    return [(row, column) for row in range(first[0], last[0] + 1) for column in range(first[1], last[1] + 1)]
