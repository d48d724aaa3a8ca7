"""The pages of a release: part of it, or the reason why there is none."""

import json
from pathlib import Path

import pytest

from dagster_project.errors import BilanError
from dagster_project.hashing import file_sha256
from dagster_project.release.pages import SITE, WORKBOOKS, Pages
from dagster_project.settings import Settings


def test_site_and_workbooks_are_sealed_with_their_release(published: Settings) -> None:
    folder = published.served.resolve().parent
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    for name in (f"{SITE}/index.html", f"{WORKBOOKS}/bilan-31-haute-garonne.xlsx"):
        assert files[name] == file_sha256(folder / name)


def test_pages_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    no_database = "Le site ou les classeurs n'ont pas pu être écrits : Un fichier de travail a disparu"
    with pytest.raises(BilanError, match=no_database), Pages(tmp_path) as pages:
        pages.wait()


def test_pages_of_a_run_that_stops_stop_with_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Pages(tmp_path) as pages:
        raise KeyboardInterrupt
    assert pages.are_over
