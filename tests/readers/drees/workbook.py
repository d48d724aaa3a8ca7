"""Workbooks written by hand, cell by cell, in the format of DREES files."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from xml.sax.saxutils import escape

from python_calamine import CalamineWorkbook

from dagster_project.readers.cells import Reading
from dagster_project.readers.official import OfficialLayout
from dagster_project.readers.spreadsheet import Value
from dagster_project.readers.table import column_letter
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection

DATA = PROJECT.parent / "shared" / "data" / "drees"
Rows = list[list[Value]]

_TYPES = (
    '<?xml version="1.0" encoding="UTF-8"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/><Override PartName="/xl/workbook.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/></Types>'
)
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"


def write(path: Path, sheets: Mapping[str, Sequence[Sequence[Value]]], modified: str | None = "2020-12-22") -> Path:
    """Write a workbook; dates become serial numbers with a date format."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _links([("officeDocument", "xl/workbook.xml")]))
        names = "".join(
            f'<sheet name="{escape(name)}" sheetId="{number}" r:id="rId{number}"/>'
            for number, name in enumerate(sheets, start=1)
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets>{names}</sheets></workbook>'
        )
        targets = [("worksheet", f"worksheets/sheet{number}.xml") for number in range(1, len(sheets) + 1)]
        archive.writestr("xl/_rels/workbook.xml.rels", _links([*targets, ("styles", "styles.xml")]))
        archive.writestr(
            "xl/styles.xml",
            f'<styleSheet xmlns="{_MAIN}"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs>'
            "</styleSheet>",
        )
        for number, rows in enumerate(sheets.values(), start=1):
            archive.writestr(f"xl/worksheets/sheet{number}.xml", _sheet(rows))
        if modified:
            archive.writestr(
                "docProps/core.xml",
                f'<p xmlns:dcterms="x"><dcterms:modified xsi:type="y">{modified}T10:00:00Z</dcterms:modified></p>',
            )
    path.write_bytes(content.getvalue())
    return path


def _links(targets: list[tuple[str, str]]) -> str:
    links = "".join(
        f'<Relationship Id="rId{number}" Type="{_OFFICE}/{kind}" Target="{target}"/>'
        for number, (kind, target) in enumerate(targets, start=1)
    )
    return f'<Relationships xmlns="{_RELATIONS}">{links}</Relationships>'


def _sheet(rows: Sequence[Sequence[Value]]) -> str:
    lines = []
    for number, row in enumerate(rows, start=1):
        cells = "".join(
            _cell(f"{column_letter(index)}{number}", value) for index, value in enumerate(row) if value != ""
        )
        lines.append(f'<row r="{number}">{cells}</row>')
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(lines)}</sheetData></worksheet>'


def _cell(address: str, value: Value) -> str:
    if isinstance(value, date):
        return f'<c r="{address}" s="1"><v>{(value - date(1899, 12, 30)).days}</v></c>'
    if isinstance(value, int | float):
        return f'<c r="{address}"><v>{value!r}</v></c>'
    return f'<c r="{address}" t="inlineStr"><is><t xml:space="preserve">{escape(str(value))}</t></is></c>'


def load(path: Path) -> dict[str, Rows]:
    """Every sheet of a workbook, as rows one may change."""
    workbook = CalamineWorkbook.from_path(path)
    return {name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False) for name in workbook.sheet_names}


def read(layout: OfficialLayout, path: Path) -> Reading:
    """Read a file, on a connection of its own."""
    reading = Reading(new_connection(), path.name)
    layout.read(path, reading)
    return reading


def places(reading: Reading) -> list[tuple[str | None, int | None, str | None]]:
    """Where the reading refuses or flags something: sheet, row, column."""
    return [(one.sheet, one.row, one.column_letter) for one in (*reading.rejects, *reading.flags)]


def is_accounted_for(reading: Reading) -> bool:
    return reading.cells_read == reading.cells_kept + reading.cells_set_aside + len(reading.rejects)
