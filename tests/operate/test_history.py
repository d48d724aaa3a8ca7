"""Dagster's history: one run at a time, never grown beyond what is stated, in SQLite or in PostgreSQL."""

import os
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import dagster as dg
import pytest
from dagster._core.run_coordinator import QueuedRunCoordinator
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs.schema import RunTagsTable, SnapshotsTable
from sqlalchemy import func, select

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.history import history
from dagster_project.operate.retention import prune
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.end_to_end.test_command_line import bilan
from tests.postgres import Server, rows

KEPT = 2


@pytest.fixture
def postgresql(server: Server, monkeypatch: pytest.MonkeyPatch) -> str:
    """The conninfo of an empty database that this process and its children keep their history in."""
    conninfo = server.new_database()
    database = dict(part.split("=") for part in conninfo.split())["dbname"]
    monkeypatch.setenv(
        "BILAN_HISTORY_URL", f"postgresql+psycopg2://bilan@/{database}?host={quote(str(server.socket), safe='')}"
    )
    return conninfo


def test_one_run_at_a_time_watched_and_never_tried_again(tmp_path: Path) -> None:
    with history(Settings(tmp_path, tmp_path)) as instance:
        assert isinstance(instance.run_coordinator, QueuedRunCoordinator)
        queue = instance.get_concurrency_config().run_queue_config
        assert queue and queue.max_concurrent_runs == 1
        assert instance.run_monitoring_enabled and instance.run_monitoring_start_timeout_seconds == 300
        assert instance.run_monitoring_max_resume_run_attempts == 0
        assert not instance.run_retries_enabled


@dg.asset(check_specs=[dg.AssetCheckSpec("checked", asset="small")])
def small() -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    yield dg.AssetCheckResult(passed=True)
    yield dg.MaterializeResult()


def run_small(instance: dg.DagsterInstance, number: int) -> None:
    """A run of its own plan, as each version of the code has."""
    job = dg.Definitions(assets=[small], jobs=[dg.define_asset_job(f"job_{number}", [small])])
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    assert (
        job.resolve_job_def(f"job_{number}")
        .execute_in_process(instance=instance, run_config=quiet, tags={"number": str(number)})
        .success
    )


def kept(instance: dg.DagsterInstance) -> dict[str, int]:
    """How many rows of each kind."""
    with instance.run_storage.connect() as runs, instance.event_log_storage.index_connection() as events:  # type: ignore[attr-defined]
        return {
            "runs": instance.get_runs_count(),
            "tags": runs.scalar(select(func.count()).select_from(RunTagsTable).where(RunTagsTable.c.key == "number")),
            "plans": runs.scalar(select(func.count()).select_from(SnapshotsTable)),
            "checks": events.scalar(select(func.count()).select_from(AssetCheckExecutionsTable)),
        }


def weigh(home: Path) -> int:
    return sum(file.stat().st_size for file in home.rglob("*") if file.is_file())


def test_many_runs_weigh_no_more_than_a_few(tmp_path: Path) -> None:
    settings = Settings(tmp_path, tmp_path / "warehouse")
    release = settings.releases / "kept"
    release.mkdir(parents=True)
    weights = []
    for number in range(4 * KEPT):
        with history(settings) as instance:
            run_small(instance, number)
            prune(instance, settings.history, runs=KEPT)
        weights.append(weigh(settings.history))
    with history(settings) as instance:
        assert kept(instance) == {"runs": KEPT, "tags": KEPT, "plans": 2 * KEPT, "checks": KEPT}
        assert instance.get_latest_materialization_event(dg.AssetKey("small")) is not None
        assert prune(instance, settings.history, days=-1) == KEPT
        assert kept(instance) == {"runs": 0, "tags": 0, "plans": 0, "checks": 0}
    assert max(weights[2 * KEPT :]) <= 1.1 * weights[2 * KEPT - 1]
    assert not list((settings.history / "storage").iterdir())
    assert [file.name for file in (settings.history / "history" / "runs").glob("*.db")] == ["index.db"]
    assert release.exists()


@pytest.mark.slow
def test_postgresql_keeps_the_history_of_a_refresh(whole_workshop: Settings, postgresql: str) -> None:
    run_refresh(whole_workshop, force=True, republish=True, tell=lambda text: None)
    assert rows(postgresql, "select status, pipeline_name from runs") == [("SUCCESS", "refresh")]
    ((events,),) = rows(postgresql, "select count(*) from event_logs")
    assert events > 25
    assert "dernière exécution : réussie" in bilan(whole_workshop, "doctor").stdout
    written = (whole_workshop.history / "dagster.yaml").read_text(encoding="utf-8")
    assert "BILAN_HISTORY_URL" in written and "postgresql+" not in written
    with history(whole_workshop) as instance:
        assert kept(instance)["checks"] > 25
        assert prune(instance, whole_workshop.history, days=-1) == 1
        assert kept(instance) == {"runs": 0, "tags": 0, "plans": 0, "checks": 0}


def test_a_postgresql_that_does_not_answer_is_said_without_its_password(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dagster_postgres.utils.time.sleep", lambda seconds: None)  # Dagster tries again for 12 s
    monkeypatch.setenv("BILAN_HISTORY_URL", "postgresql+psycopg2://bilan:secret-word@127.0.0.1:1/bilan")
    with pytest.raises(BilanError, match="BILAN_HISTORY_URL") as error, history(Settings(tmp_path, tmp_path)):
        pass
    assert "secret-word" not in str(error.value)
    assert os.environ["BILAN_HISTORY_URL"] not in (tmp_path / ".dagster" / "dagster.yaml").read_text(encoding="utf-8")
    monkeypatch.setenv("BILAN_HISTORY_URL", "mysql://bilan:secret-word@127.0.0.1:1/bilan")
    with pytest.raises(WrongUseError, match="attendu postgresql") as wrong, history(Settings(tmp_path, tmp_path)):
        pass
    assert "secret-word" not in str(wrong.value)
