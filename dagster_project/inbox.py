"""The drop zone: a file copied into ``raw/inbox/`` is recognised by its content, read whole, and filed as an edition.

A file that is refused stays where it is, with the reasons beside it; it is not read again until it changes. Nobody has
looked at what waits here: it is read in a process of its own, under limits, and its name is not trusted either.
"""

import hashlib
import os
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from stat import S_IMODE

from dagster_project.archive import ChangedMeanwhileError, NewEdition, archive, archived_as, safe_name
from dagster_project.catalogue import INBOX, Publication
from dagster_project.hashing import input_sha256
from dagster_project.readers.official import LARGEST, EditionFacts, OfficialLayout
from dagster_project.readers.shown import shown

_REFUSAL = ".refus.txt"
# Hidden files, and what Excel and LibreOffice leave beside a workbook that is open.
_PASSING = (".", "~$")
_DIGEST = "Empreinte du fichier refusé : "
_RESTRICTED = "restreint"
_LONGEST_NAME = 255


@dataclass(frozen=True)
class Filed:
    """What became of a dropped file: the edition it is now, or the reasons it was refused. French."""

    name: str
    edition: str | None
    messages: tuple[str, ...]


@dataclass(frozen=True)
class _Refusal:
    """Why a file is refused, in the note beside it. Reasons quote cells."""

    note: Path
    reasons: tuple[str, ...]
    is_restricted: bool

    def told(self, name: str) -> tuple[str, ...]:
        """What anybody may hear: the log, the manifest and the alerts have more readers than a restricted file."""
        if not self.is_restricted:
            return self.reasons
        defects = f"{len(self.reasons)} défauts" if len(self.reasons) > 1 else "1 défaut"
        return (f"{name} : {defects}, d'accès restreint comme le fichier : voir {INBOX}/{shown(self.note.name)}.",)


def waiting(raw: Path) -> list[Path]:
    """The files a person dropped, in name order."""
    inbox = raw / INBOX
    if not inbox.is_dir():
        return []
    return sorted(
        path
        for path in inbox.iterdir()
        if not path.name.startswith(_PASSING) and not path.name.endswith(_REFUSAL) and path.name != "README.md"
    )


def listing_digest(raw: Path) -> str | None:
    """One hash for all that waits in the inbox, names and contents; None when it is empty."""
    listed = [os.fsencode(path.name) + b"\0" + _identity(path).encode() for path in waiting(raw)]
    return hashlib.sha256(b"\n".join(listed)).hexdigest() if listed else None


def file_inbox(raw: Path, today: date) -> list[Filed]:
    """File every waiting file that can be, and say what became of each. One already refused is not read again."""
    return [_file(raw, path, today) for path in waiting(raw)]


def refusals(raw: Path) -> list[str]:
    """What is told of the waiting files that are known to be refused, and need not be read again."""
    return [message for path in waiting(raw) for message in _refused_before(path) or ()]


def is_unread(raw: Path) -> bool:
    """Whether a file waits that nobody has read, or that has changed since it was refused."""
    return any(_refused_before(path) is None for path in waiting(raw))


def _identity(path: Path) -> str:
    """The hash of what waits; of what will not be read anyway, why."""
    try:
        return _unreadable(path) or input_sha256(path)
    except OSError as error:
        return str(error)


def _unreadable(path: Path) -> str | None:
    """Why a file is not even opened: opening a pipe would wait for ever, reading a disk would not end."""
    if path.is_symlink() or not path.is_file():
        return "ni lien, ni dossier, ni tube : déposez le fichier lui-même"
    size = path.stat().st_size
    return f"{size} octets, plus qu'aucun jeu de données n'en admet ({LARGEST})" if size > LARGEST else None


def _file(raw: Path, path: Path, today: date) -> Filed:
    name = shown(path.name)
    if told := _refused_before(path):
        return Filed(name, None, told)
    try:
        return _file_readable(raw, path, name, today)
    except OSError as error:
        return Filed(name, None, (_untouched(name, error),))


def _refused_before(path: Path) -> tuple[str, ...] | None:
    """What is told of a file that is refused unread, or was when it was read and has not changed; None of another."""
    name = shown(path.name)
    try:
        if reason := _unreadable(path):
            return (f"{name} : {reason}.",)
        refusal = _known_refusal(path, input_sha256(path))
    except OSError as error:
        return (_untouched(name, error),)
    return refusal.told(name) if refusal else None


def _untouched(name: str, error: OSError) -> str:
    return f"{name} : ni lu, ni rangé ({error.strerror})."


def _file_readable(raw: Path, path: Path, name: str, today: date) -> Filed:
    found = path.stat()
    digest = input_sha256(path)
    from dagster_project.readers.examine import examine

    examined = examine(path, name)
    if examined.layout is None or examined.facts is None:
        is_restricted = examined.layout is not None and examined.layout.access == "restricted"
        refusal = _Refusal(_refusal_of(path), examined.refusals, is_restricted)
        _note_refusal(path, digest, refusal)
        return Filed(name, None, refusal.told(name))
    layout = examined.layout
    folder = archived_as(raw, layout.publisher, layout.dataset, frozenset([digest]))
    already = "déjà archivé" if folder else "archivé"
    try:
        folder = folder or archive(
            raw,
            _edition(layout, examined.facts, today),
            {safe_name(path.name): path},
            today,
            by="inbox",
            expected=frozenset([digest]),
        )
    except ChangedMeanwhileError:
        return Filed(
            name, None, (f"{name} : a changé pendant sa lecture ; il sera relu à la prochaine actualisation.",)
        )
    if _is_same(path.stat(), found):  # otherwise somebody wrote another one in its place: it waits
        path.unlink()
    _refusal_of(path).unlink(missing_ok=True)
    edition = str(folder.relative_to(raw))
    return Filed(name, edition, (f"{name} : {layout.title_fr}, {already} : {edition}",))


def _refusal_of(path: Path) -> Path:
    """Where the reasons of a refusal are, beside the file; under a name of its own where that would be too long."""
    if len(os.fsencode(path.name + _REFUSAL)) <= _LONGEST_NAME:
        return path.with_name(path.name + _REFUSAL)
    number = hashlib.sha256(os.fsencode(path.name)).hexdigest()[:8]
    return path.with_name(f"{safe_name(path.name)}-{number}{_REFUSAL}")


def _is_same(one: os.stat_result, other: os.stat_result) -> bool:
    return (one.st_ino, one.st_size, one.st_mtime_ns) == (other.st_ino, other.st_size, other.st_mtime_ns)


def _known_refusal(path: Path, digest: str) -> _Refusal | None:
    """The reasons given last time, if the file is still the same."""
    note = _refusal_of(path)
    if note.is_symlink() or not note.is_file():
        return None
    *reasons, last = note.read_text(encoding="utf-8", errors="replace").splitlines() or [""]
    told_of, _, access = last.removeprefix(_DIGEST).partition(" ")
    return _Refusal(note, tuple(reasons), access == _RESTRICTED) if told_of == digest and reasons else None


def _note_refusal(path: Path, digest: str, refusal: _Refusal) -> None:
    """Leave the reasons beside the file. Whatever stood there under that name is replaced, never written through."""
    last = _DIGEST + (f"{digest} {_RESTRICTED}" if refusal.is_restricted else digest)
    with tempfile.NamedTemporaryFile(
        "w", dir=path.parent, prefix=".", suffix=_REFUSAL, encoding="utf-8", delete=False
    ) as note:
        note.write("\n".join([*refusal.reasons, last]) + "\n")
    written = Path(note.name)
    try:
        # Reasons that quote restricted cells are for those who can read the file.
        written.chmod(S_IMODE(path.stat().st_mode) & 0o666 if refusal.is_restricted else 0o644)
        written.replace(refusal.note)
    except OSError:
        written.unlink()
        raise


def _edition(layout: OfficialLayout, facts: EditionFacts, today: date) -> NewEdition:
    return NewEdition(
        publisher=layout.publisher,
        dataset=layout.dataset,
        label=facts.label,
        version_label=facts.label,
        title=layout.title_fr,
        layout=layout.name,
        published=_publication(facts, today),
        url=None,
        origin="déposé à la main",
        licence=layout.licence,
        access=layout.access,
        maturity="provisional",
    )


def _publication(facts: EditionFacts, today: date) -> Publication:
    if facts.published_on:
        return Publication(on=facts.published_on)
    if facts.published_not_after:
        return Publication(not_after=facts.published_not_after, basis=facts.basis)
    return Publication(not_after=today, basis=f"déposé le {today:%d/%m/%Y} ; le fichier ne dit pas sa date")
