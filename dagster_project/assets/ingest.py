"""One asset a dataset of the catalogue, and the context that closes the door behind the last of them."""

from collections.abc import Iterator, Sequence
from datetime import date

import dagster as dg

from dagster_project.catalogue import Dataset
from dagster_project.errors import RefusedDataError
from dagster_project.freshness import ages, calendar_of
from dagster_project.refresh import Intake, Refresh

DOOR_CHECK = "controle_d_entree"
AGE_CHECK = "edition_attendue"
CONTEXT = dg.AssetKey(["raw", "context"])


def raw_key(dataset: str) -> dg.AssetKey:
    """The asset of a dataset named ``publisher/dataset``."""
    return dg.AssetKey(["raw", *dataset.split("/")])


def ingest_asset(dataset: Dataset) -> dg.AssetsDefinition:
    """The asset that takes in every edition of a dataset; its check carries the Great Expectations results."""
    key = raw_key(dataset.name)
    newest = dataset.editions[-1].sidecar

    calendar = calendar_of(dataset.name)
    checks = [dg.AssetCheckSpec(DOOR_CHECK, asset=key, blocking=True, description="Lecture, puis contrôles")]
    if calendar:
        checks.append(
            dg.AssetCheckSpec(AGE_CHECK, asset=key, description="L'édition attendue de son producteur est là")
        )

    @dg.asset(
        key=key,
        group_name="raw",
        description=newest.title,
        check_specs=checks,
        freshness_policy=dg.FreshnessPolicy.time_window(fail_window=calendar.longest_wait) if calendar else None,
    )
    def ingest(run: dg.ResourceParam[Refresh]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        try:
            run.take_in(dataset.name)
        except RefusedDataError:
            yield _door_check(run, dataset.name, key, dg.AssetCheckSeverity.ERROR)
            raise
        yield _door_check(run, dataset.name, key, dg.AssetCheckSeverity.WARN)
        if calendar:
            (age,) = ages([run.dataset(dataset.name)], date.today())
            yield dg.AssetCheckResult(
                check_name=AGE_CHECK,
                passed=not age.is_late,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={"âge": dg.MetadataValue.text(age.sentence)},
            )
        accepted = [report for report in run.intakes[dataset.name].reports if report.accepted]
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "editions": dg.MetadataValue.json([report.edition_id for report in accepted]),
                "lignes": sum(report.rows_kept for report in accepted),
            },
        )

    return ingest


def _door_check(run: Refresh, name: str, key: dg.AssetKey, severity: dg.AssetCheckSeverity) -> dg.AssetCheckResult:
    intake = run.intakes[name]
    return dg.AssetCheckResult(
        asset_key=key,
        check_name=DOOR_CHECK,
        passed=not intake.refused,
        severity=severity,
        metadata={
            "peu vraisemblable": dg.MetadataValue.md("\n".join(f"- {flag}" for flag in _flags(intake)) or "rien"),
            "refus": dg.MetadataValue.md("\n".join(f"- {message}" for message in intake.refused) or "aucun"),
            "great_expectations": dg.MetadataValue.json(
                {report.edition_id: report.expectations for report in intake.reports}
            ),
        },
    )


def _flags(intake: Intake) -> list[str]:
    return [flag for report in intake.reports for flag in report.flags]


def context_asset(datasets: Sequence[Dataset]) -> dg.AssetsDefinition:
    """Editions, relations, errata and dictionary: what dbt needs to know beside the rows."""

    @dg.asset(
        key=CONTEXT,
        group_name="raw",
        deps=[raw_key(dataset.name) for dataset in datasets],
        description="Éditions retenues, relations, errata et dictionnaire",
    )
    def context(run: dg.ResourceParam[Refresh]) -> None:
        run.take_in_the_rest()
        run.write_context()

    return context
