"""Secondary suppression: which more cells must be masked so that no masked one can be found.

A masked number is safe when two tables, both made of whole numbers and both in agreement with everything public, give
it values far enough apart: whoever knows only what is public cannot tell which of the two is true. Each pair of tables
is the solution of a small integer programme that moves as few, and as unimportant, cells still undecided as it can;
those it moves are masked. It is looked for twice: as somebody who only adds and subtracts, and as somebody who also
knows what the labels C and D say of a number.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dagster_project.quality.disclosure.quantities import Equation, Quantity

if TYPE_CHECKING:
    import numpy as np

# No need to move a number further.
_FURTHEST = 10_000
_SECONDS = 20.0
# Moving what is masked already costs nothing worth a new mask.
_FREE = 1e-3
_DOUBT = 1e-6
_LABELS_KNOWN = (True, False)


@dataclass
class _Tables:
    """The tables found so far, as the range each number takes in them."""

    low: "np.ndarray[Any, Any]"
    high: "np.ndarray[Any, Any]"

    def add(self, moves: "np.ndarray[Any, Any]") -> None:
        import numpy as np

        self.low, self.high = np.minimum(self.low, moves), np.maximum(self.high, moves)

    def width(self, at: int) -> float:
        return float(self.high[at] - self.low[at])


def secure(quantities: list[Quantity], equations: list[Equation]) -> list[Quantity]:
    """Mask (D) what it takes among the undecided for every target to be safe; those that cannot be are returned."""
    import numpy as np

    programme = _Programme(quantities, equations)
    still = np.zeros(len(quantities))
    tables = {known: _Tables(still, still) for known in _LABELS_KNOWN}
    exposed: dict[Quantity, None] = {}
    waiting = [(at, quantity) for at, quantity in enumerate(quantities) if quantity.is_target]
    while waiting:
        at, target = waiting.pop()
        for known in _LABELS_KNOWN:
            widths = _widths(target, known)
            for direction in (1.0, -1.0):
                # Often what is masked already suffices, and one table then serves many targets.
                if tables[known].width(at) < widths[0]:
                    moves = programme.farthest(at, direction, labels_known=known)
                    tables[known].add(moves)
                    tables[False].add(moves)
            for width in widths:
                if tables[known].width(at) >= width:
                    break
                if pair := programme.two_tables(at, width, labels_known=known):
                    for moves in pair:
                        tables[known].add(moves)
                        # What agrees with the labels agrees with the sums alone.
                        tables[False].add(moves)
                        for moved in np.flatnonzero(moves):
                            if quantities[moved].status == "undecided":
                                quantities[moved].status = "D"
                                waiting.append((int(moved), quantities[moved]))
                    break
            else:
                exposed[target] = None
    return list(exposed)


def _widths(target: Quantity, labels_known: bool) -> list[int]:
    """The widths to try for a target, from the one wished for to the one owed.

    Beyond what is owed, sums alone should not even tell a small count from one that may be published.
    """
    rules = target.rules
    assert rules
    wished = rules.protection_width if labels_known else max(rules.min_count, rules.protection_width)
    return sorted(
        {wished, rules.protection_width, rules.width_owed(target.status, labels_known=labels_known)}, reverse=True
    )


class _Programme:
    """Hidden numbers bound together by their equations, written twice: for one table and for the other.

    A move is the difference of two columns, up and down, so that its size has a cost.
    """

    def __init__(self, quantities: list[Quantity], equations: list[Equation]) -> None:
        import numpy as np
        from scipy.sparse import block_diag, csr_array, hstack

        self._quantities = quantities
        index = {quantity: at for at, quantity in enumerate(quantities)}
        entries = [
            (row, index[quantity], coefficient)
            for row, equation in enumerate(equations)
            for quantity, coefficient in equation.coefficients.items()
            if quantity in index
        ]
        rows, columns, values = zip(*entries, strict=True) if entries else ((), (), ())
        matrix = csr_array((values, (rows, columns)), shape=(len(equations), len(quantities)))
        self._matrix = matrix
        table = hstack([matrix, -matrix])
        self._tables = block_diag([table, table], format="csr")
        self._low = np.array([equation.low for equation in equations] * 2)
        self._high = np.array([equation.high for equation in equations] * 2)
        value = np.array([float(quantity.value) for quantity in quantities])
        self._room = {known: self._up_and_down(value, known) for known in _LABELS_KNOWN}

    def _up_and_down(self, value: "np.ndarray[Any, Any]", labels_known: bool) -> "np.ndarray[Any, Any]":
        import numpy as np

        limits = np.array([quantity.bounds(labels_known=labels_known) for quantity in self._quantities])
        up, down = limits[:, 1] - value, value - limits[:, 0]
        room: np.ndarray[Any, Any] = np.clip(np.concatenate([up, down, up, down]), 0, _FURTHEST)
        return room

    def farthest(self, target: int, direction: float, *, labels_known: bool) -> "np.ndarray[Any, Any]":
        """The moves that take the target farthest up (1) or down (-1) without a new mask; none where not whole."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp

        size, half = len(self._quantities), len(self._low) // 2
        masked = np.array([quantity.status != "undecided" for quantity in self._quantities])
        up, down = self._room[labels_known][:size] * masked, self._room[labels_known][size : 2 * size] * masked
        objective = np.zeros(size)
        objective[target] = -direction
        agree = LinearConstraint(self._matrix, self._low[:half], self._high[:half])
        solved = milp(objective, bounds=Bounds(-down, up), constraints=agree, options={"time_limit": _SECONDS})
        if solved.x is None or np.abs(solved.x - np.round(solved.x)).max() > _DOUBT:
            return np.zeros(size)
        moves: np.ndarray[Any, Any] = np.round(solved.x)
        return moves

    def two_tables(
        self, target: int, width: int, *, labels_known: bool
    ) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"] | None:
        """Two sets of moves from the truth between which the target differs by a width; None if there are none."""
        import numpy as np
        from scipy.optimize import Bounds, LinearConstraint, milp
        from scipy.sparse import csr_array, vstack

        size = len(self._quantities)
        cost = [quantity.weight if quantity.status == "undecided" else _FREE for quantity in self._quantities]
        four_of_target = [target, size + target, 2 * size + target, 3 * size + target]
        apart = csr_array(([1, -1, -1, 1], ([0] * 4, four_of_target)), shape=(1, 4 * size))
        agree = LinearConstraint(
            vstack([self._tables, apart], format="csc"),
            np.append(self._low, width),
            np.append(self._high, np.inf),
        )
        room = Bounds(np.zeros(4 * size), self._room[labels_known])
        # Most often the linear programme's answer is whole already; then nothing more is needed.
        for whole in (0, 1):
            solved = milp(
                np.tile(cost, 4),
                integrality=np.full(4 * size, whole),
                bounds=room,
                constraints=agree,
                options={"time_limit": _SECONDS},
            )
            if solved.x is None:
                return None
            found = np.round(solved.x)
            if np.abs(solved.x - found).max() < _DOUBT:
                up, down, other_up, other_down = found.reshape(4, size)
                return up - down, other_up - other_down
        return None
