"""What was known when: the same history whatever the order the editions arrived in, and every past day can be asked."""

import json
import shutil
from pathlib import Path

import pytest

from dagster_project.query import open_release, rows_of, run_query
from dagster_project.runner import run_refresh
from dagster_project.seal import seal_edition
from dagster_project.settings import PROJECT, Settings
from tests.end_to_end.test_refusals import edit

UNEMPLOYMENT = "insee/unemployment"
FIRST, SECOND = "2023-12-20", "2024-03-20"


def later_edition(raw: Path) -> None:
    """The next quarter's edition, which revises Ariège and withdraws nothing."""
    folder = raw / UNEMPLOYMENT / SECOND
    shutil.copytree(raw / UNEMPLOYMENT / FIRST, folder)
    edit(
        folder / "occitanie.csv",
        lambda rows: [
            row | {"value": "9.9", "printed_text": "9.9"} if row["territory_code"] == "09" else row for row in rows
        ],
    )
    sidecar = folder / "edition.yml"
    sidecar.write_text(sidecar.read_text(encoding="utf-8").replace(FIRST, SECOND), encoding="utf-8")
    list(seal_edition(folder))


@pytest.fixture
def archive(workshop: Settings) -> Settings:
    """The miniature, with the rates of unemployment."""
    shutil.copytree(PROJECT / "raw" / UNEMPLOYMENT, workshop.raw / UNEMPLOYMENT)
    return workshop


def digests(settings: Settings) -> dict[str, str]:
    manifest = json.loads((settings.served.resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    return {name: table["sha256"] for name, table in manifest["marts"].items()}


def test_two_orders_of_arrival_give_the_same_digests_and_any_past_day_can_be_asked(
    archive: Settings, tmp_path: Path
) -> None:
    later_edition(archive.raw)
    assert "publiée" in run_refresh(archive, tell=lambda line: None).message
    assert_the_past_is_known(archive)

    other = Settings(tmp_path / "other_raw", tmp_path / "other_warehouse")
    shutil.copytree(archive.raw, other.raw)
    kept = shutil.move(other.raw / UNEMPLOYMENT / FIRST, tmp_path / "late")
    run_refresh(other, tell=lambda line: None)
    assert digests(other) != digests(archive)
    shutil.move(kept, other.raw / UNEMPLOYMENT / FIRST)
    run_refresh(other, tell=lambda line: None)
    assert digests(other) == digests(archive)


def assert_the_past_is_known(settings: Settings) -> None:
    history = """
        select unemployment_rate_pct, known_from, known_to from marts.unemployment_rate_history
        where dataset = 'insee/unemployment' and territory_level = 'departement' and territory_code = '09'
        order by known_from
    """
    assert run_query(settings, history, "csv").splitlines()[1:] == [f"9.8,{FIRST},{SECOND}", f"9.9,{SECOND},"]
    with open_release(settings) as connection:
        (revised,) = rows_of(
            connection,
            "select versions, revisions, upward_revisions from marts.revision where dataset = 'insee/unemployment'",
        )
    assert revised == {"versions": 15, "revisions": 1, "upward_revisions": 1}
