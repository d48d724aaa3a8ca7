"""The dbt project as two assets, before and after the reconciliation; every dbt test is an asset check."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from dagster_project.assets.ingest import CONTEXT, raw_key
from dagster_project.assets.reconcile import VERDICTS
from dagster_project.catalogue import Dataset
from dagster_project.dbt import NodeResult, manifest
from dagster_project.refresh import Refresh

_CORE_PATHS = ("seeds/", "models/staging/", "models/core/")
_CORE_SELECTION = ["path:seeds", "path:models/staging", "path:models/core", "--indirect-selection", "cautious"]
_MARTS_SELECTION = ["path:models/marts"]

Node = Mapping[str, Any]
Event = dg.MaterializeResult[None] | dg.AssetCheckResult


def core_asset(datasets: Sequence[Dataset]) -> dg.AssetsDefinition:
    """Seeds, staging and core: what is known, in one shape, with its history."""
    return _dbt_asset("core", "dbt, du brut au cœur", _CORE_SELECTION, _is_core, datasets)


def marts_asset(datasets: Sequence[Dataset]) -> dg.AssetsDefinition:
    """The published contract."""
    return _dbt_asset("marts", "dbt, tables publiées", _MARTS_SELECTION, lambda node: not _is_core(node), datasets)


def _dbt_asset(name: str, phase: str, selection: list[str], belongs: Any, datasets: Sequence[Dataset]) -> Any:
    nodes: dict[str, Node] = manifest()["nodes"]
    models = {key: node for key, node in nodes.items() if _is_table(node) and belongs(node)}
    tests = {key: node for key, node in nodes.items() if node["resource_type"] == "test" and _phase(node) == name}
    specs = [
        dg.AssetSpec(
            key=_key(node),
            group_name=node["schema"],
            description=node["description"] or None,
            deps=sorted(set(_dependencies(node, datasets)) - {_key(node)}),
        )
        for node in models.values()
    ]
    checks = {key: dg.AssetCheckSpec(node["alias"], asset=_key(_tested(node))) for key, node in tests.items()}

    @dg.multi_asset(name=f"dbt_{name}", specs=specs, check_specs=list(checks.values()))
    def build(run: dg.ResourceParam[Refresh]) -> Iterator[Event]:
        results = run.build(selection, phase)
        yield from (_check(checks[result.unique_id], result) for result in results if result.unique_id in checks)
        run.stop_on_failures(results)
        yield from (
            dg.MaterializeResult(asset_key=_key(models[result.unique_id]))
            for result in results
            if result.unique_id in models
        )

    return build


def _check(spec: dg.AssetCheckSpec, result: NodeResult) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=result.passed,
        metadata={"statut": result.status, "lignes en défaut": result.failures},
    )


def _is_table(node: Node) -> bool:
    return node["resource_type"] in ("model", "seed")


def _is_core(node: Node) -> bool:
    return bool(node["original_file_path"].startswith(_CORE_PATHS))


def _phase(test: Node) -> str:
    """A test runs as soon as everything it reads is there."""
    nodes = manifest()["nodes"]
    return "core" if all(_is_core(nodes[parent]) for parent in _parents(test)) else "marts"


def _tested(test: Node) -> Node:
    """The table a test is shown under: the one it is attached to, or the last one it reads."""
    nodes = manifest()["nodes"]
    node: Node = nodes[test.get("attached_node") or _parents(test)[-1]]
    return node


def _parents(node: Node) -> list[str]:
    parents = [parent for parent in node["depends_on"]["nodes"] if parent in manifest()["nodes"]]
    return sorted(parents, key=lambda parent: not _is_core(manifest()["nodes"][parent]))


def _key(node: Node) -> dg.AssetKey:
    return dg.AssetKey([node["schema"], node["name"]])


def _dependencies(node: Node, datasets: Sequence[Dataset]) -> Iterator[dg.AssetKey]:
    for parent in node["depends_on"].get("nodes", []):
        if source := manifest()["sources"].get(parent):
            yield from _source_keys(source, datasets)
        else:
            yield _key(manifest()["nodes"][parent])


def _source_keys(source: Node, datasets: Sequence[Dataset]) -> Iterator[dg.AssetKey]:
    if source["schema"] == "quality":
        yield VERDICTS
        return
    yield CONTEXT
    yield from (raw_key(dataset.name) for dataset in datasets if dataset.layout == source["name"])
