"""Everything Dagster sees, and nothing else."""

from collections.abc import Iterator, Mapping

import dagster as dg

from dagster_project.assets.disclosure import cell_protection, disclosure_audit
from dagster_project.assets.ingest import context_asset, ingest_asset
from dagster_project.assets.publish import release_asset
from dagster_project.assets.reconcile import relation_verdict
from dagster_project.assets.transform import core_asset, mart_keys, marts_asset
from dagster_project.automation import daily_refresh, fetch_automation, inbox, refresh_job
from dagster_project.catalogue import load_catalogue
from dagster_project.operate.attempts import DAGSTER
from dagster_project.operate.sensors import run_end_sensors, upkeep
from dagster_project.operate.telling import Trial, conclude
from dagster_project.refresh import Refresh
from dagster_project.settings import Settings, load_settings


@dg.resource(description="Le travail en cours : verrou, fichier privé, contrôle d'entrée")
def run_resource(context: dg.InitResourceContext) -> Iterator[Refresh]:
    """A refresh that lasts as long as the run."""
    settings = load_settings()
    trying = Trial(settings, context.run_id or "", DAGSTER)
    with Refresh.start(settings) as refresh:
        trying.begin()
        yield refresh
        # Of a run that failed, its events tell (`operate.sensors`).
        if refresh.published:
            trying.message, trying.refused = refresh.published.message, refresh.refused
            conclude(settings, trying.succeeded(), context.log.warning if context.log else print)


def build_definitions(settings: Settings | None = None, **overrides: object) -> dg.Definitions:
    """Fresh definitions from the catalogue found in ``raw/``; `overrides` replace resources by name."""
    datasets = load_catalogue((settings or load_settings()).raw)
    resources: Mapping[str, object] = {"run": run_resource, **overrides}
    fetch_jobs, fetch_schedules = fetch_automation()
    return dg.Definitions(
        assets=[
            *(ingest_asset(dataset) for dataset in datasets),
            context_asset(datasets),
            cell_protection,
            core_asset(datasets),
            relation_verdict,
            marts_asset(),
            disclosure_audit(mart_keys()),
            release_asset(),
        ],
        jobs=[refresh_job, *fetch_jobs],
        schedules=[daily_refresh, *fetch_schedules],
        sensors=[inbox, upkeep, *run_end_sensors()],
        resources=resources,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """What `dg` and the daemon load."""
    return build_definitions()
