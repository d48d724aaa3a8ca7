"""The members of a ZIP, believed only once inflated: what a directory says is held against what is there."""

import stat
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import IO

from dagster_project.readers.kinds import DAMAGED, UnfitFileError

# Producers' files shrink by thirty or so; a bomb by a thousand.
_MOST_SHRUNK = 100
_ANY = 1 << 20
_MOST_MEMBERS = 2_000
_MOST_DIRECTORY = 4 << 20
_ENCRYPTED = 0x1
_BLOCK = 1 << 18
UNREADABLE = (
    zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, NotImplementedError, RuntimeError, OSError, EOFError,
)  # fmt: skip


def open_zip(path: Path) -> zipfile.ZipFile:
    """A ZIP whose directory can be read at leisure, and whose members are sound.

    Raises:
        UnfitFileError: damaged, encrypted, with too many members, or whose members overlap, leave their folder, are
            links, or swell beyond reason.
    """
    with path.open("rb") as file:
        if not file.read(4).startswith(b"PK"):
            raise UnfitFileError("ce fichier est deux choses à la fois : une archive se cache derrière son début")
    try:
        archive = zipfile.ZipFile(path)
    except (*UNREADABLE, ValueError) as error:
        raise UnfitFileError(f"archive illisible, {DAMAGED} ({error})") from error
    try:
        _check(archive, path.stat().st_size)
    except UnfitFileError:
        archive.close()
        raise
    return archive


def _check(archive: zipfile.ZipFile, size: int) -> None:
    members = archive.infolist()
    if len(members) > _MOST_MEMBERS or size - archive.start_dir > _MOST_DIRECTORY:
        raise UnfitFileError(f"l'archive a {len(members)} fichiers, {_MOST_MEMBERS} au plus sont admis")
    for member in members:
        _check_member(member)
    if sum(member.file_size for member in members) > _ANY + _MOST_SHRUNK * size:
        raise UnfitFileError("les fichiers de l'archive, une fois dépliés, sont trop gros pour elle")
    end = 0
    for member in sorted(members, key=lambda one: one.header_offset):
        if member.header_offset < end:
            raise UnfitFileError(f"{member.filename} : recouvre un autre fichier de l'archive")
        end = member.header_offset + member.compress_size
    if end > archive.start_dir:
        raise UnfitFileError("les fichiers de l'archive débordent sur son index")
    if len({member.filename for member in members}) < len(members):
        raise UnfitFileError("l'archive donne deux fois le même nom")


def _check_member(member: zipfile.ZipInfo) -> None:
    name = member.orig_filename
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or ":" in name or "\0" in name:
        raise UnfitFileError(f"{name} : un nom qui sort de l'archive")
    if stat.S_ISLNK(member.external_attr >> 16):
        raise UnfitFileError(f"{name} : un lien symbolique")
    if member.flag_bits & _ENCRYPTED:
        raise UnfitFileError(f"{name} : chiffré ; enregistrez l'archive sans mot de passe")
    if member.file_size > _ANY + _MOST_SHRUNK * member.compress_size:
        raise UnfitFileError(f"{name} : {member.file_size} octets une fois déplié, c'est trop")


def inflated(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Iterator[bytes]:
    """The content of a member, block after block.

    Raises:
        UnfitFileError: damaged, or longer than the directory says.
    """
    length = 0
    try:
        with archive.open(member) as content:
            while block := _more(content):
                length += len(block)
                if length > member.file_size:
                    raise UnfitFileError(f"{member.filename} : plus long que l'archive ne le dit")
                yield block
    except (*UNREADABLE, ValueError) as error:
        if isinstance(error, UnfitFileError):
            raise
        raise UnfitFileError(f"{member.filename} : illisible, {DAMAGED} ({error})") from error


def _more(content: IO[bytes]) -> bytes:
    return content.read(_BLOCK)
