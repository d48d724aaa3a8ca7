"""A release is built again from its manifest, on another day, by a machine set otherwise: the same digests."""

import json
import shutil
from pathlib import Path

import pytest

from dagster_project.errors import BilanError, RefusedDataError
from dagster_project.release.proof import MANIFEST
from dagster_project.release.rebuild import rebuild
from dagster_project.release.serve import served_manifest
from dagster_project.settings import PROJECT, Settings

UNEMPLOYMENT = "insee/unemployment"
BENEFITS = "drees/monthly_benefits/2020-12"


def silent(text: str) -> None:
    return None


def served_commit(settings: Settings) -> str:
    manifest = served_manifest(settings)
    assert manifest
    return str(manifest["git_commit"] or "+")


def test_a_release_is_rebuilt_identical_after_an_edition_came_in(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(PROJECT / "raw" / UNEMPLOYMENT, workshop.raw / UNEMPLOYMENT)
    for name, value in {"TZ": "Pacific/Kiritimati", "LC_ALL": "C", "PYTHONHASHSEED": "7"}.items():
        monkeypatch.setenv(name, value)
    served = workshop.served.readlink()
    if not served_commit(workshop).endswith("+"):  # the code can be had from git: it is taken there
        monkeypatch.setattr("dagster_project.release.rebuild.code_version", lambda: "a later code")
    release = workshop.served.resolve().parent.name
    assert "identique" in rebuild(workshop, release, silent)
    assert workshop.served.readlink() == served

    shutil.rmtree(workshop.raw / BENEFITS)
    budget = workshop.raw / "dreets_occitanie/report_credits/2021/lines.csv"
    budget.write_text(budget.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with pytest.raises(RefusedDataError) as refusal:
        rebuild(workshop, release, silent)
    assert f"raw/{BENEFITS}/occitanie.csv : fichier absent" in str(refusal.value)
    assert "lines.csv : ce n'est plus le fichier lu" in str(refusal.value)


def test_a_rebuild_tells_nobody_and_leaves_no_trace_in_the_history(
    workshop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its run is in a warehouse that is thrown away: it is neither the service's failure nor its recovery."""
    given, python = tmp_path / "given", tmp_path / "python"
    python.write_text(f"#!/bin/sh\nenv > '{given}'\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr("dagster_project.release.rebuild.sys.executable", str(python))
    for name in ("ALERT_TO", "ALERT_WEBHOOK", "ALERT_SMTP", "ALERT_PASSWORD", "HISTORY_URL", "MEMORY"):
        monkeypatch.setenv(f"BILAN_{name}", "1GB")
    monkeypatch.delenv("BILAN_PAGES")
    with pytest.raises(BilanError, match="La reconstruction a échoué"):
        rebuild(workshop, workshop.served.resolve().parent.name, silent)
    told = given.read_text(encoding="utf-8")
    assert "BILAN_MEMORY=1GB" in told and "BILAN_PAGES=0" in told
    assert "BILAN_ALERT" not in told and "BILAN_HISTORY" not in told


def test_a_code_that_was_never_recorded_cannot_be_had_again(workshop: Settings) -> None:
    folder = workshop.served.resolve().parent
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    manifest |= {"code_version": "autre", "git_commit": "0123+"}
    (folder / MANIFEST).chmod(0o644)
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BilanError, match="n'était pas enregistré dans git"):
        rebuild(workshop, folder.name, silent)
    manifest["git_commit"] = "0" * 40
    (folder / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BilanError, match="n'a pas pu être extrait de git"):
        rebuild(workshop, folder.name, silent)
