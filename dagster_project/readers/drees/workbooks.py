"""What DREES workbooks have in common: titles above their tables, and the date in their properties."""

import re
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.readers.cells import Reading
from dagster_project.readers.nomenclature import plain
from dagster_project.readers.official import EditionFacts
from dagster_project.readers.spreadsheet import Sheet, Value, sheet

ORIGINAL = "Reprenez le fichier d'origine de la DREES."
_TITLE_ROWS = 5
_ANNOUNCED = re.compile(r"\s*Tableau\s")
_WORDS_ONLY = re.compile(r"sommaire|lisez moi|lisezmoi|presentation|methode|avertissement|note")
_ZIP = b"PK\x03\x04"


def title_in(rows: list[list[Value]]) -> str:
    """The title of a sheet: the first text of its first rows."""
    texts = (cell.strip() for row in rows[:_TITLE_ROWS] for cell in row[:3] if isinstance(cell, str))
    return next((text for text in texts if text), "")


def titles(path: Path) -> Iterator[tuple[str, str]]:
    """Name and title of each sheet, one after the other; nothing where the file is not an XLSX workbook."""
    try:
        with path.open("rb") as file:
            if file.read(len(_ZIP)) != _ZIP:
                return
        workbook = CalamineWorkbook.from_path(path)
        for name in workbook.sheet_names:
            yield name, title_in(workbook.get_sheet_by_name(name).to_python(skip_empty_area=False, nrows=_TITLE_ROWS))
    except (CalamineError, OSError, ValueError):
        return


def modified_on(path: Path) -> date | None:
    """The date a workbook was last modified, from its properties."""
    try:
        with zipfile.ZipFile(path) as archive:
            properties = archive.read("docProps/core.xml").decode("utf-8", errors="replace")
        match = re.search(r"<dcterms:modified[^>]*>(\d{4}-\d{2}-\d{2})T", properties)
        return date.fromisoformat(match[1]) if match else None
    except (OSError, ValueError, KeyError, NotImplementedError, RuntimeError, zipfile.BadZipFile):
        return None


def edition_by_properties(path: Path, label: str | None = None) -> EditionFacts:
    """The edition a workbook's properties tell: the month of its last change, unless it states a label of its own."""
    modified = modified_on(path)
    if modified is None:
        return EditionFacts(label or "")
    return EditionFacts(
        label or f"{modified:%Y-%m}",
        published_not_after=modified,
        basis="date de dernière modification du classeur (docProps/core.xml)",
    )


def refuse_lost_sheets(reading: Reading, workbook: CalamineWorkbook) -> None:
    """Refuse a workbook that holds fewer tables than its own contents page announces."""
    contents = [name for name in workbook.sheet_names if plain(name) == "sommaire"]
    if not contents:
        return
    announced = [
        cell
        for row in sheet(workbook, contents[0]).rows
        for cell in row
        if isinstance(cell, str) and _ANNOUNCED.match(cell)
    ]
    tables = [name for name in workbook.sheet_names if not _WORDS_ONLY.search(plain(name))]
    if len(tables) < len(announced):
        reading.reject(
            found=f"{len(tables)} tableaux : {', '.join(tables)}",
            expected=f"les {len(announced)} que le sommaire annonce",
            rule="feuilles attendues", advice=ORIGINAL, sheet=contents[0],
        )  # fmt: skip


def refuse(
    reading: Reading,
    page: Sheet,
    row: int,
    index: int,
    *,
    found: object,
    expected: str,
    rule: str,
    name: str = "en-tête",
) -> None:
    """Refuse a cell of a sheet, by its row and its zero-based column."""
    reading.reject(
        found=found, expected=expected, rule=rule, advice=ORIGINAL, row=row, column=page.column(index), name=name,
        sheet=page.name,
    )  # fmt: skip
