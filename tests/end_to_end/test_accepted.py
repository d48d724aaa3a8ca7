"""A refresh that reads only what changed publishes what one that reads everything does."""

import json
from pathlib import Path
from typing import Any

from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.drills.miniature import Miniature


def _published(settings: Settings, *, force: bool = False) -> tuple[dict[str, Any], list[str]]:
    """The digests of the tables, and what the run said on the way."""
    said: list[str] = []
    run_refresh(settings, tell=said.append, force=force)
    manifest = json.loads((settings.served.resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["sha256"] for name, table in manifest["marts"].items()}, manifest["checks"]["door"]


def test_reading_only_the_edition_that_changed_gives_the_digests_of_reading_them_all(tmp_path: Path) -> None:
    project = Miniature.built_in(tmp_path / "kept")
    first, _ = _published(project.settings)
    project.change()
    fresh = project.copied_to(tmp_path / "fresh").settings
    once, told = _published(project.settings)
    assert once != first
    assert _published(fresh, force=True) == (once, told)
