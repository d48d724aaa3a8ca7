"""The drop zone: a file copied into ``raw/inbox/`` is recognised by its content, read whole, and filed as an edition.

A file that is refused stays where it is, with the reasons beside it; it is not read again until it changes.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib import import_module
from pathlib import Path

from dagster_project.archive import NewEdition, archive, archived_as, safe_name
from dagster_project.catalogue import Publication
from dagster_project.hashing import file_sha256
from dagster_project.readers import OFFICIAL_MODULES
from dagster_project.readers.examine import defects_of
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.zipped import ArchiveError, data_file

INBOX = "inbox"
_REFUSAL = ".refus.txt"


@dataclass(frozen=True)
class Filed:
    """What became of a dropped file: the edition it is now, or the reasons it was refused. French."""

    name: str
    edition: str | None
    messages: tuple[str, ...]


def waiting(raw: Path) -> list[Path]:
    """The files a person dropped, in name order."""
    inbox = raw / INBOX
    if not inbox.is_dir():
        return []
    return sorted(
        path
        for path in inbox.iterdir()
        if not path.name.startswith(".") and not path.name.endswith(_REFUSAL) and path.name != "README.md"
    )


def listing_digest(raw: Path) -> str | None:
    """One hash for all that waits in the inbox, names and contents; None when it is empty."""
    listed = [f"{path.name}\0{_identity(path)}" for path in waiting(raw)]
    return hashlib.sha256("\n".join(listed).encode()).hexdigest() if listed else None


def file_inbox(raw: Path, today: date) -> list[Filed]:
    """File every waiting file that can be, and say what became of each. One already refused is not read again."""
    return [_file(raw, path, today) for path in waiting(raw)]


def recognise(path: Path) -> tuple[OfficialLayout, Recognition]:
    """The layout a file is of, or the one it resembles most."""
    judged = [(layout, layout.recognise(path)) for layout in _every_layout()]
    return max(judged, key=lambda one: (one[1].is_certain, _resemblance(one[1]), len(one[1].found)))


def _every_layout() -> Iterator[OfficialLayout]:
    for module in sorted(set(OFFICIAL_MODULES.values())):
        yield from import_module(f"dagster_project.readers.{module}").LAYOUTS


def _resemblance(recognition: Recognition) -> float:
    return len(recognition.found) / (len(recognition.found) + len(recognition.missing) or 1)


def _identity(path: Path) -> str:
    return file_sha256(path) if path.is_file() and not path.is_symlink() else "pas un fichier"


def _file(raw: Path, path: Path, today: date) -> Filed:
    if path.is_symlink() or not path.is_file():
        return Filed(path.name, None, (f"{path.name} : ni lien, ni dossier : déposez le fichier lui-même.",))
    digest = file_sha256(path)
    refusal = path.with_name(path.name + _REFUSAL)
    if refusal.exists() and refusal.read_text(encoding="utf-8").startswith(digest):
        return Filed(path.name, None, tuple(refusal.read_text(encoding="utf-8").splitlines()[1:]))
    refusal.unlink(missing_ok=True)

    examined = _examine(path)
    if isinstance(examined, list):
        refusal.write_text("\n".join([digest, *examined]) + "\n", encoding="utf-8")
        return Filed(path.name, None, tuple(examined))
    layout, facts = examined
    folder = archived_as(raw, layout.publisher, layout.dataset, frozenset([digest]))
    already = "déjà archivé" if folder else "archivé"
    folder = folder or _archive(raw, path, layout, facts, today)
    path.unlink()
    edition = str(folder.relative_to(raw))
    return Filed(path.name, edition, (f"{path.name} : {layout.title_fr}, {already} : {edition}",))


def _examine(path: Path) -> tuple[OfficialLayout, EditionFacts] | list[str]:
    """What a sound file is, or why it is refused."""
    try:
        with data_file(path) as data:
            layout, recognition = recognise(data)
            if not recognition.is_certain:
                return [_unrecognised(path.name, layout, recognition)]
            return defects_of(layout, data, path.name) or (layout, layout.edition(data))
    except ArchiveError as error:
        return [f"{path.name} : {error}."]


def _unrecognised(name: str, layout: OfficialLayout, recognition: Recognition) -> str:
    if not recognition.found:
        return f"{name} : fichier d'aucune forme connue. raw/README.md dit lesquelles le sont."
    found, missing = ", ".join(recognition.found[:5]), ", ".join(recognition.missing[:5])
    return f"{name} : ressemble à « {layout.title_fr} » (trouvé : {found}), mais il manque : {missing}."


def _archive(raw: Path, path: Path, layout: OfficialLayout, facts: EditionFacts, today: date) -> Path:
    edition = NewEdition(
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
    return archive(raw, edition, {safe_name(path.name): path}, today, by="inbox")


def _publication(facts: EditionFacts, today: date) -> Publication:
    if facts.published_on:
        return Publication(on=facts.published_on)
    if facts.published_not_after:
        return Publication(not_after=facts.published_not_after, basis=facts.basis)
    return Publication(not_after=today, basis=f"déposé le {today:%d/%m/%Y} ; le fichier ne dit pas sa date")
