"""What a machine is told to give a run."""

import pytest

from dagster_project.errors import WrongUseError
from dagster_project.settings import duckdb_limits


def test_duckdb_takes_what_it_is_given_and_no_thread_is_counted_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BILAN_MEMORY", "BILAN_THREADS"):
        monkeypatch.delenv(name, raising=False)
    assert set(duckdb_limits()) == {"memory_limit"}
    monkeypatch.setenv("BILAN_MEMORY", "8GB")
    monkeypatch.setenv("BILAN_THREADS", "2")
    assert duckdb_limits() == {"memory_limit": "8GB", "threads": "2"}


@pytest.mark.parametrize(
    ("name", "written"),
    [("BILAN_THREADS", "0"), ("BILAN_THREADS", "deux"), ("BILAN_MEMORY", "8"), ("BILAN_MEMORY", "x")],
)
def test_what_is_no_quantity_is_said_by_name(name: str, written: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, written)
    with pytest.raises(WrongUseError, match=f"{name} : « {written} » n'est pas"):
        duckdb_limits()
