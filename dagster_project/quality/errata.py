"""The errata register: gaps known in somebody else's publication, each with a guard that makes it expire."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from dagster_project.errors import RefusedDataError
from dagster_project.quality.reconcile import Outcome, Relation, french
from dagster_project.written import read_entries


class Expectation(BaseModel):
    """What the reconciliation must still find for the erratum to apply."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    verdict: Literal["gap", "not_computable"]
    difference: Decimal | None = None


class Erratum(BaseModel):
    """A known gap: why it is there, who was told, and what it looks like."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    erratum_id: str
    relation_id: str
    reason_fr: str
    told_fr: str
    status: Literal["open", "told", "acknowledged", "corrected"]
    recorded_on: date
    expect: Expectation


@dataclass(frozen=True)
class Judgement:
    """What the register makes of the verdicts: gaps it covers, and what must stop publication, in French."""

    waived: dict[str, str]
    blocking: list[str]


def read_errata(raw: Path) -> list[Erratum]:
    """Read every ``errata.yml`` beside the relations.

    Raises:
        RefusedDataError: an entry that cannot be read, or two entries for one relation.
    """
    errata: list[Erratum] = []
    for path in sorted(raw.glob("*/reconciliation/*/errata.yml")):
        errata += read_entries(path, Erratum, f"{path.relative_to(raw)} : registre")
    for name in ("relation_id", "erratum_id"):
        seen: set[str] = set()
        for erratum in errata:
            key = getattr(erratum, name)
            if key in seen:
                raise RefusedDataError(f"errata.yml : {name} « {key} » figure deux fois")
            seen.add(key)
    return errata


def judge(relations: list[tuple[Relation, str]], outcomes: dict[str, Outcome], errata: list[Erratum]) -> Judgement:
    """Set the register against the verdicts: a new gap blocks, and so does an entry that no longer applies.

    Of a relation over a masked cell nobody can say anything: neither blocks.
    """
    by_relation = {erratum.relation_id: erratum for erratum in errata}
    waived: dict[str, str] = {}
    blocking: list[str] = []
    for relation, severity in relations:
        outcome = outcomes[relation.relation_id]
        erratum = by_relation.pop(relation.relation_id, None)
        if relation.masked:
            continue
        if erratum is None:
            if outcome.verdict in ("gap", "not_computable") and severity == "error":
                blocking.append(_new(relation, outcome))
        elif applies(erratum, outcome):
            waived[relation.relation_id] = erratum.erratum_id
        else:
            blocking.append(_expired(erratum, outcome))
    blocking += [
        f"{erratum.erratum_id} : la relation {erratum.relation_id} n'existe pas" for erratum in by_relation.values()
    ]
    return Judgement(waived, blocking)


def applies(erratum: Erratum, outcome: Outcome) -> bool:
    """Whether the gap is still the one recorded, to the cent or the second decimal."""
    if erratum.expect.verdict != outcome.verdict:
        return False
    if erratum.expect.difference is None:
        return True
    return outcome.difference is not None and round(outcome.difference, 2) == Decimal(erratum.expect.difference)


def _new(relation: Relation, outcome: Outcome) -> str:
    if outcome.verdict == "not_computable":
        names = ", ".join(term.label for term in relation.missing)
        return f"{relation.relation_id} : non calculable, il manque {names}"
    return (
        f"{relation.relation_id} : écart de {french(outcome.difference)} "
        f"(calculé {french(outcome.left)}, imprimé {french(outcome.right)}), absent du registre des errata"
    )


def _expired(erratum: Erratum, outcome: Outcome) -> str:
    return (
        f"{erratum.erratum_id} ne s'applique plus : la relation {erratum.relation_id} attendait "
        f"{erratum.expect.verdict} {french(erratum.expect.difference)}, "
        f"le calcul donne {outcome.verdict} {french(outcome.difference)}"
    )
