"""When things run: one job, one schedule, and the drop zone."""

import os

import dagster as dg

from dagster_project.inbox import listing_digest
from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.publish import is_already_served
from dagster_project.settings import TIMEZONE, load_settings

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="De raw/ à la version publiée ; le même travail que « bilan refresh »",
)


@dg.schedule(
    job=refresh_job,
    cron_schedule=os.environ.get("BILAN_CRON", "30 6 * * *"),
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Chaque matin à 6 h 30 (BILAN_CRON pour une autre heure), si raw/ ou le code a changé",
)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run, or say that nothing changed since the served release."""
    settings = load_settings()
    made_from = fingerprint(settings.raw)
    if is_already_served(settings, made_from):
        return dg.SkipReason("Rien n'a changé depuis la version publiée.")
    return dg.RunRequest()


@dg.sensor(
    job=refresh_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Un fichier déposé dans raw/inbox/ est classé, ou refusé avec ses raisons",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run when what waits in the inbox is not what was last seen there, whatever the clock says."""
    digest = listing_digest(load_settings().raw)
    if digest is None:
        return dg.SensorResult(cursor="", skip_reason="Rien n'attend dans raw/inbox/.")
    if digest == context.cursor:
        return dg.SkipReason("Ce qui attend dans raw/inbox/ a déjà été examiné.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=digest)], cursor=digest)
