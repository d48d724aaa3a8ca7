"""A real tick: the daemon starts the job, the job publishes, and the history shows both."""

import os
import subprocess
import sys
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import RemoteInstigatorOrigin, RemoteRepositoryOrigin
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, ScheduleInstigatorData, TickStatus
from dagster._core.workspace.load_target import ModuleTarget

from dagster_project.automation import daily_refresh
from dagster_project.history import environment, prepare_history
from dagster_project.operate.attempts import DAGSTER, read
from dagster_project.settings import Settings
from tests.drills.miniature import Miniature

CODE = "dagster_project.definitions"
EVERY_MINUTE = "* * * * *"
TICK_TIMEOUT_S = 75
RUN_TIMEOUT_S = 120


@pytest.mark.slow
def test_a_tick_publishes_and_history_shows_it(tmp_path: Path) -> None:
    settings = Miniature.built_in(tmp_path).settings
    home = prepare_history(settings)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        _known_for_a_minute(instance)
    log = tmp_path / "daemon.log"
    command = [str(Path(sys.executable).with_name("bilan")), "daemon", "--log", str(log)]
    every_minute = {**environment(settings), "BILAN_CRON": EVERY_MINUTE}
    with subprocess.Popen(command, env=every_minute) as daemon:
        try:
            with dg.DagsterInstance.from_config(str(home)) as instance:
                run = _finished_run(instance)
                assert run.status == dg.DagsterRunStatus.SUCCESS, log.read_text()[-3000:]
                assert run.tags["dagster/schedule_name"] == daily_refresh.name
                assert settings.served.exists()
                (state,) = (one for one in instance.all_instigator_state() if one.name == daily_refresh.name)
                ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id)
                assert {tick.status for tick in ticks} & {TickStatus.SUCCESS}
                assert instance.get_latest_materialization_event(dg.AssetKey(["release"])) is not None
        finally:
            daemon.terminate()
            assert daemon.wait(60) == 0
    success = read(settings).last_success
    assert success and success.by == DAGSTER and read(settings).daemon_at


def _known_for_a_minute(instance: dg.DagsterInstance) -> None:
    """As a daemon leaves a schedule that it first saw a minute ago: a tick is due, and need not be waited for."""
    (code,) = ModuleTarget(CODE, None, None, None).create_origins()
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(code, "__repository__"), daily_refresh.name)
    since = ScheduleInstigatorData(EVERY_MINUTE, time.time() - 60)
    state = InstigatorState(origin, InstigatorType.SCHEDULE, InstigatorStatus.DECLARED_IN_CODE, since)
    instance.add_instigator_state(state)


def _finished_run(instance: dg.DagsterInstance) -> dg.DagsterRun:
    deadline = time.monotonic() + TICK_TIMEOUT_S + RUN_TIMEOUT_S
    while time.monotonic() < deadline:
        runs = instance.get_runs()
        if runs and runs[-1].is_finished:
            return runs[-1]
        time.sleep(1)
    pytest.fail("the daemon started no run that finished")


def test_nothing_changed_is_said_and_starts_nothing(published: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(published).items():
        if os.environ.get(name) != value:
            monkeypatch.setenv(name, value)
    tick = daily_refresh.evaluate_tick(dg.build_schedule_context())
    assert not tick.run_requests
    assert tick.skip_message == "Rien n'a changé depuis la version publiée."
