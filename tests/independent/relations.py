"""The relations judged again, from the sentences that define their operators."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.independent.archive import Row
from tests.independent.knowledge import Knowledge

# Counted one by one: nothing is rounded away, unless the figure is printed to a step above one.
_MEASURED = ("percent", "percentage_point", "eur", "eur_per_month", "eur_per_year", "eur_per_hour", "eur_per_person")
_SIDES = {
    "ratio": ("left", "base", " / "),
    "growth": ("base", "left", " -> "),
}


@dataclass
class Term:
    """A figure in a relation, as known today; `row` is None where it is not known."""

    side: str
    position: int
    coefficient: Fraction
    reference: str
    label: str
    row: Row | None

    @property
    def value(self) -> Fraction | None:
        value = self.row["value"] if self.row else None
        return None if value is None else self.coefficient * Fraction(value)

    @property
    def doubt(self) -> Fraction:
        """Half a unit of the last place printed."""
        assert self.row is not None
        step = Fraction(self.row["step"] or 0)
        rounded = self.row["unit"] in _MEASURED or step > 1
        return abs(self.coefficient) * step / 2 if rounded else Fraction(0)


def figures_by_reference(known: Knowledge) -> dict[str, Row]:
    """Every figure a relation may name, as known today."""
    current = [one for one in known.observations if one["known_to"] is None]
    breaks = {one["reference"]: one["breaks"] for one in current}
    found: dict[str, Row] = {}
    for figure in known.figures:
        if figure["edition"].is_newest:
            label = f"{figure['label_fr']}, {figure['territory_label']}"
            report, _, own = figure["reference"].rpartition(":")
            first = f"{report}:{figure['repeat_of'] or own}"
            found[figure["reference"]] = figure | {"label": label, "breaks": breaks.get(first, ())}
    for one in current:
        if not one["is_printed"] and one["population_group"] == "all":
            found[one["reference"]] = one | {"label": f"{one['indicator_label_fr']}, {one['territory_name']}"}
    for line in known.printed_lines:
        found[line["reference"]] = line | {
            "label": f"{line['signatory_name'] or line['action']}, {line['territory_name']}",
            "value": line["amount_eur"], "lower": None, "upper": None, "qualifier": "exact", "unit": "eur",
            "period_label": str(line["year"]), "period_code": str(line["year"]), "population_group": "all",
            "indicator_code": f"budget {line['stage']} {line['line_code']}", "breaks": (),
        }  # fmt: skip
    return found


def terms_of(relation: Row, report: str, figures: dict[str, Row], known: Knowledge) -> list[Term]:
    """The terms of a relation, groups spelled out into the départements expected."""
    sides = {"left": relation["left"], "right": relation["right"] or ""}
    if relation["operator"] in _SIDES:
        first, second, separator = _SIDES[relation["operator"]]
        sides[first], sides[second] = relation["left"].split(separator)
    terms: list[Term] = []
    for side, expression in sides.items():
        signed = re.findall(r"(?:(^|[+-]) ?)?(?:(\d+(?:/\d+)?)\*)?([^\s*]+)", expression)
        for position, (sign, factor, name) in enumerate(signed, start=1):
            coefficient = Fraction(factor or 1) * (-1 if sign == "-" else 1)
            reference = name if name == "?" or ":" in name else f"{report}:{name}"
            for member, label in _members(reference, known):
                row = figures.get(member)
                terms.append(Term(side, position, coefficient, member, row["label"] if row else label, row))
    return terms


def _members(reference: str, known: Knowledge) -> list[tuple[str, str]]:
    if ":departements@" not in reference:
        return [(reference, reference)]
    what, region = reference.split(":departements@")
    return [
        (f"{what}:departement-{one['territory_code']}", one["territory_name"]) for one in known.departements_of(region)
    ]


def judge(operator: str, terms: list[Term]) -> Row:
    """Both sides of a relation, what rounding explains, and the verdict."""
    left, base, right = ([term for term in terms if term.side == side] for side in ("left", "base", "right"))
    missing = {term.side for term in terms if not _is_known(operator, term)}
    said: Row = {"left": None, "right": None, "tolerance": Fraction(0), "verdict": "not_computable"}
    said["compared"] = sum(_is_known(operator, term) for term in terms)
    if missing or _breaks_between(operator, terms):
        said["left"] = None if missing & {"left", "base"} else _given(operator, left, base)
        said["right"] = None if "right" in missing or operator == "within" else _sum(right)
        return said
    if operator == "complete":
        return said | {"left": _sum(left), "verdict": "holds"}
    if operator == "within":
        return said | _within(left, right[0])
    given, printed = _given(operator, left, base), _sum(right)
    if given is None:
        return said | {"right": printed}
    tolerance = _doubt(operator, left, base) + sum(term.doubt for term in right)
    words = right[0].row["qualifier"] if len(right) == 1 and right[0].row else "exact"
    verdict = _verdict(operator, words, given, printed, tolerance)
    return said | {"left": given, "right": printed, "tolerance": tolerance, "verdict": verdict}


def _is_known(operator: str, term: Term) -> bool:
    if operator == "within" and term.side == "right":
        return term.row is not None and None not in (term.row["lower"], term.row["upper"])
    return term.value is not None


def _breaks_between(operator: str, terms: list[Term]) -> bool:
    """Whether two values of one series, compared here, stand on two sides of a break."""
    if operator not in ("sum", "growth", "same", "at_most"):
        return False
    series: dict[Any, set[Any]] = {}
    for term in terms:
        if term.row and term.row["indicator_code"]:
            names = ("dataset", "indicator_code", "territory_level", "territory_code", "population_group")
            series.setdefault(tuple(term.row[name] for name in names), set()).add(term.row["breaks"])
    return any(len(breaks) > 1 for breaks in series.values())


def _sum(terms: list[Term]) -> Fraction:
    total = Fraction(0)
    for term in terms:
        assert term.value is not None
        total += term.value
    return total


def _given(operator: str, left: list[Term], base: list[Term]) -> Fraction | None:
    """What the parts give: their sum, a share of the base in percent, or a growth from it; None over zero."""
    if not base:
        return _sum(left)
    over = _sum(base)
    if not over:
        return None
    return 100 * (_sum(left) / over - (1 if operator == "growth" else 0))


def _doubt(operator: str, left: list[Term], base: list[Term]) -> Fraction:
    doubt = sum((term.doubt for term in left), Fraction(0))
    if not base:
        return doubt
    # d(a/b) = da/b + a.db/b2, in percent.
    over = _sum(base)
    return 100 * doubt / abs(over) + 100 * abs(_sum(left)) * sum(term.doubt for term in base) / over**2


def _verdict(operator: str, words: str, given: Fraction, printed: Fraction, tolerance: Fraction) -> str:
    holds = {
        "more_than": given > printed,
        "less_than": given < printed,
        "up_to": given - printed <= tolerance,
    }
    if operator in ("part", "at_most"):
        words = "up_to"
    if words in holds:
        return "holds" if holds[words] else "gap"
    if given == printed:
        return "exact"
    if abs(given - printed) <= tolerance:
        return "rounding"
    nearly = words == "nearly" and printed * 95 / 100 <= given <= printed
    about = words == "about" and abs(given - printed) <= abs(printed) * 5 / 100
    return "holds" if nearly or about else "gap"


def _within(members: list[Term], bounds: Term) -> Row:
    assert bounds.row is not None
    low, high = Fraction(bounds.row["lower"]), Fraction(bounds.row["upper"])
    doubt = bounds.doubt
    for term in members:
        assert term.value is not None
        margin = doubt + term.doubt
        if not low - margin <= term.value <= high + margin:
            nearest = low if term.value < low else high
            return {"left": term.value, "right": nearest, "tolerance": margin, "verdict": "gap"}
    return {"tolerance": doubt, "verdict": "holds"}
