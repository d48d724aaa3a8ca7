"""A downloaded edition becomes a folder of ``raw/``: whole or not at all, and only when its bytes are new."""

import hashlib
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from dagster_project.catalogue import SIDECAR, Publication, RawFile, Sidecar, file_sha256
from dagster_project.connectors.producers import Source
from dagster_project.connectors.remote import RemoteEdition, RemoteFile, plain_name

_ORIGIN = "téléchargé depuis le catalogue du producteur"
_HIDDEN = ".fetch-"


@dataclass(frozen=True)
class Archived:
    """Where an edition is, and whether it was put there just now."""

    label: str
    is_new: bool


def archive(raw: Path, source: Source, edition: RemoteEdition, files: Mapping[str, Path], today: date) -> Archived:
    """Put the downloaded files (by name) in ``raw/`` with their sidecar, unless an edition holds them already.

    The folder is built under a hidden one, two levels down where no catalogue looks, then renamed into its place.
    """
    home = raw / source.publisher / source.dataset
    _clear_remains(home)
    if same := _edition_with(home, edition.files, files):
        return Archived(same, is_new=False)
    home.mkdir(parents=True, exist_ok=True)
    label = _free_label(home, plain_name(edition.label))
    hidden = Path(tempfile.mkdtemp(prefix=_HIDDEN, dir=home))
    try:
        folder = hidden / label
        folder.mkdir()
        for name, path in files.items():
            shutil.copyfile(path, folder / name)
        sidecar = _sidecar(source, edition, [folder / name for name in files], today)
        content = sidecar.model_dump(mode="json", exclude_unset=True)
        (folder / SIDECAR).write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120), "utf-8")
        for path in folder.iterdir():
            _flush(path)
        _flush(folder)
        folder.rename(home / label)
        _flush(home)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return Archived(label, is_new=True)


def _sidecar(source: Source, edition: RemoteEdition, paths: Sequence[Path], today: date) -> Sidecar:
    return Sidecar(
        publisher=source.publisher,
        dataset=source.dataset,
        title=source.title_fr,
        layout=source.layout,
        version_label=edition.version_label,
        url=edition.url,
        origin=_ORIGIN,
        published=_published(edition.published, today),
        retrieved_at=today,
        licence=source.licence,
        access="open",
        maturity=source.maturity,
        files=tuple(
            RawFile(name=path.name, sha256=file_sha256(path), bytes=path.stat().st_size) for path in sorted(paths)
        ),
    )


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


def _free_label(home: Path, label: str) -> str:
    """The producer's label, with a number when the producer published other bytes under it before."""
    free, number = label, 1
    while (home / free).exists():
        number += 1
        free = f"{label}-{number}"
    return free


def _clear_remains(home: Path) -> None:
    """Remove what a fetch that was killed left behind; the caller holds the lock."""
    for remains in home.glob(f"{_HIDDEN}*"):
        shutil.rmtree(remains, ignore_errors=True)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
