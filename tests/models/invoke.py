"""dbt's own commands on a built stage, with the engine the environment chooses."""

import os
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

from dagster_project.settings import DBT_PROJECT


def invoke(stage: Path, *arguments: str) -> Any:
    """What a command of dbt's results in."""
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters

    os.environ["BILAN_STAGE"] = str(stage)
    places = ["--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)]
    target = ["--target-path", str(stage.parent / "target"), "--log-path", str(stage.parent)]
    try:
        outcome = dbtRunner().invoke([*arguments, *places, *target, "--log-level", "none"])
    finally:
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()
    assert outcome.exception is None, outcome.exception
    return outcome.result


def unit_tests(stage: Path) -> list[str]:
    """The names of the models' unit tests, which all pass."""
    results = invoke(stage, "test", "--select", "test_type:unit").results
    failed = {result.node.name: result.message for result in results if str(result.status) != "pass"}
    assert not failed, failed
    return [result.node.name for result in results]
