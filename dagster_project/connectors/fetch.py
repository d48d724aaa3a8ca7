"""`bilan fetch`: for each dataset, the newest edition of its producer's catalogue, archived if it is new."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import httpx

from dagster_project.catalogue import SIDECAR
from dagster_project.connectors.archive import archive
from dagster_project.connectors.download import Downloaded, download
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.http import Client
from dagster_project.connectors.producers import SOURCES, Source
from dagster_project.connectors.remote import RemoteEdition
from dagster_project.connectors.state import Remembered, State
from dagster_project.errors import WrongUseError
from dagster_project.readers import LAYOUTS, OFFICIAL_MODULES
from dagster_project.readers.examine import examine
from dagster_project.release.lock import run_lock
from dagster_project.settings import TIMEZONE

_SHOWN = 3


@dataclass(frozen=True)
class Fetched:
    """What became of a dataset. ``skipped``: it lacks a key or a reader, and no person asked for it by name."""

    dataset: str
    status: Literal["new", "unchanged", "failed", "skipped"]
    edition: str | None
    message: str


def fetch(
    raw: Path,
    state: Path,
    names: Sequence[str] | None,
    tell: Callable[[str], None],
    *,
    client: Client | None = None,
    sources: Sequence[Source] = SOURCES,
    bases: Mapping[str, str] | None = None,
    tolerant: bool = False,
) -> list[Fetched]:
    """Fetch the datasets named (``publisher/dataset``, or ``publisher`` for all of its own), or all of them.

    A dataset that fails does not stop the others: the caller reads the statuses. ``state`` is a folder outside
    ``raw`` for what spares downloads. ``bases`` gives datasets another address, by name, for tests and mirrors.
    A dataset that lacks a key or a reader fails when it is named, unless ``tolerant``, and else is skipped.

    Raises:
        WrongUseError: a name that is not in the table.
        LockHeldError: another fetch is under way.
    """
    chosen = choose(names, sources)
    results = []
    with run_lock(state / ".lock"), client or Client() as caller:
        memory = State(state)
        for source in chosen:
            placed = source.at(bases[source.name]) if bases and source.name in bases else source
            result = _fetch_or_say(raw, memory, placed, caller, asked=names is not None and not tolerant)
            tell(f"{result.dataset} : {result.message}")
            results.append(result)
    return results


def choose(names: Sequence[str] | None, sources: Sequence[Source] = SOURCES) -> list[Source]:
    """The datasets of these names, in the order of the table; all of them for None."""
    if names is None:
        return list(sources)
    known = {source.name for source in sources} | {source.publisher for source in sources}
    if unknown := [name for name in names if name not in known]:
        listed = "\n".join(f"  {source.name:<40} {source.title_fr}" for source in sources)
        raise WrongUseError(f"Jeu inconnu : {', '.join(unknown)}. Les jeux connus :\n{listed}")
    return [source for source in sources if source.name in names or source.publisher in names]


def _fetch_or_say(raw: Path, memory: State, source: Source, client: Client, *, asked: bool) -> Fetched:
    if obstacle := _obstacle(source):
        return Fetched(source.name, "failed" if asked else "skipped", None, obstacle)
    try:
        return _fetch_one(raw, memory, source, client)
    except FetchError as error:
        message = str(error)
    except httpx.InvalidURL as error:
        message = f"le catalogue donne une adresse qui n'en est pas une : {error}."
    except OSError as error:
        message = f"disque : {error}."
    return Fetched(source.name, "failed", None, client.hide(f"échec. {message} raw/ n'a pas changé."))


def _obstacle(source: Source) -> str | None:
    if source.layout not in LAYOUTS and source.layout not in OFFICIAL_MODULES:
        return f"aucun lecteur « {source.layout} » : rien n'est demandé au producteur."
    if source.site.key_scheme and not os.environ.get(source.site.key_variable, "").strip():
        return f"clé absente : demandez-en une au producteur et placez-la dans {source.site.key_variable}."
    return None


def _fetch_one(raw: Path, memory: State, source: Source, client: Client) -> Fetched:
    edition = source.catalogue.newest(client, source.site)
    before = _still_archived(raw, source, memory.of(source.name))
    if before and edition.revision is not None and edition.revision == before.revision:
        return _unchanged(source, before.edition)

    inbox = memory.folder / "downloads" / source.publisher / source.dataset
    downloaded = dict(_download_all(client, source, edition, inbox, before))
    if not downloaded:
        assert before is not None
        memory.keep(source.name, _remember(before.edition, edition, before))
        return _unchanged(source, before.edition)

    _refuse_unreadable_first_edition(raw, source, {name: one.path for name, one in downloaded.items()})
    archived = archive(raw, source, edition, {name: one.path for name, one in downloaded.items()}, today_in_paris())
    shutil.rmtree(inbox)
    memory.keep(source.name, _remember(archived.label, edition, next(iter(downloaded.values()))))
    if not archived.is_new:
        return _unchanged(source, archived.label)
    size = sum(file.stat().st_size for file in (raw / source.name / archived.label).iterdir() if file.name != SIDECAR)
    return Fetched(
        source.name, "new", archived.label,
        f"nouvelle édition {archived.label} ({edition.version_label}), {len(downloaded)} fichier(s), {size} octets.",
    )  # fmt: skip


def _refuse_unreadable_first_edition(raw: Path, source: Source, files: Mapping[str, Path]) -> None:
    """Later editions are refused at the door, which goes on with an earlier one; before the first, there is none.

    Raises:
        FetchError: the dataset has no edition yet, and this one cannot be read.
    """
    if source.layout not in OFFICIAL_MODULES or any((raw / source.name).glob(f"*/{SIDECAR}")):
        return
    defects = [defect for name, path in files.items() for defect in examine(path, name, source.layout).refusals]
    if defects:
        raise FetchError(f"le fichier n'est pas celui que l'on sait lire : {' '.join(defects[:_SHOWN])}")


def _still_archived(raw: Path, source: Source, remembered: Remembered | None) -> Remembered | None:
    """What is remembered, unless the edition it speaks of has been taken out of ``raw/``."""
    if remembered and (raw / source.name / remembered.edition / SIDECAR).is_file():
        return remembered
    return None


def _download_all(
    client: Client, source: Source, edition: RemoteEdition, inbox: Path, before: Remembered | None
) -> Iterator[tuple[str, Downloaded]]:
    """Each file by name; nothing when the server says the only one has not changed."""
    is_same_address = before is not None and len(edition.files) == 1 and edition.files[0].url == before.url
    known = before.validators if before is not None and is_same_address else None
    for remote in edition.files:
        one = download(client, remote, source.site, inbox / remote.name, limit=source.largest_file, known=known)
        if one is not None:
            yield remote.name, one


def _remember(label: str, edition: RemoteEdition, seen: Downloaded | Remembered) -> Remembered:
    return Remembered(
        edition=label,
        revision=edition.revision,
        url=edition.files[0].url,
        etag=seen.validators.etag,
        last_modified=seen.validators.last_modified,
    )


def _unchanged(source: Source, label: str) -> Fetched:
    return Fetched(source.name, "unchanged", label, f"inchangé, l'édition {label} est celle du producteur.")


def today_in_paris() -> date:
    """The day it is for the producers and for us."""
    return datetime.now(ZoneInfo(TIMEZONE)).date()
