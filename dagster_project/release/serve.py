"""Which release readers open: the served link, repointed in one step, and what is said of it beside."""

import json
import os
from pathlib import Path
from typing import Any

from dagster_project.durable import flush
from dagster_project.release.proof import DATABASE, MANIFEST, MANIFEST_DIGEST
from dagster_project.settings import Settings

LATEST = "LATEST.json"


def served_folder(settings: Settings) -> Path | None:
    """The folder of the release readers see; None before the first, or when the link does not lead to a release."""
    try:
        folder = settings.served.resolve(strict=True).parent
    except (OSError, RuntimeError):  # absent, dangling, in a circle
        return None
    return folder if folder.parent == settings.releases.resolve() else None


def served_manifest(settings: Settings) -> dict[str, Any] | None:
    """The manifest of the release readers see; None before the first, or when it cannot be read."""
    folder = served_folder(settings)
    if folder is None:
        return None
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return manifest


def serve(settings: Settings, release_id: str) -> None:
    """Point readers at a release, in one step. The link is relative: a warehouse may be moved, or mounted elsewhere."""
    fresh = settings.warehouse / f".{DATABASE}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(_target(settings, release_id))
    fresh.replace(settings.served)
    flush(settings.warehouse)
    tell_latest(settings, settings.releases / release_id)


def link_is_foreign(settings: Settings) -> bool:
    """Whether the link leads to a release in another way than `serve` would: absolute, it breaks when all is moved."""
    served = served_folder(settings)
    return served is not None and settings.served.readlink() != _target(settings, served.name)


def _target(settings: Settings, release_id: str) -> Path:
    return Path(settings.releases.name) / release_id / DATABASE


def tell_latest(settings: Settings, served: Path) -> None:
    """Make LATEST.json say which release is served."""
    write_json(
        settings.warehouse / LATEST,
        {
            "release_id": served.name,
            "database": f"{settings.releases.name}/{served.name}/{DATABASE}",
            "manifest_sha256": (served / MANIFEST_DIGEST).read_text(encoding="utf-8").strip(),
        },
    )


def heal_latest(settings: Settings) -> None:
    """Make LATEST.json follow the link: a run killed between the two left it behind. The caller holds the run lock."""
    if latest_is_behind(settings) and (served := served_folder(settings)):
        tell_latest(settings, served)


def latest_is_behind(settings: Settings) -> bool:
    """Whether LATEST.json names another release than the one the link serves."""
    served = served_folder(settings)
    if served is None or not (served / MANIFEST_DIGEST).is_file():
        return False
    return named_in(settings.warehouse / LATEST) != served.name


def named_in(notice: Path) -> str | None:
    """The release a notice names; None where the notice is absent, or cut short."""
    try:
        return str(json.loads(notice.read_text(encoding="utf-8"))["release_id"])
    except (OSError, ValueError, KeyError):
        return None


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a JSON file whole, durably."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    flush(unfinished)
    unfinished.replace(path)
    flush(path.parent)
