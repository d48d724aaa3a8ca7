"""Workbooks, before a reader expands them: what the parts of a package (XLSX, ODS) are and hold."""

import re
import zipfile
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.readers.kinds import DAMAGED, UnfitFileError
from dagster_project.readers.members import inflated

_MOST_INFLATED = 256 << 20
_MARKUP = (".xml", ".rels", ".vml")
# A declaration of document type, in any encoding a parser would accept; no office document has one.
_DECLARATIONS = tuple("<!DOCTYPE".encode(encoding) for encoding in ("ascii", "utf-16-le", "utf-16-be"))
_OVERLAP = 256
_NO_TABLE = ("word/", "ppt/")
# The address of a cell that holds something: a styled but empty cell stops at once.
_FILLED = re.compile(rb'\sr="([A-Z]{3,})([0-9]{1,7})"[^>]*(?<!/)>(?!\s*</)')
_LAST_COLUMN = "ZZ"
_REPEATED = re.compile(rb'table:number-(?:columns|rows)-repeated="([0-9]+)"[^>]*office:value')


def check_document(archive: zipfile.ZipFile) -> None:
    """Go through every part of a workbook, without keeping any.

    Raises:
        UnfitFileError: a text, macros, a document type (entities would follow), a part that lies, or cells so far apart
            that the sheet between them would not fit in memory.
    """
    members = archive.infolist()
    if any(member.filename.startswith(_NO_TABLE) for member in members):
        raise UnfitFileError(
            "un texte ou une présentation, ni un tableau ni un classeur : enregistrez-le en .xlsx ou .csv"
        )
    if any(member.filename.lower().endswith("vbaproject.bin") for member in members):
        raise UnfitFileError("le classeur contient des macros : enregistrez-le sans elles, en .xlsx")
    if sum(member.file_size for member in members) > _MOST_INFLATED:
        raise UnfitFileError(f"le classeur dépasse {_MOST_INFLATED >> 20} Mo une fois déplié")
    for member in members:
        before = b""
        for block in inflated(archive, member):
            if member.filename.lower().endswith(_MARKUP):
                _check_markup(member.filename, before + block)
                before = block[-_OVERLAP:]


def check_compound(path: Path) -> None:
    """Make sure a workbook of before 2007 is whole.

    Raises:
        UnfitFileError: it is cut or damaged.
    """
    try:
        CalamineWorkbook.from_path(path)
    except CalamineError as error:
        raise UnfitFileError(f"classeur illisible, {DAMAGED} ({error})") from error


def _check_markup(part: str, text: bytes) -> None:
    if any(declaration in text for declaration in _DECLARATIONS):
        raise UnfitFileError(f"{part} : une DTD, qui n'a pas sa place dans un classeur")
    if found := _FILLED.search(text):
        address = (found[1] + found[2]).decode()
        raise UnfitFileError(f"{part} : une cellule remplie en {address}, au-delà de la colonne {_LAST_COLUMN}")
    for repeated in _REPEATED.findall(text):
        if int(repeated) > 10_000:
            raise UnfitFileError(f"{part} : une même cellule répétée {int(repeated)} fois")
