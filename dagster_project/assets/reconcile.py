"""The reconciliation: every relation between figures judged, and the gaps set against the errata register."""

from collections.abc import Iterator

import dagster as dg

from dagster_project.errors import RefusedDataError
from dagster_project.quality.verdicts import Reconciliation
from dagster_project.refresh import Refresh

VERDICTS = dg.AssetKey(["quality", "relation_verdict"])
NEW_GAPS = "aucun_ecart_nouveau"
WAIVED_GAPS = "aucun_ecart_connu"


@dg.asset(
    key=VERDICTS,
    group_name="quality",
    deps=[dg.AssetKey(["core"])],
    description="Verdict et diagnostic de chaque relation entre chiffres",
    check_specs=[
        dg.AssetCheckSpec(NEW_GAPS, asset=VERDICTS, blocking=True, description="Tout écart est au registre des errata"),
        dg.AssetCheckSpec(WAIVED_GAPS, asset=VERDICTS, description="Écarts connus, montrés partout"),
    ],
)
def relation_verdict(run: dg.ResourceParam[Refresh]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
    """Judge the relations; a new gap, or an erratum that no longer applies, stops the run."""
    found = run.reconcile()
    blocking, waived = found.judgement.blocking, found.judgement.waived
    yield dg.AssetCheckResult(
        check_name=NEW_GAPS, passed=not blocking, metadata={"écarts": dg.MetadataValue.md(_list(blocking))}
    )
    yield dg.AssetCheckResult(
        check_name=WAIVED_GAPS,
        passed=not waived,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={"écarts": dg.MetadataValue.md(_list([f"{key} ({erratum})" for key, erratum in waived.items()]))},
    )
    if blocking:
        raise RefusedDataError("\n".join(_explained(line, found) for line in blocking))
    yield dg.MaterializeResult(metadata={"relations": len(found.outcomes)})


def _explained(line: str, found: Reconciliation) -> str:
    diagnosis = found.diagnoses.get(line.partition(" : ")[0])
    return f"{line}. {diagnosis.sentence}" if diagnosis else line


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines) or "aucun"
