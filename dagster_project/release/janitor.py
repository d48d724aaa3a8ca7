"""What a killed run leaves behind is removed, or finished, by the next one. The caller holds the run lock."""

from collections.abc import Iterator
from pathlib import Path

from dagster_project.release.folders import remove
from dagster_project.release.kept import RELEASE_NAME, RETIRED, releases
from dagster_project.release.proof import DATABASE, MANIFEST_DIGEST
from dagster_project.release.serve import (
    LATEST,
    heal_latest,
    latest_is_behind,
    link_is_foreign,
    named_in,
    serve,
    served_folder,
)
from dagster_project.settings import Settings

_JOURNAL = f"{DATABASE}.wal"


def is_untidy(settings: Settings) -> bool:
    """Whether there is something to tidy that readers or the next run could stumble over; costs next to nothing."""
    return (
        any(settings.warehouse.glob(f"{settings.stage.name}*"))
        or any(_journals(settings))
        or any(_unfinished(settings))
        or settings.coming.exists()
        or link_is_foreign(settings)
        or latest_is_behind(settings)
    )


def tidy(settings: Settings) -> None:
    """Remove the stage, journals, half-written names and half-removed releases; make the link and LATEST.json right.

    A folder of a release without the digest of its manifest was never, or is no longer, a release, nor is one that
    was stopped on its way to readers: what it was approved with is not used up. The one served is never touched. Where
    the link leads to none, it leads to the one it last did.
    """
    _remove_stage(settings.stage)
    for journal in list(_journals(settings)):
        _take_out(journal)
    for name in list(_unfinished(settings)):
        name.unlink()
    served = served_folder(settings)
    coming = named_in(settings.coming)
    if coming and (served is None or served.name != coming):
        remove(settings.releases / coming)
    settings.coming.unlink(missing_ok=True)
    if settings.releases.is_dir():
        for folder in settings.releases.iterdir():
            is_unsealed = RELEASE_NAME.match(folder.name) and not (folder / MANIFEST_DIGEST).exists()
            if folder.name.startswith(RETIRED) or (is_unsealed and folder != served):
                remove(folder)
    if served is None and (kept := releases(settings)):
        last = named_in(settings.warehouse / LATEST)
        serve(settings, last if last in kept else kept[-1])
    elif served and link_is_foreign(settings):
        serve(settings, served.name)
    heal_latest(settings)


def _journals(settings: Settings) -> Iterator[Path]:
    """Write-ahead journals: a release has none, and DuckDB would replay one for every reader."""
    yield from settings.warehouse.glob(_JOURNAL)
    yield from settings.releases.glob(f"*/{_JOURNAL}")


def _unfinished(settings: Settings) -> Iterator[Path]:
    """Links and notices written under a name of their own, and never put in the place of the old ones."""
    yield from settings.warehouse.glob(f".{DATABASE}.[0-9]*")
    yield from settings.warehouse.glob(".*.json.[0-9]*")


def _take_out(journal: Path) -> None:
    folder = journal.parent
    mode = folder.stat().st_mode
    folder.chmod(mode | 0o200)
    journal.unlink()
    folder.chmod(mode)


def _remove_stage(stage: Path) -> None:
    """Under another name first: the door of a killed run may still be making files there, by the name it knows."""
    leaving = stage.with_name(f"{stage.name}.leaving")
    remove(leaving)
    if stage.exists():
        remove(stage.rename(leaving))
