"""Mutants of a query: the same statement with one small mistake, of the kinds people make."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import sqlglot
from sqlglot import exp

DIALECT = "duckdb"
Change = Callable[[exp.Expr], None]

_OTHER_OPERATOR: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.EQ: exp.NEQ,
    exp.NEQ: exp.EQ,
    exp.LT: exp.LTE,
    exp.LTE: exp.LT,
    exp.GT: exp.GTE,
    exp.GTE: exp.GT,
    exp.Add: exp.Sub,
    exp.Sub: exp.Add,
    exp.Mul: exp.Div,
    exp.Div: exp.Mul,
    exp.And: exp.Or,
    exp.Or: exp.And,
    # A comparison that NULL escapes.
    exp.NullSafeNEQ: exp.NEQ,
    exp.NullSafeEQ: exp.EQ,
}
_OTHER_FUNCTION: dict[type[exp.Expr], type[exp.Expr]] = {
    exp.Sum: exp.Max,
    exp.Max: exp.Min,
    exp.Min: exp.Max,
    exp.ArgMax: exp.ArgMin,
    exp.ArgMin: exp.ArgMax,
    exp.Lag: exp.Lead,
    exp.Lead: exp.Lag,
}
_OTHER_JOIN = {"": "LEFT", "INNER": "LEFT", "LEFT": "INNER", "FULL": "LEFT"}


@dataclass(frozen=True)
class Mutant:
    """A query with one mistake in it, and what the mistake is."""

    model: str
    mistake: str
    _whole: exp.Expr
    _position: int
    _change: Change

    @property
    def title(self) -> str:
        return f"{self.model}: {self.mistake}"

    @property
    def sql(self) -> str:
        mutated = self._whole.copy()
        self._change(list(mutated.walk())[self._position])
        return mutated.sql(dialect=DIALECT)


def mutants(model: str, sql: str) -> list[Mutant]:
    """Every mutant of a query."""
    whole = sqlglot.parse_one(sql, read=DIALECT)
    return [
        Mutant(model, f"{mistake} in {_excerpt(node)}", whole, position, change)
        for position, node in enumerate(whole.walk())
        for mistake, change in _changes(node)
    ]


def _excerpt(node: exp.Expr) -> str:
    text = " ".join(node.sql(dialect=DIALECT, comments=False).split())
    return text if len(text) <= 100 else f"{text[:97]}..."


def _changes(node: exp.Expr) -> Iterator[tuple[str, Change]]:
    if other := _OTHER_OPERATOR.get(type(node)):
        yield f"{type(node).__name__} made {other.__name__}", _remade(other)
    if other := _OTHER_FUNCTION.get(type(node)):
        yield f"{type(node).__name__} made {other.__name__}", _remade(other)
    if isinstance(node, exp.And):
        yield "left condition dropped", lambda at: _replace(at, at.expression)
        yield "right condition dropped", lambda at: _replace(at, at.this)
    if isinstance(node, exp.Not):
        yield "not dropped", lambda at: _replace(at, at.this)
    if isinstance(node, exp.Is):
        yield "is null negated", lambda at: _replace(at, exp.Not(this=at.copy()))
    if isinstance(node, exp.In):
        yield "in negated", lambda at: _replace(at, exp.Not(this=at.copy()))
        if len(node.expressions) > 1:
            yield "last of a list dropped", _drop_last
    if isinstance(node, exp.Coalesce):
        yield "coalesce swapped", _swap_coalesced
    if isinstance(node, exp.Nullif):
        yield "nullif dropped", lambda at: _replace(at, at.this)
    if isinstance(node, exp.Literal) and node.is_int and not isinstance(node.parent, exp.DataTypeParam):
        number = int(node.this)
        yield (
            "literal changed",
            lambda at: _replace(at, exp.Literal.number({0: 1, 1: 0, 100: 10}.get(number, number + 1))),
        )
    if isinstance(node, exp.Boolean):
        yield "boolean negated", lambda at: at.set("this", not at.this)
    yield from _changes_of_a_clause(node)


def _changes_of_a_clause(node: exp.Expr) -> Iterator[tuple[str, Change]]:
    if isinstance(node, exp.Where | exp.Having | exp.Distinct):
        yield f"{type(node).__name__.lower()} dropped", _drop
    if isinstance(node, exp.Filter):
        yield "filter dropped", lambda at: _replace(at, at.this)
    if isinstance(node, exp.Join) and node.args.get("on"):
        side = _OTHER_JOIN[(node.side or node.kind or "").upper()]
        yield f"join made {side.lower()}", lambda at: _rejoin(at, side)
    if isinstance(node, exp.Union) and node.args.get("distinct") is False:
        yield "union all made union", lambda at: at.set("distinct", True)
    if isinstance(node, exp.Ordered):
        yield "order reversed", lambda at: at.set("desc", not at.args.get("desc"))
        if isinstance(node.parent, exp.Order) and len(node.parent.expressions) > 1:
            yield "order column dropped", _drop
    if isinstance(node, exp.Window):
        for position in range(len(node.args.get("partition_by") or [])):
            yield f"partition column {position + 1} dropped", _without_partition(position)
    if isinstance(node, exp.Group) and len(node.expressions) > 1:
        yield "last group dropped", _drop_last
    if isinstance(node, exp.Case):
        yield from _changes_of_a_case(node)


def _changes_of_a_case(node: exp.Case) -> Iterator[tuple[str, Change]]:
    yield "first case always true", lambda at: at.args["ifs"][0].set("this", exp.true())
    if node.args.get("default"):
        yield "first case swapped with else", _swap_with_else
    if len(node.args["ifs"]) > 1:
        yield "first two cases swapped", _swap_first_cases


def _remade(other: type[exp.Expr]) -> Change:
    return lambda at: _replace(at, other(**at.args))


def _drop(at: exp.Expr) -> None:
    at.pop()


def _drop_last(at: exp.Expr) -> None:
    at.expressions[-1].pop()


def _replace(at: exp.Expr, by: exp.Expr) -> None:
    at.replace(by.copy())


def _swap_coalesced(at: exp.Expr) -> None:
    first, second = at.this.copy(), at.expressions[0].copy()
    at.this.replace(second)
    at.expressions[0].replace(first)


def _rejoin(at: exp.Expr, side: str) -> None:
    at.set("kind", "INNER" if side == "INNER" else None)
    at.set("side", None if side == "INNER" else side)


def _without_partition(position: int) -> Change:
    def change(at: exp.Expr) -> None:
        columns = at.args["partition_by"]
        at.set("partition_by", [one for index, one in enumerate(columns) if index != position])

    return change


def _swap_with_else(at: exp.Expr) -> None:
    then, otherwise = at.args["ifs"][0].args["true"].copy(), at.args["default"].copy()
    at.args["ifs"][0].set("true", otherwise)
    at.set("default", then)


def _swap_first_cases(at: exp.Expr) -> None:
    first, second = (case.args["true"].copy() for case in at.args["ifs"][:2])
    at.args["ifs"][0].set("true", second)
    at.args["ifs"][1].set("true", first)
