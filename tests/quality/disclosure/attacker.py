"""Somebody who wants the masked numbers: reads what is shown, release after release, and solves for them.

Written apart from both the masking and the audit. He knows the workbook everybody can download: which base a percentage
has, what is part of what, that a region is the sum of those that answer. He knows that counts are whole, never
negative, and what the letters C and D say.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

import numpy as np
from scipy.optimize import linprog

from dagster_project.readers.calpae import form

SMALL = 5
LARGEST = 1e6


class Place(NamedTuple):
    indicator: str
    level: str
    code: str
    year: int


class Shown(NamedTuple):
    """What a table shows at a place: the edition it comes from, a value or none, and a letter."""

    edition: str
    value: Decimal | None
    letter: str


Unknown = tuple[Place, str]
View = Mapping[Place, Shown]


@dataclass
class Attack:
    """The equations gathered so far, over every view of the tables anybody had."""

    views: list[View]
    shares: dict[Unknown, Decimal] = field(default_factory=dict)
    """Percentages shown for a place by an edition."""

    def __post_init__(self) -> None:
        self.known: dict[Unknown, float] = {}
        self.letters: dict[Unknown, str] = {}
        for view in self.views:
            for place, shown in view.items():
                if shown.value is not None:
                    self.known[place, shown.edition] = float(shown.value)
                else:
                    self.letters[place, shown.edition] = shown.letter
        self.masked = [one for one in self.letters if one not in self.known and not one[0].indicator.endswith("_pct")]
        self.index = {one: at for at, one in enumerate(self.masked)}
        self.equal: list[tuple[dict[int, float], float]] = []
        self.at_most: list[tuple[dict[int, float], float]] = []
        for view in self.views:
            self._sums(view)
            self._parts(view)

    def _sums(self, view: View) -> None:
        for place, shown in view.items():
            if place.level == "region" and not place.indicator.endswith("_pct"):
                parts = {
                    (other, told.edition): -1.0
                    for other, told in view.items()
                    if (other.indicator, other.year) == (place.indicator, place.year) and other.level != "region"
                }
                self._keep(self.equal, {(place, shown.edition): 1.0, **parts}, 0.0)

    def _parts(self, view: View) -> None:
        for questions in form.QUESTIONS.values():
            for question in questions:
                for place, shown in view.items():
                    if place.indicator != question.code:
                        continue
                    here = (place, shown.edition)
                    for whole in filter(None, (question.base_code, question.part_of)):
                        if other := view.get(place._replace(indicator=whole)):
                            there = (place._replace(indicator=whole), other.edition)
                            self._keep(self.at_most, {here: 1.0, there: -1.0}, 0.0)
                            if whole == question.base_code and (share := self._share(question, view, here)):
                                self._keep(self.at_most, {here: 100.0, there: -(share + 0.05)}, 0.0)
                                self._keep(self.at_most, {here: -100.0, there: share - 0.05}, 0.0)

    def _share(self, question: form.Question, view: View, here: Unknown) -> float | None:
        beside = self.shares.get(here)
        if beside is not None:
            return float(beside)
        assert question.share_code
        shown = view.get(here[0]._replace(indicator=question.share_code))
        return float(shown.value) if shown and shown.value is not None else None

    def _keep(self, rows: list[tuple[dict[int, float], float]], terms: dict[Unknown, float], right: float) -> None:
        hidden = {self.index[one]: weight for one, weight in terms.items() if one in self.index}
        if hidden:
            rows.append((hidden, right - sum(weight * self.known.get(one, 0.0) for one, weight in terms.items())))

    def intervals(self, *, read_letters: bool) -> dict[Unknown, tuple[int, int]]:
        """The least and the greatest whole number each masked count may be."""
        bounds = [self._bounds(one, read_letters) for one in self.masked]
        found: dict[Unknown, tuple[int, int]] = {}
        for members in self._islands():
            place = {at: index for index, at in enumerate(members)}
            equal, right = _matrix(self.equal, place)
            below, most = _matrix(self.at_most, place)
            for at in members:
                ends = []
                for sign in (1.0, -1.0):
                    objective = np.zeros(len(members))
                    objective[place[at]] = sign
                    solved = linprog(
                        objective, A_ub=below, b_ub=most, A_eq=equal, b_eq=right,
                        bounds=[bounds[member] for member in members], method="highs",
                    )  # fmt: skip
                    assert solved.status == 0, solved.message
                    ends.append(sign * solved.fun)
                found[self.masked[at]] = (int(np.ceil(ends[0] - 1e-5)), int(np.floor(ends[1] + 1e-5)))
        return found

    def _bounds(self, one: Unknown, read_letters: bool) -> tuple[float, float]:
        if not read_letters:
            return 0, LARGEST
        return (0, SMALL - 1) if self.letters[one] == "C" else (SMALL, LARGEST)

    def _islands(self) -> Iterable[list[int]]:
        """Masked counts that no equation binds to the others are solved for apart."""
        neighbours: dict[int, set[int]] = {at: set() for at in range(len(self.masked))}
        for terms, _ in (*self.equal, *self.at_most):
            for at in terms:
                neighbours[at] |= terms.keys()
        left = set(neighbours)
        while left:
            island, frontier = set(), {left.pop()}
            while frontier:
                at = frontier.pop()
                island.add(at)
                frontier |= neighbours[at] - island
            left -= island
            yield sorted(island)


def _matrix(
    rows: list[tuple[dict[int, float], float]], place: Mapping[int, int]
) -> tuple[np.ndarray | None, np.ndarray | None]:
    inside = {
        (tuple(sorted((place[at], weight) for at, weight in terms.items())), right)
        for terms, right in rows
        if next(iter(terms)) in place
    }
    if not inside:
        return None, None
    matrix = np.zeros((len(inside), len(place)))
    for row, (terms, _) in enumerate(sorted(inside)):
        for column, weight in terms:
            matrix[row, column] = weight
    return matrix, np.array([right for _, right in sorted(inside)])
