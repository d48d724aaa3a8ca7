"""Archiving: bytes become an edition of ``raw/``, whole or not at all, beside its sidecar."""

import re
import shutil
import tempfile
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

import yaml

from dagster_project.catalogue import SIDECAR, Publication, RawFile, Sidecar
from dagster_project.durable import flush
from dagster_project.hashing import file_sha256, new_nonce

_MAX_NAME = 100


@dataclass(frozen=True)
class NewEdition:
    """What is known of files about to be archived; the folder is named by `label`."""

    publisher: str
    dataset: str
    label: str
    version_label: str
    title: str
    layout: str
    published: Publication
    url: str | None
    origin: str
    licence: str
    access: Literal["open", "restricted"]
    maturity: Literal["provisional", "semi_definitive", "final"]


def archived_as(raw: Path, publisher: str, dataset: str, hashes: frozenset[str]) -> Path | None:
    """The folder of the edition that already holds exactly these files, if there is one."""
    for sidecar in sorted((raw / publisher / dataset).glob(f"*/{SIDECAR}")):
        files = yaml.safe_load(sidecar.read_text(encoding="utf-8"))["files"]
        if {file["sha256"] for file in files} == hashes:
            return sidecar.parent
    return None


class ChangedMeanwhileError(Exception):
    """What was copied is not what was examined: somebody was still writing."""


def archive(
    raw: Path,
    edition: NewEdition,
    files: Mapping[str, Path],
    today: date,
    *,
    by: str,
    expected: frozenset[str] | None = None,
) -> Path:
    """Copy files (by the name they shall have) into a new edition folder, in one step, and return it.

    A label already taken by other bytes gets a number: a correction is an edition of its own. The folder is built two
    levels down in a hidden one, where no catalogue looks, then renamed. What an archiving of the same hand (`by`) left
    behind when it was killed is removed: each hand works under a lock of its own. What is restricted is for its owner.

    Raises:
        ChangedMeanwhileError: the copies have not the `expected` hashes; nothing is archived.
    """
    dataset = raw / edition.publisher / edition.dataset
    dataset.mkdir(parents=True, exist_ok=True)
    for remains in dataset.glob(f".{by}-*"):
        shutil.rmtree(remains)
    hidden = Path(tempfile.mkdtemp(prefix=f".{by}-", dir=dataset))
    try:
        building = hidden / "edition"
        building.mkdir()
        written = tuple(_copied(source, building / name) for name, source in sorted(files.items()))
        if expected is not None and {file.sha256 for file in written} != expected:
            raise ChangedMeanwhileError
        sidecar = _sidecar(edition, written, today).model_dump(mode="json", exclude_unset=True)
        content = yaml.safe_dump(sidecar, sort_keys=False, allow_unicode=True, width=110)
        (building / SIDECAR).write_text(content, encoding="utf-8")
        flush(building / SIDECAR)
        if edition.access == "restricted":
            _close_to_others(building)
        flush(building)
        folder = _free(dataset, edition.label)
        building.rename(folder)
        flush(dataset)
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
    return folder


def _close_to_others(folder: Path) -> None:
    for file in folder.iterdir():
        file.chmod(0o600)
    folder.chmod(0o700)


def _sidecar(edition: NewEdition, files: tuple[RawFile, ...], today: date) -> Sidecar:
    sidecar = Sidecar(
        publisher=edition.publisher,
        dataset=edition.dataset,
        title=edition.title,
        layout=edition.layout,
        version_label=edition.version_label,
        url=edition.url,
        origin=edition.origin,
        published=edition.published,
        retrieved_at=today,
        licence=edition.licence,
        access=edition.access,
        maturity=edition.maturity,
        files=files,
    )
    return sidecar.model_copy(update={"nonce": new_nonce()}) if edition.access == "restricted" else sidecar


def safe_name(name: str) -> str:
    """A file name with letters without accent, digits, dots, dashes and underscores only; never the sidecar's."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    kept = re.sub(r"[^A-Za-z0-9._-]+", "_", plain)[-_MAX_NAME:].strip("._-") or "fichier"
    return f"fichier-{kept}" if kept == SIDECAR else kept


def _copied(source: Path, target: Path) -> RawFile:
    shutil.copyfile(source, target)
    flush(target)
    return RawFile(name=target.name, sha256=file_sha256(target), bytes=target.stat().st_size)


def _free(dataset: Path, label: str) -> Path:
    folder, number = dataset / safe_name(label), 1
    while folder.exists():
        number += 1
        folder = dataset / f"{safe_name(label)}-{number}"
    return folder
