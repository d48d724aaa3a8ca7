"""Room on the disk: asked for before a run, so that a full disk is a sentence and not a half-written release."""

import os
import shutil
from pathlib import Path

from dagster_project.catalogue import INBOX
from dagster_project.errors import BilanError
from dagster_project.settings import Settings

_LEAST = 200 << 20
_FILES = 32
# The stage holds raw rows, core and marts; the release, its tables twice (database and Parquet).
_STAGE_TO_RAW, _RUN_TO_RELEASE = 4, 4


def room(settings: Settings) -> tuple[int, int]:
    """Bytes free where the warehouse is, and bytes a run needs, judged from the archive and the last release."""
    last = _size(settings.served.resolve().parent) if settings.served.exists() else 0
    needed = max(_LEAST, _STAGE_TO_RAW * _archived(settings.raw) + _RUN_TO_RELEASE * last)
    there = next(folder for folder in (settings.warehouse, *settings.warehouse.parents) if folder.exists())
    return shutil.disk_usage(there).free, needed


def check_space(settings: Settings) -> None:
    """Make sure a run has the room it needs.

    Raises:
        BilanError: there is not enough; the message says how much is.
    """
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    free, needed = room(settings)
    if free < needed:
        raise BilanError(
            f"Le disque de {settings.warehouse} n'a que {free >> 20} Mo libres, il en faut environ {needed >> 20}. "
            "Libérez de la place ; rien n'a été commencé."
        )


def check_files() -> None:
    """Make sure a few more files may be opened: where one may not, DuckDB ends the process instead of saying so.

    Raises:
        OSError: this process, or the machine, may open no more.
    """
    opened: list[int] = []
    try:
        for _ in range(_FILES):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    finally:
        for descriptor in opened:
            os.close(descriptor)


def _archived(raw: Path) -> int:
    """What waits in the inbox does not count: a huge file there is refused, and stops nothing."""
    return sum(_size(folder) for folder in raw.glob("*") if folder.is_dir() and folder.name != INBOX)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
