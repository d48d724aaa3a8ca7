"""When things run: the refresh and its schedule, the drop zone, and a fetch a producer on its own calendar."""

import os
from collections.abc import Sequence
from datetime import date
from itertools import groupby

import dagster as dg
from dagster._utils.schedules import is_valid_cron_schedule

from dagster_project.catalogue import Dataset, load_catalogue
from dagster_project.connectors.calendar import is_stale
from dagster_project.connectors.producers import SOURCES
from dagster_project.errors import WrongUseError
from dagster_project.inbox import is_unread, listing_digest
from dagster_project.operate.attempts import DAGSTER
from dagster_project.operate.telling import note_unchanged
from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.lock import lock_holder
from dagster_project.release.unchanged import refused_as_served
from dagster_project.settings import TIMEZONE, load_settings

RETRIES = dg.RetryPolicy(max_retries=3, delay=300, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.PLUS_MINUS)

refresh_job = dg.define_asset_job(
    "refresh",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
    description="De raw/ à la version publiée ; le même travail que « bilan refresh »",
)


def _hour() -> str:
    """When the refresh is due, as cron writes it.

    Raises:
        WrongUseError: ``BILAN_CRON`` is not written so.
    """
    cron = os.environ.get("BILAN_CRON", "30 6 * * *")
    if not is_valid_cron_schedule(cron):
        raise WrongUseError(f"BILAN_CRON : « {cron} » n'est pas un horaire de cron, comme « 30 6 * * * ».")
    return cron


@dg.schedule(
    job=refresh_job,
    cron_schedule=_hour(),
    execution_timezone=TIMEZONE,
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Chaque matin à 6 h 30 (BILAN_CRON pour une autre heure), si raw/ ou le code a changé",
)
def daily_refresh(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
    """Ask for a run, or say that nothing changed since the served release, and nothing unread waits in the inbox."""
    settings = load_settings()
    passed_over = refused_as_served(settings, fingerprint(settings.raw))
    if passed_over is None or is_unread(settings.raw):
        return dg.RunRequest()
    note_unchanged(settings, DAGSTER, context.log.warning, passed_over)
    return dg.SkipReason("Rien n'a changé depuis la version publiée.")


@dg.sensor(
    job=refresh_job,
    minimum_interval_seconds=30,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Un fichier déposé dans raw/inbox/ est classé, ou refusé avec ses raisons",
)
def inbox(context: dg.SensorEvaluationContext) -> dg.SensorResult | dg.SkipReason:
    """Ask for a run when what waits in the inbox is not what was last seen there, whatever the clock says.

    Not while another is under way: the run would meet it and end, and what waits would count as seen.
    """
    settings = load_settings()
    if holder := lock_holder(settings.lock):
        return dg.SkipReason(holder)
    digest = listing_digest(settings.raw)
    if digest is None:
        return dg.SensorResult(cursor="", skip_reason="Rien n'attend dans raw/inbox/.")
    if digest == context.cursor:
        return dg.SkipReason("Ce qui attend dans raw/inbox/ a déjà été examiné.")
    return dg.SensorResult(run_requests=[dg.RunRequest(run_key=digest)], cursor=digest)


def fetch_automation() -> tuple[list[dg.JobDefinition], list[dg.ScheduleDefinition]]:
    """A job and a schedule a producer: every day at 5:30 while an edition of it is awaited."""
    jobs, schedules = [], []
    by_publisher = sorted(SOURCES, key=lambda source: source.publisher)
    for publisher, sources in groupby(by_publisher, key=lambda source: source.publisher):
        job = fetch_job_of(publisher, [source.name for source in sources])
        jobs.append(job)
        schedules.append(_fetch_schedule(publisher, job))
    return jobs, schedules


def fetch_job_of(publisher: str, names: Sequence[str], retries: dg.RetryPolicy = RETRIES) -> dg.JobDefinition:
    """Ask a producer for its newest editions, again and again where it does not answer."""

    @dg.op(
        name=f"newest_editions_of_{publisher}",
        # A producer out of order is asked again; a refresh never is: what it refuses once, it refuses again.
        retry_policy=retries,
        description="Cherche la dernière édition chez le producteur, et l'archive",
    )
    def fetch_editions(context: dg.OpExecutionContext) -> None:
        from dagster_project.connectors.fetch import fetch

        settings = load_settings()
        results = fetch(settings.raw, settings.connectors, names, context.log.info, tolerant=True)
        if failed := [f"{result.dataset} : {result.message}" for result in results if result.status == "failed"]:
            raise dg.Failure("\n".join(failed))

    @dg.job(name=f"fetch_{publisher}", description=", ".join(names), executor_def=dg.in_process_executor)
    def fetch_job() -> None:
        fetch_editions()

    return fetch_job


def _fetch_schedule(publisher: str, job: dg.JobDefinition) -> dg.ScheduleDefinition:
    @dg.schedule(
        name=f"{publisher}_editions",
        job=job,
        cron_schedule="30 5 * * *",
        execution_timezone=TIMEZONE,
        default_status=dg.DefaultScheduleStatus.STOPPED,
        description="Chaque jour à 5 h 30, pendant les mois où le producteur publie ou tant qu'une édition manque",
    )
    def awaited_editions(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        awaited = awaited_from(publisher, load_catalogue(load_settings().raw), context.scheduled_execution_time.date())
        if not awaited:
            return dg.SkipReason("Aucune édition n'est attendue ce mois-ci.")
        return dg.RunRequest(tags={"attendu": ", ".join(awaited)[:60]})

    return awaited_editions


def awaited_from(publisher: str, datasets: Sequence[Dataset], today: date) -> list[str]:
    """The producer's datasets worth asking for on that day: published this month, late, or never archived."""
    archived = {dataset.name: dataset.editions[-1].sidecar.published.known_from for dataset in datasets}
    return [
        source.name
        for source in SOURCES
        if source.publisher == publisher
        and (
            source.name not in archived
            or today.month in source.calendar.months
            or is_stale(source, archived[source.name], today)
        )
    ]
