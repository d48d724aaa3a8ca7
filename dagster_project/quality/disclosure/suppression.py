"""Secondary suppression: which more cells must be masked so that no masked one can be found.

A masked number is safe when two tables, both made of whole numbers and both in agreement with everything public, give
it values far enough apart: whoever knows only what is public cannot tell which of the two is true. Each pair of tables
is the solution of a small integer programme that moves as few, and as unimportant, cells still undecided as it can;
those it moves are masked. It is looked for twice: as somebody who only adds and subtracts, and as somebody who also
knows what the labels C and D say of a number.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dagster_project.quality.disclosure.quantities import Equation, Quantity

if TYPE_CHECKING:
    import numpy as np

# No need to move a number further.
_FURTHEST = 10_000
_SECONDS = 20.0
# Moving what is masked already costs nothing worth a new mask.
_FREE = 1e-3
_LABELS_KNOWN = (True, False)


@dataclass
class _Tables:
    """The tables found so far, as the range each number takes in them."""

    low: "np.ndarray[Any, Any]"
    high: "np.ndarray[Any, Any]"

    def add(self, moves: "np.ndarray[Any, Any]") -> None:
        import numpy as np

        self.low, self.high = np.minimum(self.low, moves), np.maximum(self.high, moves)


@dataclass
class _Component:
    """Hidden numbers bound together, with their equations as a matrix."""

    quantities: list[Quantity]
    equations: list[Equation]
    index: dict[Quantity, int] = field(init=False)

    def __post_init__(self) -> None:
        self.index = {quantity: at for at, quantity in enumerate(self.quantities)}

    def matrix(self) -> Any:
        from scipy.sparse import csr_array

        at = [
            (row, self.index[quantity], coefficient)
            for row, equation in enumerate(self.equations)
            for quantity, coefficient in equation.coefficients.items()
            if quantity in self.index
        ]
        rows, columns, values = zip(*at, strict=True) if at else ((), (), ())
        return csr_array((values, (rows, columns)), shape=(len(self.equations), len(self.quantities)))


def secure(quantities: list[Quantity], equations: list[Equation]) -> list[Quantity]:
    """Mask (D) what it takes among the undecided for every target to be safe; those that cannot be are returned."""
    import numpy as np

    component = _Component(quantities, equations)
    matrix = component.matrix()
    still = np.zeros(len(quantities))
    tables = {known: _Tables(still, still) for known in _LABELS_KNOWN}
    exposed: dict[Quantity, None] = {}
    waiting = [quantity for quantity in quantities if quantity.is_target]
    while waiting:
        target = waiting.pop()
        at = component.index[target]
        for known in _LABELS_KNOWN:
            assert target.rules
            width = target.rules.label_width if known else target.rules.protection_width
            if tables[known].high[at] - tables[known].low[at] >= width:
                continue
            pair = _two_tables(component, matrix, at, width, labels_known=known)
            if pair is None:
                exposed[target] = None
                continue
            for moves in pair:
                tables[known].add(moves)
                if known:
                    tables[False].add(moves)
                for moved in np.flatnonzero(moves):
                    if quantities[moved].status == "undecided":
                        quantities[moved].status = "D"
                        waiting.append(quantities[moved])
    return list(exposed)


def _two_tables(
    component: _Component, matrix: Any, target: int, width: int, *, labels_known: bool
) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"] | None:
    """Two sets of moves from the truth between which the target differs by a width; None if there are none.

    A move is the difference of two columns, up and down, so that its size has a cost.
    """
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import block_diag, csr_array, hstack, vstack

    quantities, size = component.quantities, len(component.quantities)
    value = np.array([float(quantity.value) for quantity in quantities])
    limits = np.array([quantity.bounds(labels_known=labels_known) for quantity in quantities])
    up = np.clip(limits[:, 1] - value, 0, _FURTHEST)
    down = np.clip(value - limits[:, 0], 0, _FURTHEST)
    cost = np.array([quantity.weight if quantity.status == "undecided" else _FREE for quantity in quantities])
    table = hstack([matrix, -matrix])
    apart = np.zeros(4 * size)
    apart[[target, size + target, 2 * size + target, 3 * size + target]] = 1, -1, -1, 1
    low = np.array([equation.low for equation in component.equations])
    high = np.array([equation.high for equation in component.equations])
    solved = milp(
        np.tile(cost, 4),
        integrality=np.ones(4 * size),
        bounds=Bounds(np.zeros(4 * size), np.concatenate([up, down, up, down])),
        constraints=LinearConstraint(
            vstack([block_diag([table, table]), csr_array(apart[np.newaxis])]),
            np.concatenate([low, low, [width]]),
            np.concatenate([high, high, [np.inf]]),
        ),
        options={"time_limit": _SECONDS, "mip_rel_gap": 0.05},
    )
    if solved.x is None:
        return None
    found = np.round(solved.x).reshape(4, size)
    return found[0] - found[1], found[2] - found[3]
