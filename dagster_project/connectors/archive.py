"""A downloaded edition becomes a folder of ``raw/``: whole or not at all, and only when its bytes are new."""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dagster_project.archive import NewEdition
from dagster_project.archive import archive as archive_edition
from dagster_project.catalogue import SIDECAR, Publication
from dagster_project.connectors.producers import Source
from dagster_project.connectors.remote import RemoteEdition, RemoteFile
from dagster_project.hashing import file_sha256


@dataclass(frozen=True)
class Archived:
    """Where an edition is, and whether it was put there just now."""

    label: str
    is_new: bool


def archive(raw: Path, source: Source, edition: RemoteEdition, files: Mapping[str, Path], today: date) -> Archived:
    """Put the downloaded files (by name) in ``raw/`` with their sidecar, unless an edition holds them already."""
    home = raw / source.publisher / source.dataset
    if same := _edition_with(home, edition.files, files):
        return Archived(same, is_new=False)
    found = NewEdition(
        publisher=source.publisher,
        dataset=source.dataset,
        label=edition.label,
        version_label=edition.version_label,
        title=source.title_fr,
        layout=source.layout,
        published=_published(edition.published, today),
        url=edition.url,
        origin="téléchargé depuis le catalogue du producteur",
        licence=source.licence,
        access="open",
        maturity=source.maturity,
    )
    return Archived(archive_edition(raw, found, files, today, by="fetch").name, is_new=True)


def _published(stated: Publication, today: date) -> Publication:
    if stated.known_from <= today:
        return stated
    basis = f"date de récupération ; le catalogue annonce le {stated.known_from:%d/%m/%Y}, postérieur"
    return Publication(not_after=today, basis=basis)


def _edition_with(home: Path, remote: Sequence[RemoteFile], files: Mapping[str, Path]) -> str | None:
    """The archived edition that says the same, byte for byte but for what changes at each request."""
    changing = tuple(pattern for file in remote for pattern in file.changing)
    wanted = sorted(_digest(path, changing) for path in files.values())
    for folder in _editions(home):
        archived = [path for path in folder.iterdir() if path.name != SIDECAR]
        if len(archived) == len(wanted) and sorted(_digest(path, changing) for path in archived) == wanted:
            return folder.name
    return None


def _digest(path: Path, changing: Sequence[re.Pattern[bytes]]) -> str:
    if not changing:
        return file_sha256(path)
    content = path.read_bytes()
    for pattern in changing:
        content = pattern.sub(b"", content)
    return hashlib.sha256(content).hexdigest()


def _editions(home: Path) -> Iterator[Path]:
    """The archived editions, the latest first."""
    for sidecar in sorted(home.glob(f"*/{SIDECAR}"), reverse=True):
        yield sidecar.parent
