"""The one data file there is in what a producer published: taken out of its ZIP, and fit for a reader to open."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from dagster_project.readers.documents import check_compound, check_document
from dagster_project.readers.kinds import UnfitFileError, is_compound, refuse_cut, refuse_foreign
from dagster_project.readers.members import inflated, open_zip
from dagster_project.readers.official import LARGEST

_DATA = {".csv", ".json", ".xml", ".xls", ".xlsx"}
_OFFICE = {"[Content_Types].xml", "mimetype"}


@contextmanager
def data_file(path: Path, largest: int = LARGEST) -> Iterator[Path]:
    """The file to read: the path itself or, for a ZIP, its one data file, in a folder that lasts as long as this.

    Raises:
        UnfitFileError: of a foreign kind, larger than `largest` bytes, or packed in a way that cannot be trusted.
    """
    check_size(path.stat().st_size, largest)
    if _check_content(path):
        yield path
        return
    with TemporaryDirectory(prefix="bilan-") as folder:
        with open_zip(path) as archive:
            taken = _take_out(archive, _only_data_file(archive, largest), Path(folder))
        if not _check_content(taken):
            raise UnfitFileError(f"{taken.name} : une archive dans l'archive")
        yield taken


def _check_content(path: Path) -> bool:
    """Whether a file is data itself, and sound as such; False for a ZIP, which may hold some."""
    refuse_foreign(path)
    if is_compound(path):
        check_compound(path)
    if not zipfile.is_zipfile(path):
        refuse_cut(path)
        return True
    with open_zip(path) as archive:
        is_document = bool(_OFFICE & set(archive.namelist()))
        if is_document:
            check_document(archive)
    return is_document


def check_size(size: int, largest: int) -> None:
    """Refuse what is larger than its dataset may be.

    Raises:
        UnfitFileError: it is.
    """
    if size > largest:
        raise UnfitFileError(f"{size} octets : plus que la limite de ce jeu de données, {largest}")


def _only_data_file(archive: zipfile.ZipFile, largest: int) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if PurePosixPath(member.filename).suffix.lower() in _DATA and "meta" not in member.filename.lower()
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "aucun"
        raise UnfitFileError(
            f"un seul fichier de données attendu dans l'archive, trouvé : {names}. Déposez-les un à un"
        )
    check_size(members[0].file_size, largest)
    return members[0]


def _take_out(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    target = folder / PurePosixPath(member.filename.replace("\\", "/")).name
    with target.open("wb") as out:
        for block in inflated(archive, member):
            out.write(block)
    return target
