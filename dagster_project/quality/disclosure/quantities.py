"""The numbers an attacker may look for, and the equations that bind them."""

from dataclasses import dataclass, field
from decimal import Decimal

from dagster_project.quality.disclosure.cells import Key, Status
from dagster_project.quality.disclosure.rules import Rules


@dataclass(eq=False)
class Quantity:
    """One number: a restricted cell for as long as its value stays the same, an open figure, or the rest of a total."""

    value: Decimal
    status: Status
    # Of a rest: what its total is of. None of a figure that no observation has.
    key: Key | None
    rules: Rules | None = None
    # What hiding it costs its readers, beside another.
    weight: float = 1.0
    # Of a rest only: whether it counts too few people to be told.
    is_sensitive: bool = False

    @property
    def is_public(self) -> bool:
        return self.status == "F"

    @property
    def is_target(self) -> bool:
        """Whether it must not be found: everything masked, and the rests too small to be told."""
        return self.status in ("C", "D") or (self.status == "rest" and self.is_sensitive)

    def bounds(self, *, labels_known: bool) -> tuple[float, float]:
        """Between what an attacker knows a hidden number to be before any sum."""
        if labels_known and self.rules:
            if self.status == "C":
                return self.rules.smallest_masked, self.rules.min_count - 1
            if self.status in ("D", "undecided"):
                return self.rules.min_count, float("inf")
        return 0, float("inf")


@dataclass(frozen=True, eq=False)
class Equation:
    """A linear statement everybody knows, told from the truth: moving its numbers keeps `low <= sum(a x move) <= high`.

    An attacker is taken to know by how much a printed total misses the sum of its parts.
    """

    coefficients: dict[Quantity, float]
    low: float = 0.0
    high: float = 0.0

    @property
    def hidden(self) -> list[Quantity]:
        return [quantity for quantity in self.coefficients if not quantity.is_public]


@dataclass
class Knowledge:
    """All equations so far; a total nobody printed yet is assumed to be known one day, as far as that can be borne."""

    equations: list[Equation] = field(default_factory=list)
    assumed: dict[tuple[str, ...], Equation] = field(default_factory=dict)

    def component(self, start: list[Equation]) -> tuple[list[Quantity], list[Equation]]:
        """The hidden numbers an equation reaches, from one to the next, and the equations between them."""
        of: dict[Quantity, list[Equation]] = {}
        for equation in (*self.equations, *self.assumed.values()):
            for quantity in equation.hidden:
                of.setdefault(quantity, []).append(equation)
        quantities: dict[Quantity, None] = {}
        equations: dict[Equation, None] = dict.fromkeys(start)
        reached = [quantity for equation in start for quantity in equation.hidden]
        while reached:
            quantity = reached.pop()
            if quantity in quantities:
                continue
            quantities[quantity] = None
            for equation in of.get(quantity, ()):
                if equation not in equations:
                    equations[equation] = None
                    reached += equation.hidden
        return list(quantities), list(equations)
