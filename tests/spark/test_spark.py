"""Spark as the engine: what it builds is DuckDB's, what it cannot keep is asked for, and its absence is said."""

import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project import spark
from dagster_project.errors import BilanError, WrongUseError
from dagster_project.release.stage import published_models
from dagster_project.settings import PROJECT, Settings
from tests.spark.cluster import what_is_missing
from tests.spark.parity import build, compared


def test_an_unknown_engine_is_wrong_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILAN_ENGINE", "oracle")
    with pytest.raises(WrongUseError, match="duckdb ou spark"):
        spark.engine()


def test_spark_that_is_not_installed_is_said_with_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyspark.sql", None)
    with pytest.raises(BilanError, match="uv sync --locked --extra spark"):
        spark.session.__wrapped__()


def test_nothing_of_spark_is_loaded_unless_it_is_chosen() -> None:
    code = "import sys, dagster_project.dbt as dbt; dbt.warm_up(); print([m for m in sys.modules if 'spark' in m])"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "['dagster_project.spark']"


@pytest.mark.slow
@pytest.mark.skipif(what_is_missing() is not None, reason=what_is_missing() or "")
def test_a_release_made_by_spark_holds_what_duckdb_publishes(published: Settings, tmp_path: Path) -> None:
    build("spark", tmp_path, {"SPARK_MASTER": "local[2]"}, ["rapport"])
    found = list(compared(published.warehouse, tmp_path / "spark" / "rapport"))
    assert len(found) == len(published_models())
    assert not [line for one in found for line in one.differences]
