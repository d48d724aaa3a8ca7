"""A run that reads and builds only what changed gives the tables of one that does everything."""

import random
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.release.base import keep_base, take_base
from dagster_project.release.serve import served_manifest
from dagster_project.release.tables import Content, contents
from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings
from tests.drills.miniature import Miniature
from tests.richer import RicherStage, built

_SEED = 7


def _published(settings: Settings, *, force: bool = False) -> tuple[dict[str, Any], list[Any]]:
    """The digests of the tables, and what the door said of each edition."""
    run_refresh(settings, tell=lambda text: None, force=force)
    manifest = served_manifest(settings)
    assert manifest is not None
    return {name: table["sha256"] for name, table in manifest["marts"].items()}, manifest["checks"]["door"]


def test_one_edition_that_changed_gives_the_digests_of_reading_them_all(
    miniature: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another number of threads, too."""
    project = miniature.copied_to(tmp_path / "kept")
    first, _ = _published(project.settings)
    project.change()
    fresh = project.copied_to(tmp_path / "fresh").settings
    once, told = _published(project.settings)
    assert once != first
    monkeypatch.setenv("BILAN_THREADS", "4")
    assert _published(fresh, force=True) == (once, told)


def _archive(source: Path, raw: Path, without: set[Path]) -> None:
    """The archive without some of its editions."""
    shutil.rmtree(raw, ignore_errors=True)
    shutil.copytree(source, raw)
    for edition in without:
        shutil.rmtree(raw / edition)


def _periods(stage: Path) -> int:
    """How many periods a run built."""
    with duckdb.connect(str(stage), read_only=True) as connection:
        row = connection.execute("select count(*) from core.period_to_build").fetchone()
    assert row is not None
    return int(row[0])


def _contents(stage: Path) -> dict[str, Content]:
    """What the tables hold, whatever they held before."""
    return {name: replace(content, since=None) for name, content in contents(stage).items()}


def test_editions_that_come_and_go_leave_the_tables_of_a_single_run(richer_stage: RicherStage, tmp_path: Path) -> None:
    """Two runs before the last have other halves of the editions: periods appear, change and are gone."""
    settings = Settings(tmp_path / "raw", tmp_path / "warehouse")
    found = {path.parent.relative_to(richer_stage.raw) for path in richer_stage.raw.glob("*/*/*/edition.yml")}
    added = sorted(edition for edition in found if not (PROJECT / "raw" / edition).exists())
    random.Random(_SEED).shuffle(added)
    half = len(added) // 2
    for without in (added[:half], added[half:]):
        _archive(richer_stage.raw, settings.raw, set(without))
        with built(settings) as run:
            _contents(run.stage)  # as a publication does: its digests are kept too
            keep_base(settings, run.stage)
    _archive(richer_stage.raw, settings.raw, set())
    with built(settings) as run:
        assert 0 < _periods(run.stage) < _periods(richer_stage.stage)
        expected = _contents(richer_stage.stage)
        assert _contents(run.stage) == expected
        keep_base(settings, run.stage)
    with built(settings) as run:
        restricted = {edition.dataset for edition, *_ in run.received if edition.sidecar.access == "restricted"}
        with duckdb.connect(str(run.stage), read_only=True) as connection:
            rebuilt = connection.execute("select distinct dataset from core.period_to_build").fetchall()
        assert {dataset for (dataset,) in rebuilt} == restricted
        assert _contents(run.stage) == expected


@pytest.fixture
def kept(tmp_path: Path) -> tuple[Settings, Path]:
    """A stage file with one table of those that are kept and one of those that are not, kept."""
    settings = Settings(tmp_path / "raw", tmp_path / "warehouse")
    settings.warehouse.mkdir()
    stage = tmp_path / "stage.duckdb"
    with duckdb.connect(str(stage)) as connection:
        connection.execute("create schema core; create schema raw; create schema marts")
        connection.execute("create table core.fct_observation as select 7 as value; create view core.v as select 1")
        connection.execute(
            "create table raw.secret as select 8 as value; create table marts.other as select 9 as value"
        )
    keep_base(settings, stage)
    return settings, stage


def test_what_is_kept_is_what_the_next_run_begins_with_and_nothing_else(kept: tuple[Settings, Path]) -> None:
    settings, stage = kept
    assert not stage.exists() and take_base(settings, stage)
    with duckdb.connect(str(stage), read_only=True) as connection:
        assert connection.execute("from core.fct_observation").fetchall() == [(7,)]
        held = connection.execute("select table_schema, table_name from information_schema.tables").fetchall()
    assert held == [("core", "fct_observation")]


def test_a_damaged_file_or_other_code_is_not_begun_with(
    kept: tuple[Settings, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    settings, stage = kept
    (file,) = settings.base.iterdir()
    sound = file.read_bytes()
    for damaged in (sound[:-1], sound[:5000] + bytes([sound[5000] ^ 1]) + sound[5001:]):
        settings.base.mkdir(exist_ok=True)
        file.write_bytes(damaged)
        assert not take_base(settings, stage)
        assert not stage.exists() and not settings.base.exists()
    settings.base.mkdir()
    file.write_bytes(sound)
    monkeypatch.setattr("dagster_project.release.base.code_version", lambda: "0" * 64)
    assert not take_base(settings, stage)
