"""Statistical confidentiality: restricted cells are masked before dbt, and looked for again before publication."""

from collections.abc import Iterator, Sequence

import dagster as dg

from dagster_project.assets.ingest import CONTEXT
from dagster_project.errors import RefusedDataError
from dagster_project.refresh import Refresh

PROTECTION = dg.AssetKey(["quality", "cell_protection"])
AUDIT = dg.AssetKey(["quality", "disclosure_audit"])
NOTHING_FOUND = "aucune_cellule_confidentielle_retrouvee"


@dg.asset(
    key=PROTECTION,
    group_name="quality",
    deps=[CONTEXT],
    description="Ce qui peut être dit de chaque cellule d'accès restreint",
)
def cell_protection(run: dg.ResourceParam[Refresh]) -> dg.MaterializeResult[None]:
    """Mask what is too small to be told (C), and what would give it away (D)."""
    decided = run.protect()
    return dg.MaterializeResult(
        metadata={
            "cellules": len(decided.decisions),
            "masquées (C)": decided.count("C"),
            "masquées pour en protéger d'autres (D)": decided.count("D"),
        }
    )


def disclosure_audit(tables: Sequence[dg.AssetKey]) -> dg.AssetsDefinition:
    """The asset that attacks the tables about to be published."""

    @dg.asset(
        key=AUDIT,
        group_name="quality",
        deps=tables,
        description="Attaque des tables à publier : aucune cellule masquée ne doit se retrouver",
        check_specs=[
            dg.AssetCheckSpec(
                NOTHING_FOUND, asset=AUDIT, blocking=True, description="Aucune cellule masquée ne se calcule"
            )
        ],
    )
    def attack(run: dg.ResourceParam[Refresh]) -> Iterator[dg.AssetCheckResult | dg.MaterializeResult[None]]:
        attacked = run.attack()
        found = [finding.message for finding in attacked.findings]
        yield dg.AssetCheckResult(
            check_name=NOTHING_FOUND,
            passed=not found,
            metadata={"cellules": dg.MetadataValue.md("\n".join(f"- {line}" for line in found) or "aucune")},
        )
        if found:
            raise RefusedDataError("\n".join(found))
        yield dg.MaterializeResult(metadata={"cellules attaquées": attacked.attacked})

    return attack
