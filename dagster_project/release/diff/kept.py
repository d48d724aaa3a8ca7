"""What any two kept releases differ in, told again from their databases alone."""

import json
from pathlib import Path
from typing import Any

from dagster_project.errors import WrongUseError
from dagster_project.release.diff.changes import read_diff, write_changes
from dagster_project.release.diff.render import as_markdown
from dagster_project.release.diff.thresholds import judged_comparison
from dagster_project.release.proof import DATABASE, MANIFEST
from dagster_project.release.verify import release_folder
from dagster_project.settings import Settings


def diff_of_releases(settings: Settings, release_id: str | None, against: str | None) -> str:
    """What a release (the one served) changes to another (the one it was made after), as French Markdown.

    Raises:
        WrongUseError: no such release (any more), or twice the same.
    """
    after = release_folder(settings, release_id)
    before = release_folder(settings, against) if against else _before(settings, after)
    if before == after:
        raise WrongUseError(f"La version {after.name} est comparée à elle-même : donnez-en deux.")
    same = same_tables(digests_of(before), digests_of(after)) if before else frozenset[str]()
    with judged_comparison(before / DATABASE if before else None, after / DATABASE, same=same) as connection:
        write_changes(connection, {})
        return as_markdown(read_diff(connection))


def same_tables(before: dict[str, str | None], after: dict[str, str | None]) -> frozenset[str]:
    """The tables whose content digests are equal: there is nothing to compare in them."""
    return frozenset(name for name, digest in after.items() if digest and before.get(name) == digest)


def _before(settings: Settings, after: Path) -> Path | None:
    """The release it was made after; None for the very first."""
    previous = _manifest(after)["previous_release_id"]
    return release_folder(settings, previous) if previous else None


def digests_of(folder: Path) -> dict[str, str | None]:
    """The content digest of every table of a release, as its manifest says."""
    return {name: table["sha256"] for name, table in _manifest(folder)["marts"].items()}


def _manifest(folder: Path) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest
