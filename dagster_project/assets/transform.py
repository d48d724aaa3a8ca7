"""The dbt project as a few fat assets: one for the core, one a subject of the marts; every dbt test is a check.

An asset a table would say nothing that dbt's own lineage does not, and each costs Dagster a tenth of a second.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

import dagster as dg

from dagster_project.assets.disclosure import PROTECTION
from dagster_project.assets.ingest import raw_key
from dagster_project.assets.reconcile import VERDICTS
from dagster_project.catalogue import Dataset
from dagster_project.dbt import NodeResult, manifest
from dagster_project.refresh import Refresh

CORE = dg.AssetKey(["core"])
CORE_SELECTION = ["path:seeds", "path:models/staging", "path:models/core", "--indirect-selection", "cautious"]
MARTS_SELECTION = ["path:models/marts"]
_MARTS_FOLDER = PurePosixPath("models/marts")

Node = Mapping[str, Any]
Event = dg.MaterializeResult[None] | dg.AssetCheckResult


def core_asset(datasets: Sequence[Dataset]) -> dg.AssetsDefinition:
    """Seeds, staging and core: what is known, in one shape, with its history."""
    spec = dg.AssetSpec(
        CORE,
        group_name="core",
        description="Nomenclatures, observations, lignes de crédit et relations, avec leur histoire",
        deps=[PROTECTION, *(raw_key(dataset.name) for dataset in datasets)],
    )
    return _dbt_asset("core", "dbt, du brut au cœur", CORE_SELECTION, [spec])


def marts_asset() -> dg.AssetsDefinition:
    """The published contract, a subject at a time."""
    tables: dict[dg.AssetKey, list[str]] = {}
    for node in _nodes("model"):
        if (subject := _asset_key(node)) != CORE:
            tables.setdefault(subject, []).append(node["name"])
    specs = [
        dg.AssetSpec(key, group_name="marts", description=", ".join(sorted(names)), deps=[CORE, VERDICTS])
        for key, names in sorted(tables.items())
    ]
    return _dbt_asset("marts", "dbt, tables publiées", MARTS_SELECTION, specs)


def mart_keys() -> list[dg.AssetKey]:
    """The assets of the published contract."""
    return sorted({_asset_key(node) for node in _nodes("model")} - {CORE})


def _dbt_asset(name: str, phase: str, selection: list[str], specs: list[dg.AssetSpec]) -> dg.AssetsDefinition:
    checks = {
        test["unique_id"]: dg.AssetCheckSpec(test["alias"], asset=_asset_key(_tested(test)))
        for test in _nodes("test")
        if _is_core_test(test) == (name == "core")
    }

    @dg.multi_asset(name=f"dbt_{name}", specs=specs, check_specs=list(checks.values()))
    def build(run: dg.ResourceParam[Refresh]) -> Iterator[Event]:
        results = run.build(selection, phase)
        yield from (_check(checks[result.unique_id], result) for result in results if result.unique_id in checks)
        run.stop_on_failures(results)
        yield from (dg.MaterializeResult(asset_key=spec.key) for spec in specs)

    return build


def _check(spec: dg.AssetCheckSpec, result: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.passed,
        metadata={"statut": result.status, "lignes en défaut": result.failures},
    )


def _nodes(resource_type: str) -> list[Node]:
    return [node for node in manifest()["nodes"].values() if node["resource_type"] == resource_type]


def _asset_key(node: Node) -> dg.AssetKey:
    """The subject a mart belongs to; everything before the marts is the core."""
    path = PurePosixPath(node["original_file_path"])
    if not path.is_relative_to(_MARTS_FOLDER):
        return CORE
    return dg.AssetKey(["marts", path.relative_to(_MARTS_FOLDER).parts[0]])


def _is_core_test(test: Node) -> bool:
    """A test runs as soon as everything it reads is there."""
    return all(_asset_key(parent) == CORE for parent in _parents(test))


def _tested(test: Node) -> Node:
    """The table a test is shown under: the first mart it reads, else any."""
    parents = _parents(test)
    return next((parent for parent in parents if _asset_key(parent) != CORE), parents[0])


def _parents(test: Node) -> list[Node]:
    nodes = manifest()["nodes"]
    return [nodes[parent] for parent in test["depends_on"]["nodes"] if parent in nodes]
