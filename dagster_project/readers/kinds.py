"""What a file is, whatever its name says: the kinds no reader opens are refused before any tries."""

from pathlib import Path

_HEAD = 1 << 12
_COMPOUND = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_DIRECTORY_SECTOR = 512
_SIGNATURES = (
    (0, b"%PDF", "un PDF"),
    (0, b"\x1f\x8b", "une archive gzip : décompressez-la"),
    (0, b"7z\xbc\xaf\x27\x1c", "une archive 7z : décompressez-la"),
    (0, b"Rar!", "une archive RAR : décompressez-la"),
    (0, b"\xfd7zXZ", "une archive xz : décompressez-la"),
    (0, b"BZh", "une archive bzip2 : décompressez-la"),
    (0, b"\x28\xb5\x2f\xfd", "une archive zstd : décompressez-la"),
    (257, b"ustar", "une archive tar : déposez les fichiers un à un"),
    (0, b"MZ", "un programme"),
    (0, b"\x7fELF", "un programme"),
    (0, b"#!", "un programme"),
    (0, b"\x89PNG", "une image"),
    (0, b"\xff\xd8\xff", "une image"),
    (0, b"{\\rtf", "un texte mis en forme"),
    (0, b"PAR1", "une table Parquet"),
    (0, b"SQLite format 3", "une base SQLite"),
)
_MARKUP = (b"<!doctype html", b"<html")
_ZIP = b"PK"
_MEMBER = b"PK\x03\x04"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# JSON and XML may stand on one line.
_STRUCTURED = (b"{", b"[", b"<")
_BLOCK = 1 << 20
_MOST_COLUMNS = 4_096
DAMAGED = "le fichier est abîmé : copiez-le ou téléchargez-le de nouveau"


class UnfitFileError(ValueError):
    """A file no reader may open, for what it is or for what it would become; the message is French."""


def refuse_foreign(path: Path) -> None:
    """Let text and workbooks through.

    Raises:
        UnfitFileError: the file is of another kind, is encrypted, or holds macros.
    """
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise UnfitFileError("le fichier est vide")
    for offset, signature, kind in _SIGNATURES:
        if head[offset:].startswith(signature):
            raise UnfitFileError(f"c'est {kind}, quoi que dise le nom du fichier ; un tableau ou un texte est attendu")
    if head.lstrip().lower().startswith(_MARKUP):
        raise UnfitFileError("c'est une page web ; téléchargez le fichier lui-même")
    if head.startswith(_COMPOUND):
        _refuse_guarded(path)
    elif not head.startswith(_ZIP):
        _refuse_broken_text(path, head)


def refuse_cut(path: Path) -> None:
    """Refuse what begins as a ZIP, or a workbook, and does not end as one.

    Raises:
        UnfitFileError: it does.
    """
    with path.open("rb") as file:
        if file.read(len(_MEMBER)) == _MEMBER:
            raise UnfitFileError(f"classeur ou archive dont la fin manque, {DAMAGED}")


def is_compound(path: Path) -> bool:
    """Whether a file is an office document of before 2007 (XLS)."""
    with path.open("rb") as file:
        return file.read(len(_COMPOUND)) == _COMPOUND


def _refuse_broken_text(path: Path, head: bytes) -> None:
    """What would take a reader of tables long to refuse: bytes that are no text, lines and headers without an end."""
    is_wide = head.startswith(_UTF_16) or head[1:2] == b"\0"
    is_table = not head.removeprefix(b"\xef\xbb\xbf").lstrip(b"\0\r\n\t \xff\xfe").startswith(_STRUCTURED)
    with path.open("rb") as file:
        block = file.read(_BLOCK)
        columns = max(block.partition(b"\n")[0].count(delimiter) for delimiter in (b";", b",", b"\t"))
        if is_table and columns >= _MOST_COLUMNS:
            raise UnfitFileError(f"plus de {_MOST_COLUMNS} colonnes ; aucun jeu de données n'en a tant")
        while block:
            if not is_wide and b"\0" in block:
                raise UnfitFileError("des octets nuls : ce n'est pas un texte")
            following = file.read(_BLOCK)
            if is_table and following and b"\n" not in block:
                raise UnfitFileError("une ligne de plus d'un million d'octets : ce n'est pas un tableau")
            block = following


def _refuse_guarded(path: Path) -> None:
    """An office document of before 2007, or the envelope of an encrypted one: its streams are named in UTF-16."""
    streams = _stream_names(path)
    if "EncryptedPackage" in streams:
        raise UnfitFileError("le classeur est chiffré : enregistrez-le sans mot de passe")
    if {"_VBA_PROJECT", "_VBA_PROJECT_CUR"} & streams:
        raise UnfitFileError("le classeur contient des macros : enregistrez-le sans elles, en .xlsx")


def _stream_names(path: Path) -> set[str]:
    """Names in the directory of a compound file; a damaged one has those that can be found."""
    entries: set[str] = set()
    with path.open("rb") as file:
        while sector := file.read(_DIRECTORY_SECTOR):
            for start in range(0, len(sector) - 127, 128):
                entry = sector[start : start + 128]
                length, kind = int.from_bytes(entry[64:66], "little"), entry[66]
                # Storage, stream or root; a name has at most 32 characters, its end mark among them.
                if kind in (1, 2, 5) and 2 <= length <= 64 and entry[length - 2 : 64].count(0) == 66 - length:
                    entries.add(entry[: length - 2].decode("utf-16-le", errors="replace"))
    return entries
