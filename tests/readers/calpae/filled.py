"""Fills a template as a person would, and breaks it as a person might: the sheets' XML is edited in place."""

import datetime
import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

from lxml import etree

from dagster_project.readers.calpae import form

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


@dataclass(frozen=True)
class Formula:
    """A formula, and the value the workbook keeps for it."""

    text: str
    cached: float | str = 0.0


@dataclass(frozen=True)
class Fault:
    """An error value, as ``#REF!``."""

    text: str


Content = str | float | bool | datetime.date | Formula | Fault | None
Edits = Mapping[tuple[str, str], Content]


class Book:
    """The parts of a workbook, to be changed and saved."""

    def __init__(self, path: Path) -> None:
        with ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}

    def save(self, path: Path) -> Path:
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name, content in self.parts.items():
                archive.writestr(name, content)
        return path

    @property
    def sheets(self) -> dict[str, str]:
        """The part of each sheet, by name."""
        relations = etree.fromstring(self.parts["xl/_rels/workbook.xml.rels"])
        targets = {str(one.get("Id")): f"xl/{one.get('Target')}" for one in relations}
        workbook = etree.fromstring(self.parts["xl/workbook.xml"])
        return {
            str(one.get("name")): targets[str(one.get(RELATION))] for one in workbook.iterfind("{*}sheets/{*}sheet")
        }

    def edit(self, sheet: str, change: Callable[[etree._Element], None]) -> None:
        """Change the XML of a sheet."""
        part = self.sheets[sheet]
        root = etree.fromstring(self.parts[part])
        change(root)
        self.parts[part] = etree.tostring(root)

    def rename(self, sheet: str, name: str) -> None:
        self._workbook(lambda root: _sheet_element(root, sheet).set("name", name))

    def remove(self, sheet: str) -> None:
        def drop(root: etree._Element) -> None:
            element = _sheet_element(root, sheet)
            parent = element.getparent()
            assert parent is not None
            parent.remove(element)

        self._workbook(drop)

    def add(self, name: str, like: str | None = None, cells: Edits | None = None) -> None:
        """Add a sheet, empty or a copy of another."""
        empty = f'<worksheet xmlns="{MAIN}"><sheetData/></worksheet>'.encode()
        self.parts["xl/worksheets/added.xml"] = self.parts[self.sheets[like]] if like else empty
        relations = etree.fromstring(self.parts["xl/_rels/workbook.xml.rels"])
        added = deepcopy(relations[0])
        added.set("Id", "rIdAdded")
        added.set("Target", "worksheets/added.xml")
        relations.append(added)
        self.parts["xl/_rels/workbook.xml.rels"] = etree.tostring(relations)

        def append(root: etree._Element) -> None:
            sheets = root.find("{*}sheets")
            assert sheets is not None
            element = etree.SubElement(sheets, f"{{{MAIN}}}sheet", name=name, sheetId="99")
            element.set(RELATION, "rIdAdded")

        self._workbook(append)
        self.write(cells or {})

    def write(self, edits: Edits) -> None:
        """Put a content in cells, addressed as people do: ``("Identification", "B8")``."""
        date_style = self._style(form.IDENTIFICATION, "B11")
        for (sheet, reference), content in edits.items():
            self.edit(sheet, lambda root, at=reference, put=content: _put(_cell(root, at), put, date_style))  # type: ignore[misc]

    def insert_row(self, sheet: str, before: int, copy_of: int | None = None) -> None:
        """Insert a row, blank or the copy of another, as a spreadsheet does: what is below moves down."""

        def insert(root: etree._Element) -> None:
            data = root.find("{*}sheetData")
            assert data is not None
            rows = {int(str(row.get("r"))): row for row in data}
            new = etree.Element(f"{{{MAIN}}}row") if copy_of is None else deepcopy(rows[copy_of])
            for number, row in rows.items():
                if number >= before:
                    _renumber(row, number + 1)
            _renumber(new, before)
            data.insert(sum(number < before for number in rows), new)

        self.edit(sheet, insert)

    def delete_row(self, sheet: str, at: int) -> None:
        """Delete a row: what is below moves up."""

        def delete(root: etree._Element) -> None:
            data = root.find("{*}sheetData")
            assert data is not None
            for row in list(data):
                number = int(str(row.get("r")))
                if number == at:
                    data.remove(row)
                elif number > at:
                    _renumber(row, number - 1)

        self.edit(sheet, delete)

    def _style(self, sheet: str, reference: str) -> str:
        if sheet not in self.sheets:
            return "0"
        return _cell(etree.fromstring(self.parts[self.sheets[sheet]]), reference).get("s") or "0"

    def _workbook(self, change: Callable[[etree._Element], None]) -> None:
        root = etree.fromstring(self.parts["xl/workbook.xml"])
        change(root)
        self.parts["xl/workbook.xml"] = etree.tostring(root)


def _sheet_element(root: etree._Element, name: str) -> etree._Element:
    return next(one for one in root.iterfind("{*}sheets/{*}sheet") if one.get("name") == name)


def _renumber(row: etree._Element, number: int) -> None:
    row.set("r", str(number))
    for cell in row:
        cell.set("r", re.sub("[0-9]+", str(number), str(cell.get("r"))))


def _order(reference: str) -> tuple[int, str]:
    letters = re.sub("[0-9]", "", reference)
    return len(letters), letters


def _cell(root: etree._Element, reference: str) -> etree._Element:
    data = root.find("{*}sheetData")
    assert data is not None
    number = int(re.sub("[A-Z]", "", reference))
    row = next((one for one in data if one.get("r") == str(number)), None)
    if row is None:
        row = etree.Element(f"{{{MAIN}}}row", r=str(number))
        data.insert(sum(int(str(one.get("r"))) < number for one in data), row)
    cell = next((one for one in row if one.get("r") == reference), None)
    if cell is None:
        cell = etree.Element(f"{{{MAIN}}}c", r=reference)
        row.insert(sum(_order(str(one.get("r"))) < _order(reference) for one in row), cell)
    return cell


def _put(cell: etree._Element, content: Content, date_style: str) -> None:
    for child in list(cell):
        cell.remove(child)
    cell.attrib.pop("t", "")
    match content:
        case None:
            return
        case Formula():
            _text(cell, "f", content.text)
            if isinstance(content.cached, str):
                cell.set("t", "str")
            _text(cell, "v", str(content.cached))
        case Fault():
            cell.set("t", "e")
            _text(cell, "v", content.text)
        case bool():
            cell.set("t", "b")
            _text(cell, "v", str(int(content)))
        case datetime.date():
            cell.set("s", date_style)
            _text(cell, "v", str((content - datetime.date(1899, 12, 30)).days))
        case str():
            cell.set("t", "inlineStr")
            inline = etree.SubElement(cell, f"{{{MAIN}}}is")
            text = _text(inline, "t", content)
            text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
        case _:
            _text(cell, "v", repr(content))


def _text(parent: etree._Element, tag: str, text: str) -> etree._Element:
    element = etree.SubElement(parent, f"{{{MAIN}}}{tag}")
    element.text = text
    return element
