"""The models' own unit tests, run on a built stage; dbt's documentation; and SQL that could move to DuckDB 2."""

import re
import shutil
import signal
import time
from pathlib import Path
from threading import main_thread

import pytest
from dagster._core.errors import DagsterExecutionInterruptedError

from dagster_project.dbt import build
from dagster_project.errors import BilanError
from dagster_project.machine import machine_words
from dagster_project.settings import DBT_PROJECT
from tests.models.invoke import invoke, unit_tests


@pytest.fixture
def own_stage(stage: Path, tmp_path: Path) -> Path:
    """dbt opens its file to write: a copy, for other tests read the one that is shared."""
    return Path(shutil.copy(stage, tmp_path / stage.name))


def test_unit_tests_of_the_models(own_stage: Path) -> None:
    assert len(passed := unit_tests(own_stage)) >= 5, passed


def memory_short(*_: object) -> None:
    raise MemoryError


def test_a_node_that_cannot_even_be_told_of_stops_the_build(tmp_path: Path) -> None:
    """dbt's thread dies outside what dbt catches, as when memory is short: left to itself, dbt waits for ever."""
    with pytest.raises(BilanError, match="La mémoire manque"):
        build(tmp_path / "stage.duckdb", ["territories"], memory_short)


@pytest.mark.parametrize(
    ("telling", "selection"),
    [
        ("fire_event", "territories"),
        ("GraphRunnableTask._handle_result", "territories"),
        ("GraphQueue.mark_done", "territories"),
        ("GraphRunnableTask._mark_dependent_errors", "dim_territory"),
    ],
)
def test_a_node_whose_answer_is_lost_stops_the_build(
    telling: str, selection: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(f"dbt.task.runnable.{telling}", memory_short)
    with pytest.raises(BilanError, match="La mémoire manque"):
        build(tmp_path / "stage.duckdb", [selection])


def test_a_node_whose_failure_has_no_words_says_that_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dbt.task.base.BaseRunner.run_with_hooks", memory_short)
    (result,) = build(tmp_path / "stage.duckdb", ["territories"])
    assert not result.passed
    assert "La mémoire manque" in (machine_words(result.message) or "")


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, DagsterExecutionInterruptedError])
def test_an_interruption_ends_the_build(interruption: type[BaseException], tmp_path: Path) -> None:
    def interrupt(*_: object) -> None:
        raise interruption

    def wait(name: str) -> None:
        signal.pthread_kill(main_thread().ident or 0, signal.SIGUSR2)
        time.sleep(2)

    before = signal.signal(signal.SIGUSR2, interrupt)
    try:
        with pytest.raises(KeyboardInterrupt):
            build(tmp_path / "stage.duckdb", ["territories"], wait)
    finally:
        signal.signal(signal.SIGUSR2, before)


def test_documentation_is_complete_in_one_static_page(own_stage: Path) -> None:
    invoke(own_stage, "docs", "generate", "--static")
    assert (own_stage.parent / "target" / "static_index.html").stat().st_size > 100_000


def test_sql_runs_on_both_duckdb_versions() -> None:
    """What DuckDB 2 reads otherwise: arrow lambdas, integer division, tildes for regular expressions."""
    for path in [*DBT_PROJECT.glob("models/**/*.sql"), *DBT_PROJECT.glob("macros/*.sql")]:
        sql = re.sub(r"--.*|\{#.*?#\}|'[^']*'", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not re.search(r"->|//|\s~\s", sql), path


def test_sql_is_what_duckdb_and_spark_read_alike() -> None:
    """What one of them reads otherwise, or gives another value for, is in a dispatched macro."""
    otherwise = r"\bvarchar\b|\bconcat\(|\bany_value\(|\bmedian\(|_agg\(|\bdate_?diff\(|\bunnest\(|::|\bqualify\b|\s/\s"
    for path in [*DBT_PROJECT.glob("models/**/*.sql"), *DBT_PROJECT.glob("tests/*.sql")]:
        sql = re.sub(r"--.*|\{#.*?#\}|'[^']*'", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        assert not (found := re.search(otherwise, sql)), (path, found)
