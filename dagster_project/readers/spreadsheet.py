"""Workbooks of any kind (XLS, XLSX, Strict OOXML, ODS) as sheets of cells, each with its address."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.readers.cells import Reading
from dagster_project.readers.table import column_letter

Value = str | float | bool | datetime.date | datetime.datetime | datetime.time | datetime.timedelta | int


@dataclass(frozen=True)
class Sheet:
    """A sheet as it is written: ``rows[0][0]`` is cell A1; a blank cell is an empty string."""

    name: str
    rows: list[list[Value]]

    def cell(self, row: int, index: int) -> Value:
        """The cell at a row (1 is the first) and a column (0 is A); blank beyond the sheet."""
        if row > len(self.rows) or index >= len(self.rows[row - 1]):
            return ""
        return self.rows[row - 1][index]

    def column(self, index: int) -> str:
        return column_letter(index)

    def rows_from(self, first: int) -> Iterator[tuple[int, list[Value]]]:
        """Rows with their numbers, from this one on."""
        yield from enumerate(self.rows[first - 1 :], start=first)


def open_workbook(reading: Reading, path: Path) -> CalamineWorkbook | None:
    """Open a workbook; None, with the reason refused, where it is not one."""
    try:
        return CalamineWorkbook.from_path(path)
    except (CalamineError, OSError) as error:
        reading.reject(
            found=str(error)[:80], expected="un classeur XLS, XLSX ou ODS lisible", rule="classeur",
            advice="Téléchargez le fichier à nouveau : il est tronqué ou n'est pas un classeur.",
        )  # fmt: skip
        return None


def sheet(workbook: CalamineWorkbook, name: str) -> Sheet:
    """A sheet, blank margins included, so that addresses are the ones people see."""
    return Sheet(name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))


def sheet_names(path: Path) -> tuple[str, ...]:
    """The names of the sheets of a workbook: enough to recognise it. Empty when it is not one."""
    try:
        return tuple(CalamineWorkbook.from_path(path).sheet_names)
    except (CalamineError, OSError):
        return ()
