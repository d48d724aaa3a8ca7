"""What a set of linear statements leaves possible: the tables that agree with them, and those most apart."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, floor

from dagster_project.quality.disclosure.public import Version

_DOUBT = 1e-6


@dataclass(frozen=True)
class Statement:
    """`low <= sum(coefficient x version) <= high`, what is public being already in the bounds."""

    coefficients: tuple[tuple[Version, float], ...]
    low: float
    high: float


def whole_width(least: float, greatest: float) -> float:
    """Between the least and the greatest whole number a count may be; less than nothing where none was found."""
    if least > greatest:
        return -1
    return floor(greatest + _DOUBT) - ceil(least - _DOUBT)


def solver(
    statements: Sequence[Statement], versions: Sequence[Version], bounds: Sequence[tuple[float, float]]
) -> Callable[[int, float], Sequence[float]]:
    """Finds a table that agrees with every statement and has the least (1) or the greatest (-1) value of a version."""
    import numpy as np
    from scipy.optimize import Bounds, LinearConstraint, milp
    from scipy.sparse import csr_array

    index = {version: at for at, version in enumerate(versions)}
    entries = [
        (row, index[version], weight)
        for row, statement in enumerate(statements)
        for version, weight in statement.coefficients
    ]
    rows, columns, weights = zip(*entries, strict=True)
    matrix = csr_array((weights, (rows, columns)), shape=(len(statements), len(versions)))
    low, high = zip(*((statement.low, statement.high) for statement in statements), strict=True)
    constraints = LinearConstraint(matrix, np.array(low) - _DOUBT, np.array(high) + _DOUBT)
    limits = Bounds(*np.array(bounds, dtype=float).T)

    def solve(at: int, direction: float) -> Sequence[float]:
        objective = np.zeros(len(versions))
        objective[at] = direction
        solved = milp(objective, bounds=limits, constraints=constraints)
        # A programme that cannot be solved proves nothing: what it was asked for counts as found.
        return solved.x if solved.x is not None else ()

    return solve


def components(statements: Sequence[Statement]) -> list[list[Statement]]:
    """Statements that share no unknown are attacked apart."""
    group: dict[Version, Version] = {}

    def root(version: Version) -> Version:
        while group.setdefault(version, version) != version:
            group[version] = group[group[version]]
            version = group[version]
        return version

    for statement in statements:
        first, *others = (version for version, _ in statement.coefficients)
        for other in others:
            group[root(other)] = root(first)
    found: dict[Version, list[Statement]] = defaultdict(list)
    for statement in statements:
        found[root(statement.coefficients[0][0])].append(statement)
    return [found[version] for version in sorted(found)]
