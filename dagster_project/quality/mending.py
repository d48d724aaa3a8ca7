"""What would mend a relation: for each of its terms, the values with which it would hold, all others being right."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dagster_project.quality.reconcile import Figure, Relation, Term, evaluate


@dataclass(frozen=True)
class Interval:
    """The values of a term with which the relation would hold."""

    low: Fraction
    high: Fraction

    def __contains__(self, value: object) -> bool:
        return isinstance(value, Fraction) and self.low <= value <= self.high

    @property
    def middle(self) -> "Interval":
        """The one value with which the relation would be exact."""
        exact = (self.low + self.high) / 2
        return Interval(exact, exact)


Repairable = Sequence[tuple[Term, Interval]]


def mendable(relation: Relation) -> Iterator[tuple[Term, Interval]]:
    """The terms whose change alone could mend the relation, with the values that would."""
    for index, term in enumerate(relation.terms):
        if term.figure is not None and (wanted := mending_interval(relation, index)):
            yield term, wanted


def mending_interval(relation: Relation, index: int) -> Interval | None:
    """The values the term would need for the relation to hold, all others being right; None if there is none."""
    term = relation.terms[index]
    if relation.missing or relation.operator in ("complete", "within", "part", "at_most") or not term.coefficient:
        return None
    if any(other.figure and other.figure.qualifier != "exact" for other in relation.side("right")):
        return None
    without = relation.with_term(index, worth(term, Fraction(0)))
    outcome = evaluate(relation)
    left, right, tolerance = outcome.left, outcome.right, outcome.tolerance
    assert left is not None and right is not None
    if term.side == "right":
        others = evaluate(without).right
        assert others is not None
        return _scaled(left - others - tolerance, left - others + tolerance, 1 / term.coefficient)
    if relation.operator in ("sum", "same"):
        others = evaluate(without).left
        assert others is not None
        return _scaled(right - others - tolerance, right - others + tolerance, 1 / term.coefficient)
    return _ratio_interval(relation, index, right, tolerance)


def _ratio_interval(relation: Relation, index: int, right: Fraction, tolerance: Fraction) -> Interval | None:
    term = relation.terms[index]
    numerator = sum((other.value for other in relation.side("left")), Fraction(0))
    base = sum((other.value for other in relation.side("base")), Fraction(0))
    offset = 100 if relation.operator == "growth" else 0
    low, high = (right + offset - tolerance) / 100, (right + offset + tolerance) / 100
    if low <= 0:
        return None
    if term.side == "left":
        rest = numerator - term.value
        return _scaled(low * base - rest, high * base - rest, 1 / term.coefficient)
    rest = base - term.value
    return _scaled(numerator / high - rest, numerator / low - rest, 1 / term.coefficient)


def _scaled(low: Fraction, high: Fraction, factor: Fraction) -> Interval:
    ends = sorted((low * factor, high * factor))
    return Interval(ends[0], ends[1])


def closes(repaired: Relation, repairable: Repairable) -> bool:
    """Whether a repair mends the relation: exactly where only exact repairs are looked for."""
    exactly = all(wanted.low == wanted.high for _, wanted in repairable)
    return evaluate(repaired).verdict in (("exact",) if exactly else ("exact", "rounding", "holds"))


def worth(term: Term, value: Fraction) -> Term:
    """The term, its figure being worth something else."""
    return replace(term, figure=replace(figure_of(term), value=value))


def figure_of(term: Term) -> Figure:
    """The figure of a term that is known to have one."""
    assert term.figure is not None
    return term.figure
