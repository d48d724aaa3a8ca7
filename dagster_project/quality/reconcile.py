"""Does a relation hold? Exact arithmetic on figures, with the doubt their printing leaves.

A difference is left minus right: left is what the parts give, right is what is printed.
"""

from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from dagster_project.quality.relations import Operator, Side

Verdict = Literal["exact", "rounding", "holds", "gap", "not_computable"]

# What is counted one by one has no decimals to round away: its doubt is nil unless it is printed to a coarser step.
_MEASURED_UNITS = frozenset(
    {"percent", "percentage_point", "eur", "eur_per_month", "eur_per_year", "eur_per_hour", "eur_per_person"}
)
_NEARLY = Fraction(95, 100)
_ABOUT = Fraction(5, 100)


@dataclass(frozen=True)
class Figure:
    """A figure as known today: what it is worth, how finely it is printed, and how to name it."""

    reference: str
    label: str
    value: Fraction | None
    lower: Fraction | None = None
    upper: Fraction | None = None
    qualifier: str = "exact"
    unit: str = "person"
    step: Fraction = Fraction(0)
    dataset: str = ""
    series: str = ""
    period: str = ""
    territory: str = ""
    breaks: str = ""
    is_masked: bool = False

    @property
    def doubt(self) -> Fraction:
        """Half the last printed unit, for what is measured or visibly rounded."""
        if self.unit in _MEASURED_UNITS or self.step > 1:
            return self.step / 2
        return Fraction(0)


@dataclass(frozen=True)
class Term:
    """A figure with its side and coefficient; no figure where the one named is not known."""

    side: Side
    coefficient: Fraction
    figure: Figure | None
    reference: str
    label: str

    @property
    def value(self) -> Fraction:
        assert self.figure is not None and self.figure.value is not None
        return self.coefficient * self.figure.value

    @property
    def doubt(self) -> Fraction:
        assert self.figure is not None
        return abs(self.coefficient) * self.figure.doubt


@dataclass(frozen=True)
class Relation:
    """An operator between terms."""

    relation_id: str
    operator: Operator
    terms: tuple[Term, ...]

    def side(self, side: Side) -> tuple[Term, ...]:
        return tuple(term for term in self.terms if term.side == side)

    def total(self, side: Side) -> Fraction:
        """The sum of the terms of a side, all of them known."""
        return sum((term.value for term in self.side(side)), Fraction(0))

    def doubt(self, side: Side) -> Fraction:
        """By how much that sum may be off, each figure being rounded as it is printed."""
        return sum((term.doubt for term in self.side(side)), Fraction(0))

    @property
    def missing(self) -> tuple[Term, ...]:
        """Terms without a value; the bounds of a range are a value for `within`."""
        return tuple(term for term in self.terms if not self._is_known(term))

    @property
    def masked(self) -> tuple[Term, ...]:
        """Terms whose value is confidential."""
        return tuple(term for term in self.missing if term.figure and term.figure.is_masked)

    def _is_known(self, term: Term) -> bool:
        if term.figure is None:
            return False
        if self.operator == "within" and term.side == "right":
            return term.figure.lower is not None and term.figure.upper is not None
        return term.figure.value is not None

    @property
    def break_between(self) -> str | None:
        """The break of a series that stands between two of its values compared here, if one does. French."""
        breaks: dict[str, str] = {}
        for term in self.terms:
            if term.figure and term.figure.series and self.operator in ("sum", "growth", "same", "at_most"):
                first = breaks.setdefault(term.figure.series, term.figure.breaks)
                if first != term.figure.breaks:
                    return max(first, term.figure.breaks, key=len)
        return None

    def with_term(self, index: int, term: Term) -> "Relation":
        return replace(self, terms=(*self.terms[:index], term, *self.terms[index + 1 :]))


@dataclass(frozen=True)
class Outcome:
    """The verdict of a relation, with the numbers it rests on; values are None where they cannot be computed."""

    verdict: Verdict
    left: Fraction | None = None
    right: Fraction | None = None
    tolerance: Fraction = Fraction(0)

    @property
    def difference(self) -> Fraction | None:
        return None if self.left is None or self.right is None else self.left - self.right


def evaluate(relation: Relation) -> Outcome:
    """Compute both sides of a relation and say whether it holds."""
    if relation.missing or relation.break_between or _is_over_nothing(relation):
        return _not_computable(relation)
    if relation.operator == "complete":
        return Outcome("holds", relation.total("left"))
    if relation.operator == "within":
        return _within(relation)

    right_terms = relation.side("right")
    right = relation.total("right")
    left, doubt = _left(relation)
    tolerance = doubt + relation.doubt("right")
    if relation.operator in ("part", "at_most"):
        verdict: Verdict = "holds" if left <= right + tolerance else "gap"
    elif len(right_terms) == 1:
        verdict = _compare(left, right, tolerance, _qualifier(right_terms[0]))
    else:
        verdict = _compare(left, right, tolerance, "exact")
    return Outcome(verdict, left, right, tolerance)


def _qualifier(term: Term) -> str:
    assert term.figure is not None
    return term.figure.qualifier


def _left(relation: Relation) -> tuple[Fraction, Fraction]:
    """The left side and its doubt; a ratio or a growth is in percent, and carries the doubt of both its members."""
    total, doubt = relation.total("left"), relation.doubt("left")
    if not relation.side("base"):
        return total, doubt
    base, base_doubt = relation.total("base"), relation.doubt("base")
    share = total / base
    if relation.operator == "growth":
        return 100 * (share - 1), 100 * (doubt + abs(share) * base_doubt) / abs(base)
    return 100 * share, 100 * (doubt + abs(share) * base_doubt) / abs(base)


def _compare(left: Fraction, right: Fraction, tolerance: Fraction, qualifier: str) -> Verdict:
    """Words have numbers: « plus de » is a strict bound, « près de » five percent below, « environ » five around."""
    if qualifier == "more_than":
        return "holds" if left > right else "gap"
    if qualifier == "less_than":
        return "holds" if left < right else "gap"
    if qualifier == "up_to":
        return "holds" if left <= right + tolerance else "gap"
    if left == right:
        return "exact"
    if abs(left - right) <= tolerance:
        return "rounding"
    if qualifier == "nearly" and _NEARLY * right <= left <= right:
        return "holds"
    if qualifier == "about" and abs(left - right) <= _ABOUT * abs(right):
        return "holds"
    return "gap"


def _within(relation: Relation) -> Outcome:
    (bounds,) = relation.side("right")
    assert bounds.figure is not None and bounds.figure.lower is not None and bounds.figure.upper is not None
    members = relation.side("left")
    doubt = bounds.figure.doubt
    outside = [
        term
        for term in members
        if not bounds.figure.lower - doubt - term.doubt <= term.value <= bounds.figure.upper + doubt + term.doubt
    ]
    if not outside:
        return Outcome("holds", tolerance=doubt)
    first = outside[0]
    nearest = bounds.figure.lower if first.value < bounds.figure.lower else bounds.figure.upper
    return Outcome("gap", first.value, nearest, doubt + first.doubt)


def _not_computable(relation: Relation) -> Outcome:
    """What can still be shown: the printed side, and the sum of a left side that is whole."""
    missing = {term.side for term in relation.missing}
    right = None if "right" in missing or relation.operator == "within" else relation.total("right")
    left = None if missing & {"left", "base"} or _is_over_nothing(relation) else _left(relation)[0]
    return Outcome("not_computable", left, right)


def _is_over_nothing(relation: Relation) -> bool:
    """Whether a ratio or a growth has a base that is known, and nothing."""
    is_known = not any(term.side == "base" for term in relation.missing)
    return bool(relation.side("base")) and is_known and relation.total("base") == 0


def french(number: Fraction | Decimal | None, digits: int | None = None) -> str:
    """A number as a French reader writes it: ``17 940 580``, ``7,29``."""
    if number is None:
        return "—"
    exact = Fraction(number)
    if digits is None:
        digits = 0 if exact.denominator == 1 else 2
    shown = f"{float(round(exact, digits)):,.{digits}f}" if digits else f"{round(exact):,}"
    return shown.replace(",", "\u202f").replace(".", ",")
