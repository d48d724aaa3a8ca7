"""The datasets and editions found in ``raw/``: the one list everything else is made from.

An edition is a folder ``raw/<publisher>/<dataset>/<edition>/`` with a sidecar ``edition.yml`` beside its files.
"""

import hashlib
import re
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from dagster_project.errors import RefusedDataError
from dagster_project.hashing import input_sha256
from dagster_project.readers import LAYOUTS, OFFICIAL_MODULES
from dagster_project.readers.transcription import PRODUCER_EXTRACT
from dagster_project.written import UNREADABLE, why

SIDECAR = "edition.yml"
# They lie where editions do, and are none.
INBOX, _RELATIONS = "inbox", "reconciliation"
_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class RawFile(_Strict):
    """A file of an edition, with the hash that proves it is the one archived."""

    name: str
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    bytes: int = Field(ge=0)


class Publication(_Strict):
    """When the producer published: a date, or a bound with what it rests on."""

    on: date | None = None
    not_after: date | None = None
    basis: str | None = None

    @model_validator(mode="after")
    def _dated(self) -> Self:
        if (self.on is None) == (self.not_after is None):
            raise ValueError("give either 'on' or 'not_after'")
        if self.not_after and not self.basis:
            raise ValueError("'not_after' needs its 'basis'")
        return self

    @property
    def known_from(self) -> date:
        known = self.on or self.not_after
        assert known is not None
        return known


class ReportText(_Strict):
    """The text figures were transcribed from. It is identified, never kept."""

    title: str
    lines: int
    sha256: str


class SourceFile(_Strict):
    """A producer's file that facts were taken from. It is identified, never kept."""

    title: str
    file: str
    sha256: str


class Coverage(_Strict):
    """Cells an edition undertakes to hold: every indicator, for every territory of the level, for every period."""

    level: Literal["country", "region", "departement"]
    region_code: str
    indicators: tuple[str, ...]
    periods: tuple[str, ...]


class Rounding(_Strict):
    """The producer's stated rounding of some indicators."""

    indicators: tuple[str, ...]
    to: int


class Sidecar(_Strict):
    """What ``edition.yml`` says of the files beside it."""

    publisher: str
    dataset: str
    title: str
    layout: str
    version_label: str
    url: str | None
    origin: str
    published: Publication
    retrieved_at: date
    licence: str
    access: Literal["open", "restricted"]
    # Mixed into the published hashes of a restricted edition: who guesses a file cannot check that he guessed right.
    nonce: str | None = Field(default=None, min_length=32)
    maturity: Literal["provisional", "semi_definitive", "final"]
    region_code: str | None = None
    transcribed_from: ReportText | None = None
    extracted_from: tuple[SourceFile, ...] = ()
    coverage: tuple[Coverage, ...] = ()
    rounding: tuple[Rounding, ...] = ()
    files: tuple[RawFile, ...] = Field(min_length=1)

    @field_validator("layout")
    @classmethod
    def _known_layout(cls, name: str) -> str:
        if name not in LAYOUTS and name not in OFFICIAL_MODULES:
            raise ValueError(f"« {name} » n'est pas une forme de fichier connue")
        return name

    @model_validator(mode="after")
    def _masked_where_restricted(self) -> Self:
        """What a report prints is not observations cell by cell: nothing could mask it."""
        if self.access == "restricted" and self.layout in LAYOUTS and self.layout != PRODUCER_EXTRACT.name:
            raise ValueError(f"une édition de forme « {self.layout} » est publiée telle quelle : access doit être open")
        return self


class Edition(_Strict):
    """One published state of a dataset, as archived."""

    folder: Path
    label: str
    sidecar: Sidecar

    @property
    def dataset(self) -> str:
        return f"{self.sidecar.publisher}/{self.sidecar.dataset}"

    @property
    def edition_id(self) -> str:
        return f"{self.dataset}/{self.label}"

    @property
    def publication_order(self) -> tuple[date, date, str]:
        """Publication date; ties are broken by retrieval date, then by content."""
        return self.sidecar.published.known_from, self.sidecar.retrieved_at, self.content_sha256

    @property
    def content_sha256(self) -> str:
        """One hash for all the files of the edition, and for the nonce of a restricted one."""
        hashed = "".join(sorted(file.sha256 for file in self.sidecar.files)) + (self.sidecar.nonce or "")
        return hashlib.sha256(hashed.encode()).hexdigest()


class Dataset(_Strict):
    """A table family of a publisher, with its editions in publication order."""

    name: str
    editions: tuple[Edition, ...]

    @property
    def layout(self) -> str:
        return self.editions[-1].sidecar.layout


def load_catalogue(raw: Path) -> tuple[Dataset, ...]:
    """Read every sidecar under ``raw`` and prove every file is the one it describes.

    Raises:
        RefusedDataError: a sidecar that says something else than its folder, or that is missing, a missing or unlisted
            file, or a file whose hash is not the sidecar's. All defects are named, one a line.
    """
    editions: list[Edition] = []
    defects: list[str] = []
    for path in sorted(raw.glob(f"*/*/*/{SIDECAR}")):
        try:
            edition = _read_sidecar(path)
        except UNREADABLE as error:
            defects.append(f"{path.relative_to(raw)} : fiche illisible : {why(error)}")
            continue
        defects += _sidecar_defects(edition, raw)
        editions.append(edition)
    defects += _without_sidecar(raw)
    if not editions and not defects:
        defects.append(f"{raw} : aucune édition (aucun {SIDECAR} sous <producteur>/<jeu>/<édition>/)")
    if defects:
        raise RefusedDataError("\n".join(defects))

    editions.sort(key=lambda edition: (edition.dataset, edition.publication_order))
    by_dataset = groupby(editions, key=lambda edition: edition.dataset)
    return tuple(Dataset(name=name, editions=tuple(found)) for name, found in by_dataset)


def _read_sidecar(path: Path) -> Edition:
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    return Edition(folder=path.parent, label=path.parent.name, sidecar=Sidecar.model_validate(content))


def visible_files(folder: Path) -> list[Path]:
    """What lies in a folder, without hidden files: office suites leave some beside what they open."""
    return sorted(path for path in folder.iterdir() if not path.name.startswith("."))


def _without_sidecar(raw: Path) -> Iterator[str]:
    for folder in sorted(path for path in raw.glob("*/*/*") if path.is_dir()):
        where = folder.relative_to(raw)
        is_hidden = any(part.startswith(".") for part in where.parts)
        if is_hidden or where.parts[0] == INBOX or where.parts[1] == _RELATIONS or (folder / SIDECAR).exists():
            continue
        if any(path.is_file() and path.suffix != ".md" for path in visible_files(folder)):
            yield f"{where} : des fichiers, mais pas de fiche {SIDECAR} ; raw/README.md en donne le modèle."


def _sidecar_defects(edition: Edition, raw: Path) -> Iterator[str]:
    where = edition.folder.relative_to(raw)
    if not all(_NAME.match(part) for part in where.parts):
        yield f"{where} : un nom de dossier n'a que des lettres sans accent, des chiffres, « . », « _ » et « - »"
    if edition.dataset != "/".join(where.parts[:2]):
        yield f"{where}/{SIDECAR} : la fiche décrit {edition.dataset}, le dossier dit {'/'.join(where.parts[:2])}"
    if edition.sidecar.access == "restricted" and not edition.sidecar.nonce:
        yield (
            f"{where}/{SIDECAR} : édition d'accès restreint sans « nonce » ; l'empreinte publiée d'un fichier dirait à "
            f"qui le devine qu'il a bien deviné. « bilan seal {edition.folder} » l'écrit"
        )
    listed = {file.name for file in edition.sidecar.files}
    for path in visible_files(edition.folder):
        if path.name not in listed | {SIDECAR}:
            yield f"{where}/{path.name} : fichier absent de la fiche {SIDECAR}"
    for file in edition.sidecar.files:
        path = edition.folder / file.name
        if not path.is_file():
            yield f"{where}/{file.name} : fichier annoncé par la fiche mais introuvable"
        elif (found := input_sha256(path)) != file.sha256:
            yield (
                f"{where}/{file.name} : le fichier n'est pas celui de la fiche "
                f"(empreinte attendue {file.sha256[:12]}…, trouvée {found[:12]}…). "
                "Restaurez le fichier, ou déposez une nouvelle édition."
            )
