"""Archiving: bytes become an edition of ``raw/``, whole or not at all, beside its sidecar."""

import os
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

from dagster_project.catalogue import SIDECAR, Publication, RawFile, Sidecar, file_sha256

_MAX_NAME = 100


@dataclass(frozen=True)
class NewEdition:
    """What is known of files about to be archived; `label` is the producer's own name of the edition."""

    publisher: str
    dataset: str
    label: str
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


def archive(raw: Path, edition: NewEdition, files: Mapping[str, Path], retrieved_at: date) -> Path:
    """Copy files (by the name they shall have) into a new edition folder, in one step, and return it.

    A label already taken by other bytes gets a number: a correction is an edition of its own.
    """
    dataset = raw / edition.publisher / edition.dataset
    dataset.mkdir(parents=True, exist_ok=True)
    for interrupted in dataset.glob(".*"):
        shutil.rmtree(interrupted)
    building = Path(tempfile.mkdtemp(prefix=".", dir=dataset))
    try:
        written = tuple(_copied(source, building / name) for name, source in files.items())
        sidecar = Sidecar(
            publisher=edition.publisher,
            dataset=edition.dataset,
            title=edition.title,
            layout=edition.layout,
            version_label=edition.label,
            url=edition.url,
            origin=edition.origin,
            published=edition.published,
            retrieved_at=retrieved_at,
            licence=edition.licence,
            access=edition.access,
            maturity=edition.maturity,
            files=written,
        )
        content = sidecar.model_dump(mode="json", exclude_defaults=True) | {"url": edition.url}
        _write(building / SIDECAR, yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=110))
        building.chmod(0o755)
        folder = _free(dataset, edition.label)
        building.rename(folder)
    except BaseException:
        shutil.rmtree(building, ignore_errors=True)
        raise
    _sync(dataset)
    return folder


def safe_name(name: str) -> str:
    """A file name with letters without accent, digits, dots, dashes and underscores only."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._-]+", "_", plain).strip("._-")[-_MAX_NAME:] or "fichier"


def _copied(source: Path, target: Path) -> RawFile:
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return RawFile(name=target.name, sha256=file_sha256(target), bytes=target.stat().st_size)


def _write(path: Path, content: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _free(dataset: Path, label: str) -> Path:
    folder, number = dataset / safe_name(label), 1
    while folder.exists():
        number += 1
        folder = dataset / f"{safe_name(label)}-{number}"
    return folder


def _sync(folder: Path) -> None:
    """Make a rename durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
