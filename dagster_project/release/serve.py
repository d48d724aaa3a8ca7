"""Which release readers open: the served link, repointed in one step, and what is said of it beside."""

import json
import os
from pathlib import Path
from typing import Any

from dagster_project.durable import flush
from dagster_project.settings import Settings

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
DATABASE = "bilan.duckdb"
LATEST = "LATEST.json"


def served_folder(settings: Settings) -> Path | None:
    """The folder of the release readers see; None before the first."""
    try:
        return settings.served.resolve(strict=True).parent
    except FileNotFoundError:
        return None


def served_manifest(settings: Settings) -> dict[str, Any] | None:
    """The manifest of the release readers see; None before the first."""
    folder = served_folder(settings)
    if folder is None:
        return None
    manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return manifest


def serve(settings: Settings, release_id: str) -> None:
    """Point readers at a release, in one step. The link is relative: a warehouse may be moved, or mounted elsewhere."""
    fresh = settings.warehouse / f".{DATABASE}.{os.getpid()}"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(Path(settings.releases.name) / release_id / DATABASE)
    fresh.replace(settings.served)
    flush(settings.warehouse)
    folder = settings.releases / release_id
    write_json(
        settings.warehouse / LATEST,
        {
            "release_id": release_id,
            "database": f"{settings.releases.name}/{release_id}/{DATABASE}",
            "manifest_sha256": (folder / MANIFEST_DIGEST).read_text(encoding="utf-8").strip(),
        },
    )


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace a JSON file whole."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(json.dumps(document, indent=2, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    unfinished.replace(path)
