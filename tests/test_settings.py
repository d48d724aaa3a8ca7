"""What a machine is told to give a run."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from dagster_project.database import attaching, open_database
from dagster_project.errors import WrongUseError
from dagster_project.settings import duckdb_limits


def the_door(path: Path) -> Any:
    from dagster_project.quality.expectations import Suites  # seconds to load, not to be spent on collecting tests

    return Suites(str(path)).engine.raw_connection().driver_connection


def test_duckdb_takes_what_it_is_given_and_no_thread_is_counted_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BILAN_MEMORY", "BILAN_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert set(duckdb_limits()) == {"memory_limit"}
    monkeypatch.setenv("BILAN_MEMORY", "8GB")
    monkeypatch.setenv("BILAN_THREADS", "2")
    assert duckdb_limits() == {"memory_limit": "8GB", "threads": "2"}


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("BILAN_THREADS", "0"),
        ("BILAN_THREADS", "deux"),
        ("BILAN_MEMORY", "8"),
        ("BILAN_MEMORY", "0GB"),
        ("BILAN_MEMORY", "x"),
    ],
)
def test_what_is_no_quantity_is_said_by_name(name: str, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, written)
    with pytest.raises(WrongUseError, match=f"{name} : « {written} » n'est pas"):
        duckdb_limits()


@pytest.mark.parametrize("opened", [open_database, attaching, the_door])
def test_what_a_run_opens_keeps_within_it(
    opened: Callable[[Path], Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a limit, DuckDB keeps what it reads, files included, until the machine is nearly full."""
    monkeypatch.setenv("BILAN_MEMORY", "512MiB")
    with closing(opened(tmp_path / "of a run")) as connection:
        assert connection.execute("select current_setting('memory_limit')").fetchall() == [("512.0 MiB",)]
