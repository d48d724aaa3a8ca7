"""What the reconciliation says of each figure: proved, in a gap, without a base to check it by, or never crossed."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from dagster_project.report.french import VERDICTS, number, trimmed
from dagster_project.report.marts import Marts, Row

# In these, either side may be the one at fault; elsewhere, the printed side is what does not agree.
_EITHER_SIDE = ("part", "at_most", "same", "within")


@dataclass(frozen=True)
class Check:
    """The verdict on one figure, and the relations it comes from."""

    kind: str = ""
    relations: tuple[Row, ...] = field(default=(), compare=False)

    @property
    def words(self) -> str:
        return {
            "gap": "écart",
            "not_computable": "non vérifiable",
            "proved": "vérifié",
            "": "non recoupé",
        }[self.kind]


UNCHECKED = Check()


class Checks:
    """Every relation of the release, by the figures it compares."""

    def __init__(self, marts: Marts) -> None:
        self.relations = marts.table("reconciliation")
        by_id = {row["relation_id"]: row for row in self.relations}
        self.terms: dict[str, list[Row]] = defaultdict(list)
        self._of: dict[str, list[tuple[Row, str]]] = defaultdict(list)
        for term in marts.table("reconciliation_term", order="relation_id, side, position, reference"):
            self.terms[term["relation_id"]].append(term)
            self._of[term["reference"]].append((by_id[term["relation_id"]], term["side"]))

    def of(self, reference: str | None) -> Check:
        """What is known of a figure: the worst verdict that concerns it."""
        found = self._of.get(reference or "", [])
        for verdict, kind in (("gap", "gap"), ("not_computable", "not_computable")):
            if at_fault := [
                relation for relation, side in found if relation["verdict"] == verdict and _marks(relation, side)
            ]:
                return Check(kind, tuple(at_fault))
        proving = [relation for relation, _ in found if relation["verdict"] in ("exact", "rounding", "holds")]
        return Check("proved", tuple(proving)) if proving else UNCHECKED

    @property
    def gaps(self) -> list[Row]:
        return [row for row in self.relations if row["verdict"] == "gap"]


def _marks(relation: Row, side: str) -> bool:
    return side == "right" or relation["operator"] in _EITHER_SIDE


def gaps_among(checks: Iterable[Check]) -> list[Row]:
    """The gaps of some figures, each once, in the order met."""
    found: dict[str, Row] = {}
    for check in checks:
        if check.kind in ("gap", "not_computable"):
            found |= {relation["relation_id"]: relation for relation in check.relations}
    return list(found.values())


def numbers_of(relation: dict[str, Any]) -> str:
    """`calculé 32 572 284, imprimé 32 963 233, écart de 390 949`."""
    if relation["left_value"] is None or relation["right_value"] is None:
        return VERDICTS[relation["verdict"]]
    calculated, printed, difference = (
        trimmed(round(relation[name], 2)) for name in ("left_value", "right_value", "difference")
    )
    return f"calculé {number(calculated)}, imprimé {number(printed)}, écart de {number(abs(difference))}"


def sentences_of(relation: dict[str, Any]) -> Sequence[str]:
    """What is known of a gap, said once: the register's reason, the diagnosis, the curated note."""
    return [text for text in (relation["waiver_reason_fr"], relation["diagnosis_fr"], relation["note_fr"]) if text]
