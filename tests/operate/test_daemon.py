"""What the daemon's own pieces do with runs that are refused, killed, stopped; each is told once."""

import json
import logging
import os
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context, freeze_time
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._daemon.sensor import execute_sensor_iteration
from dagster._scheduler.scheduler import launch_scheduled_runs

from dagster_project.automation import daily_refresh, fetch_job_of
from dagster_project.definitions import build_definitions
from dagster_project.history import environment, history
from dagster_project.operate.attempts import DAGSTER, read
from dagster_project.operate.sensors import upkeep
from dagster_project.settings import PROJECT, Settings
from tests.operate.conftest import Mailbox
from tests.operate.test_alert import corrupt, mend, start_refresh

_CODE = ModuleTarget(
    module_name="dagster_project.definitions", attribute=None, working_directory=str(PROJECT), location_name="bilan"
)
_TIMEOUT_S = 300


@dataclass
class Daemon:
    """The pieces of a daemon, each at work when asked, at the hour it is told."""

    instance: dg.DagsterInstance
    workspace: WorkspaceProcessContext
    settings: Settings
    hour: datetime

    def look(self) -> None:
        """Let every sensor look, an hour later than the last time."""
        self.hour += timedelta(hours=1)
        with freeze_time(self.hour), ThreadPoolExecutor(4) as pool:
            for error in execute_sensor_iteration(self.workspace, logging.getLogger("daemon"), None, pool):
                assert not hasattr(error, "stack"), error

    def start(self) -> str:
        """Let the clock of the schedule strike, and the queue start what waits."""
        self.hour += timedelta(days=1)
        for error in launch_scheduled_runs(self.workspace, logging.getLogger("daemon"), self.hour, iteration_times={}):
            assert not hasattr(error, "stack"), error
        list(QueuedRunCoordinatorDaemon(interval_seconds=5).run_iteration(self.workspace))
        return self.instance.get_runs(limit=1)[0].run_id

    def wait_for(self, run_id: str) -> dg.DagsterRunStatus:
        deadline = time.monotonic() + _TIMEOUT_S
        while not (run := self.instance.get_run_by_id(run_id)) or not run.is_finished:
            assert time.monotonic() < deadline, "the run never ended"
            time.sleep(0.2)
        return run.status

    def kill_at_work(self, run_id: str) -> None:
        deadline = time.monotonic() + _TIMEOUT_S
        while not read(self.settings).of(run_id):
            assert time.monotonic() < deadline, "the run never began"
            time.sleep(0.1)
        os.kill(json.loads(self.settings.lock.read_text(encoding="utf-8"))["pid"], signal.SIGKILL)


@contextmanager
def daemon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Daemon]:
    for name, value in environment(settings).items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    with history(settings) as instance, create_test_daemon_workspace_context(_CODE, instance) as workspace:
        found = Daemon(instance, workspace, settings, datetime.now(UTC))
        found.look()
        found.start()
        yield found


@pytest.mark.slow
def test_each_run_of_the_daemon_that_ends_badly_is_told_once(
    workshop: Settings, told: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    with daemon(workshop, monkeypatch) as at_work:
        assert read(workshop).daemon_at
        corrupt(workshop)
        refused = at_work.start()
        assert at_work.wait_for(refused) == dg.DagsterRunStatus.FAILURE
        at_work.look()
        at_work.look()
        (subject,) = told.subjects
        assert "DONNÉES REFUSÉES" in subject and "lines.csv" in subject and refused in told.last

        file = workshop.raw / "dreets_occitanie/report_credits/2021/edition.yml"
        mend(workshop)
        file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")
        killed = at_work.start()
        at_work.kill_at_work(killed)
        for _ in range(4):
            at_work.look()
        assert at_work.wait_for(killed) == dg.DagsterRunStatus.FAILURE
        assert len(told.messages) == 2
        assert "ÉCHEC de l'actualisation" in told.subjects[-1] and "elle a été tuée" in told.subjects[-1]

        assert at_work.wait_for(at_work.start()) == dg.DagsterRunStatus.SUCCESS
        assert len(told.messages) == 3 and "RÉTABLI" in told.subjects[-1]
        success = read(workshop).last_success
        assert success and success.by == DAGSTER


def test_a_killed_command_does_not_hold_the_queue(
    workshop: Settings, told: Mailbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILAN_WAREHOUSE", str(workshop.warehouse))
    with history(workshop) as instance:
        before = instance.get_runs_count()
        with start_refresh(workshop) as process:
            while instance.get_runs_count() == before or instance.get_runs(limit=1)[0].status.value != "STARTED":
                time.sleep(0.1)
            assert not _cursor(instance, None)
            process.kill()
        (run,) = instance.get_runs(limit=1)
        seen = _cursor(instance, None)
        assert seen == run.run_id
        assert not _cursor(instance, seen)
        assert instance.get_runs(limit=1)[0].status == dg.DagsterRunStatus.FAILURE
    assert len(told.messages) == 1


def _cursor(instance: dg.DagsterInstance, cursor: str | None) -> str | None:
    looked = upkeep(dg.build_sensor_context(instance=instance, cursor=cursor))
    assert isinstance(looked, dg.SensorResult)
    return looked.cursor


def test_a_tick_without_change_is_a_sign_of_life(workshop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BILAN_RAW", "BILAN_WAREHOUSE"):
        monkeypatch.setenv(name, environment(workshop)[name])
    daily_refresh.evaluate_tick(dg.build_schedule_context())
    success = read(workshop).last_success
    assert success and success.by == DAGSTER


def test_only_fetches_are_tried_again() -> None:
    for job in build_definitions().resolve_all_job_defs():
        tried_again = [op for op in job.all_node_defs if isinstance(op, dg.OpDefinition) and op.retry_policy]
        assert bool(tried_again) == job.name.startswith("fetch_"), job.name


def test_a_fetch_that_could_not_be_done_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another fetch is under way; once it is over, this one finds that it has no key, and asks nothing of anybody."""
    monkeypatch.setenv("BILAN_WAREHOUSE", str(tmp_path))
    monkeypatch.setenv("BILAN_RAW", str(tmp_path / "raw"))
    job = fetch_job_of("banque_de_france", ["banque_de_france"], dg.RetryPolicy(max_retries=60, delay=0.5))
    hold = (
        "import sys; from pathlib import Path; from dagster_project.release.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    settings, run_id = Settings(tmp_path / "raw", tmp_path), str(uuid.uuid4())
    command = [sys.executable, "-c", hold, str(settings.connectors / ".lock")]
    with (
        history(settings) as instance,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other,
    ):
        assert other.stdout and other.stdout.readline()

        def end_the_other() -> None:
            while not instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_UP_FOR_RETRY):
                time.sleep(0.1)
            other.kill()

        Thread(target=end_the_other, daemon=True).start()
        done = job.execute_in_process(instance=instance, run_id=run_id)
    assert done.success
    assert any(event.event_type_value == "STEP_RESTARTED" for event in done.all_events)
