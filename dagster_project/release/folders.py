"""Folders of releases: made durable, closed to writing, and removed although they are closed."""

import shutil
from pathlib import Path

from dagster_project.durable import flush

_WRITE = 0o222


def close_to_writing(folder: Path) -> None:
    """Take the right to write from everything under a folder; who may read does not change."""
    for path in folder.rglob("*"):
        _without_writing(path)


def close_and_flush(folder: Path) -> None:
    """The same for the folder itself, once it is in its place: a folder closed to writing cannot move."""
    _without_writing(folder)
    flush(folder)


def flush_tree(folder: Path) -> None:
    """Make every file and every folder durable."""
    for path in (*sorted(folder.rglob("*")), folder):
        flush(path)


def remove(folder: Path) -> None:
    """Remove a folder and all it holds, if it is there, closed to writing or not."""
    if folder.is_dir():
        for path in (folder, *(path for path in folder.rglob("*") if path.is_dir() and not path.is_symlink())):
            path.chmod(0o700)
        shutil.rmtree(folder)


def _without_writing(path: Path) -> None:
    path.chmod(path.stat().st_mode & ~_WRITE)
