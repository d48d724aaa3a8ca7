"""The pages of a release: part of it, or the reason why there is none."""

import json
from pathlib import Path

import pytest

from dagster_project.errors import BilanError
from dagster_project.hashing import file_sha256
from dagster_project.release.pages import SITE, Pages
from dagster_project.settings import Settings


def test_the_site_is_sealed_with_its_release(published: Settings) -> None:
    folder = published.served.resolve().parent
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    home = f"{SITE}/index.html"
    assert files[home] == file_sha256(folder / home)


def test_pages_that_cannot_be_written_say_why(tmp_path: Path) -> None:
    no_database = "Les pages de la version n'ont pas pu être écrites : .*bilan.duckdb"
    with pytest.raises(BilanError, match=no_database), Pages(tmp_path) as pages:
        pages.wait()


def test_pages_of_a_run_that_stops_stop_with_it(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), Pages(tmp_path) as pages:
        raise KeyboardInterrupt
    assert pages.is_over
