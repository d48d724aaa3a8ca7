"""What the daemon looks after beside the clock: its own sign of life, runs that died, what could not be told."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from dagster_project.errors import LockHeldError, RefusedDataError
from dagster_project.operate.attempts import DAGSTER, REFRESH, WRITTEN, Attempt, note_daemon, now
from dagster_project.operate.retention import prune
from dagster_project.operate.telling import KILLED, conclude, tell_what_is_untold
from dagster_project.release.lock import lock_holder
from dagster_project.settings import Settings, load_settings

_REFUSALS = {cls.__name__ for cls in (RefusedDataError, *RefusedDataError.__subclasses__())}
_STOPPED = "Interrompue dans Dagster, par quelqu'un ou par l'arrêt du démon."


@dg.sensor(
    name="entretien",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Signe de vie du démon, exécutions mortes, alertes en attente, historique de trois mois",
)
def upkeep(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """A run is dead when it is said to be at work on two looks, and nobody holds the lock on either."""
    settings = load_settings()
    note_daemon(settings)
    suspects = {run.run_id: run for run in _at_work_without_the_lock(context.instance, settings)}
    for run_id in set(suspects) & set((context.cursor or "").split()):
        context.instance.report_run_failed(suspects.pop(run_id), KILLED)
    tell_what_is_untold(settings, context.log.warning)
    prune(context.instance, settings.history)
    return dg.SensorResult(cursor=" ".join(suspects))


def _at_work_without_the_lock(instance: dg.DagsterInstance, settings: Settings) -> list[dg.DagsterRun]:
    at_work = [dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING]
    runs = instance.get_runs(dg.RunsFilter(job_name=REFRESH, statuses=at_work))
    return list(runs) if lock_holder(settings.lock) is None else []


def run_end_sensors() -> list[dg.SensorDefinition]:
    """Tell of every run that failed or was stopped, whoever started it and however it died."""
    return [
        _run_end_sensor("echec", dg.DagsterRunStatus.FAILURE, "Une exécution en échec est dite, une fois"),
        _run_end_sensor("arret", dg.DagsterRunStatus.CANCELED, "Une exécution interrompue est dite, une fois"),
    ]


def _run_end_sensor(name: str, status: dg.DagsterRunStatus, description: str) -> dg.SensorDefinition:
    @dg.run_status_sensor(
        run_status=status,
        name=name,
        minimum_interval_seconds=30,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=description,
    )
    def ended_badly(context: dg.RunStatusSensorContext) -> None:
        if attempt := _attempt(context):
            conclude(load_settings(), attempt, context.log.warning)

    return ended_badly


def _attempt(context: dg.RunStatusSensorContext) -> Attempt | None:
    """What became of a run, from its events; None when another one simply held the lock."""
    run = context.dagster_run
    cause = _cause(context.instance, run.run_id)
    if cause and cause.cls_name == LockHeldError.__name__:
        return None
    if run.status == dg.DagsterRunStatus.CANCELED:
        message = _STOPPED
    else:
        message = _words(cause) if cause else f"{KILLED}\n{context.dagster_event.message}"
    stats = context.instance.get_run_stats(run.run_id)
    return Attempt(
        run.run_id,
        DAGSTER,
        _written(stats.start_time or stats.launch_time),
        _written(stats.end_time),
        "refused" if cause and cause.cls_name in _REFUSALS else "failed",
        message,
        job=run.job_name,
    )


def _cause(instance: dg.DagsterInstance, run_id: str) -> SerializableErrorInfo | None:
    """What was first raised in a run, or while its code was loaded; None where it died without a word."""
    of_type = {
        dg.DagsterEventType.ENGINE_EVENT,
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.RUN_FAILURE,
    }
    for entry in instance.all_logs(run_id, of_type=of_type):
        failure: Any = entry.get_dagster_event().event_specific_data
        error: SerializableErrorInfo | None = getattr(failure, "error", None)
        if error:
            while error.cause:
                error = error.cause
            return error
    return None


def _words(error: SerializableErrorInfo) -> str:
    """What an exception says; the name of its class too, unless it is one of ours, which says all."""
    name, _, words = error.message.strip().partition(": ")
    return (
        words if name.startswith(__package__.partition(".")[0]) or name.endswith("Failure") else error.message.strip()
    )


def _written(timestamp: float | None) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime(WRITTEN) if timestamp else now()
