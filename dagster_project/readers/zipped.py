"""Producers' archives: the one data file a ZIP holds, taken out under limits; any other file is itself."""

import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

_DATA = {".csv", ".json", ".xml", ".xls", ".xlsx"}
_LARGEST = 6 << 30
# Delimited text shrinks by thirty or so; a bomb by thousands.
_MOST_SHRUNK = 300
_BLOCK = 1 << 20


class ArchiveError(ValueError):
    """An archive no data file can be taken from; the message is French."""


@contextmanager
def data_file(path: Path) -> Iterator[Path]:
    """The file to read: the path itself or, for a ZIP, its one data file, in a folder that lasts as long as this.

    Raises:
        ArchiveError: a ZIP that is damaged, holds no data file or several, or swells beyond reason.
    """
    if not _is_plain_zip(path):
        yield path
        return
    with TemporaryDirectory(prefix="bilan-") as folder:
        try:
            with zipfile.ZipFile(path) as archive:
                taken = _take_out(archive, _only_data_file(archive), Path(folder))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError) as error:
            raise ArchiveError(f"archive illisible ({error})") from error
        yield taken


def _is_plain_zip(path: Path) -> bool:
    """A ZIP that is not an office document."""
    if path.is_symlink() or not zipfile.is_zipfile(path):
        return False
    try:
        with zipfile.ZipFile(path) as archive:
            return not {"[Content_Types].xml", "mimetype"} & set(archive.namelist())
    except (zipfile.BadZipFile, OSError):
        return True


def _only_data_file(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if PurePosixPath(member.filename).suffix.lower() in _DATA and "meta" not in member.filename.lower()
    ]
    if len(members) != 1:
        names = ", ".join(member.filename for member in members[:5]) or "aucun"
        raise ArchiveError(f"un seul fichier de données attendu dans l'archive, trouvé : {names}. Déposez-les un à un")
    (member,) = members
    if member.file_size > _LARGEST or member.file_size > _MOST_SHRUNK * max(member.compress_size, 1):
        raise ArchiveError(f"{member.filename} : {member.file_size} octets une fois déplié, c'est trop")
    return member


def _take_out(archive: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> Path:
    """Only the last part of the member's name is used: what it says of folders is not trusted, nor is its size."""
    target = folder / PurePosixPath(member.filename.replace("\\", "/")).name
    with archive.open(member) as source, target.open("wb") as out:
        shutil.copyfileobj(source, out, _BLOCK)
    return target
