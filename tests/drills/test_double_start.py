"""A second refresh beside the first, a daemon that was down for three days, a second daemon."""

import logging
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.test_utils import create_test_daemon_workspace_context
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster._daemon.run_coordinator.queued_run_coordinator_daemon import QueuedRunCoordinatorDaemon
from dagster._scheduler.scheduler import launch_scheduled_runs

from dagster_project.automation import daily_refresh
from dagster_project.history import environment, prepare_history
from dagster_project.settings import PROJECT
from tests.drills.forked import Bilan, bilan
from tests.drills.miniature import Miniature

_RUN_TIMEOUT_S = 300
_CODE = ModuleTarget(
    module_name="dagster_project.definitions", attribute=None, working_directory=str(PROJECT), location_name="bilan"
)


@pytest.mark.slow
@pytest.mark.drill("Deux actualisations à la fois", "la seconde s'arrête et nomme la première, qui va à son terme")
def test_a_second_refresh_names_the_first_and_leaves_it_alone(miniature: Miniature, tmp_path: Path) -> None:
    project = miniature.copied_to(tmp_path)
    value = project.change()
    with Bilan(project, "refresh") as first:
        assert first.wait_for("Chargement"), first.said()
        code, said = bilan(project, "refresh")
        assert code == 1
        assert f"« bilan refresh », processus {first.pid} sur" in said
        assert said.count("\n") == 1
        assert first.end() == 0, first.said()
    project.assert_healed()
    assert project.served_value() == value


@pytest.mark.slow
@pytest.mark.drill("Démon arrêté trois jours, puis deux démons", "une seule exécution, qui publie")
def test_three_days_without_a_daemon_are_one_run(
    miniature: Miniature, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = miniature.copied_to(tmp_path)
    value = project.change()
    home = prepare_history(project.settings)
    for name, setting in environment(project.settings).items():
        monkeypatch.setenv(name, setting)
    before = datetime.now(UTC) - timedelta(days=3)
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        create_test_daemon_workspace_context(_CODE, instance) as daemon,
    ):
        known = instance.get_runs_count()
        _tick(daemon, before)
        assert instance.get_runs_count() == known
        _tick(daemon, datetime.now(UTC))
        assert instance.get_runs_count() == known + 1
        (run,) = instance.get_runs(limit=1)
        assert run.tags["dagster/schedule_name"] == daily_refresh.name
        with create_test_daemon_workspace_context(_CODE, instance) as second:
            _tick(second, datetime.now(UTC))
        assert instance.get_runs_count() == known + 1
        list(QueuedRunCoordinatorDaemon(interval_seconds=5).run_iteration(daemon))
        _wait_for(instance, run.run_id)
    project.assert_healed()
    assert project.served_value() == value


def _tick(daemon: WorkspaceProcessContext, now: datetime) -> None:
    """What a daemon does when it looks at the clock."""
    for error in launch_scheduled_runs(daemon, logging.getLogger("daemon"), now, iteration_times={}):
        assert not hasattr(error, "stack"), error


def _wait_for(instance: dg.DagsterInstance, run_id: str) -> None:
    deadline = time.monotonic() + _RUN_TIMEOUT_S
    while not (run := instance.get_run_by_id(run_id)) or not run.is_finished:
        assert time.monotonic() < deadline, "the run never ended"
        time.sleep(0.2)
    assert run.status == dg.DagsterRunStatus.SUCCESS
