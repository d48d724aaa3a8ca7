"""What Dagster keeps of past runs: three months of them, never more than four hundred. Releases are not its affair."""

import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
from dagster._core.storage.dagster_run import FINISHED_STATUSES
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs.schema import RunTagsTable, SnapshotsTable

DAYS = 90
RUNS = 400


def prune(instance: dg.DagsterInstance, home: Path, *, days: int = DAYS, runs: int = RUNS) -> int:
    """Remove finished runs that are too old or too many, and all that was written for them; how many there were.

    Dagster removes its ticks by itself (`dagster.yaml`), never a run, and its `delete_run` leaves checks, tags, plans
    and files behind: databases that only grow. `home` is where SQLite and the outputs of steps are.
    """
    gone = _too_old(instance, days) | _too_many(instance, runs)
    for run_id in gone:
        instance.delete_run(run_id)
        _remove_files(home, run_id)
    if gone:
        _remove_rows(instance, gone)
    return len(gone)


def _too_old(instance: dg.DagsterInstance, days: int) -> set[str]:
    before = datetime.now(UTC) - timedelta(days=days)
    return set(instance.get_run_ids(dg.RunsFilter(statuses=FINISHED_STATUSES, created_before=before)))


def _too_many(instance: dg.DagsterInstance, runs: int) -> set[str]:
    if instance.get_runs_count() <= runs:
        return set()
    newest_first = instance.get_runs()
    return {run.run_id for run in newest_first[runs:] if run.is_finished}


def _remove_files(home: Path, run_id: str) -> None:
    for file in (home / "history" / "runs").glob(f"{run_id}.db*"):
        file.unlink()
    shutil.rmtree(home / "storage" / run_id, ignore_errors=True)


def _remove_rows(instance: dg.DagsterInstance, gone: set[str]) -> None:
    kept = instance.get_runs()
    plans = {plan for run in kept for plan in (run.job_snapshot_id, run.execution_plan_snapshot_id)}
    events: Any = instance.event_log_storage
    with events.index_connection() as connection:
        connection.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id.in_(gone)))
    storage: Any = instance.run_storage
    with storage.connect() as connection:
        connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.in_(gone)))
        connection.execute(SnapshotsTable.delete().where(SnapshotsTable.c.snapshot_id.not_in(plans)))
