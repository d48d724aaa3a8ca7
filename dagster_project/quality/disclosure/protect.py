"""The status of every restricted cell: free, masked for itself (C), or masked to protect another (D).

Editions are decided in publication order, and what was decided, or published, stays: a later edition only ever masks
cells of its own. Whatever the day an edition arrives, those before it are published as they were.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import duckdb

from dagster_project.database import open_database
from dagster_project.errors import RefusedDataError
from dagster_project.quality.disclosure.cells import (
    Cell,
    Key,
    Memory,
    Status,
    absent,
    open_figures,
    relations,
    restricted_cells,
    restricted_datasets,
)
from dagster_project.quality.disclosure.links import Links
from dagster_project.quality.disclosure.quantities import Equation, Quantity
from dagster_project.quality.disclosure.rules import Rules, counted_indicators, rates, read_rules
from dagster_project.quality.disclosure.territories import Territories

_BATCH = 2_000
# A region's total is what its readers come for; a base takes its shares with it.
_REGION_WEIGHT, _BASE_WEIGHT = 4.0, 2.0


class Decision(NamedTuple):
    """What becomes of a cell of an edition."""

    edition: str
    key: Key
    status: Status


@dataclass
class Protection:
    """Every decision, and the numbers that what is public gives away whatever is masked."""

    decisions: list[Decision] = field(default_factory=list)
    exposed: list[Quantity] = field(default_factory=list)

    @property
    def refusals(self) -> list[str]:
        """A French line a number given away, without its value."""
        return list(dict.fromkeys(map(_refusal, self.exposed)))

    def count(self, status: str) -> int:
        return sum(decision.status == status for decision in self.decisions)


def _refusal(given_away: Quantity) -> str:
    key = given_away.key
    assert key, "a figure without an observation is open"
    where = f"{key.indicator}, {key.level} {key.code}, {key.period}"
    if given_away.status == "rest":
        return (
            f"{where} : ce que le total compte hors de ses parties publiées est trop petit pour être dit, et rien ne "
            "peut plus le cacher. Retirez de raw/ l'édition de ce total, ou celle de ses parties."
        )
    return (
        f"{where} : cellule à masquer, que ce qui est public par ailleurs permet de retrouver. Retirez son édition de "
        "raw/, ou revoyez ce qui la donne."
    )


def protect(stage: Path, memory: Memory = ()) -> Protection:
    """Decide on every restricted cell of the stage file and write ``raw.cell_protection``.

    An edition that is only remembered (it was removed, or is refused today) was seen all the same: it counts with what
    was decided of it.

    Raises:
        RefusedDataError: a restricted dataset without thresholds, or a restricted edition by population groups.
    """
    with open_database(stage) as connection:
        connection.execute(
            "create table raw.cell_protection (edition_id varchar, indicator_code varchar, territory_level varchar, "
            "territory_code varchar, population_group varchar, period_code varchar, conf_status varchar)"
        )
        datasets = restricted_datasets(connection)
        if not datasets:
            return Protection()
        forgotten = absent(memory, connection)
        rules = read_rules(datasets | {told.cell.dataset for told in forgotten})
        cells = restricted_cells(connection)
        _refuse_groups(cells)
        territories = Territories()
        spoken_of = {cell.key.indicator for cell in (*cells, *(told.cell for told in forgotten))}
        indicators = sorted(spoken_of.union(*rates()))
        links = Links(
            rules,
            territories,
            open_figures(connection, indicators),
            relations(connection, territories.departements),
        )
        judge = _Judge(rules, links, _Releases(memory, cells))
        judge.remember(forgotten)
        protection = judge.judge(cells)
        _write(connection, protection.decisions)
    return protection


def _refuse_groups(cells: Sequence[Cell]) -> None:
    """Groups add up to everybody in as many ways as they overlap, and nothing says which."""
    if by_groups := sorted({cell.edition for cell in cells if cell.key.group != "all"}):
        raise RefusedDataError(
            "\n".join(
                f"{edition} : édition d'accès restreint par groupes de population (âge, sexe, situation) ; rien n'est "
                "prévu pour en masquer les effectifs. Retirez-la de raw/, ou gardez-en les seuls ensembles."
                for edition in by_groups
            )
        )


class _Judge:
    """Judges one edition after another; what it decided is what the next ones build on."""

    def __init__(self, rules: Mapping[str, Rules], links: Links, releases: "_Releases") -> None:
        self._rules = rules
        self._links = links
        self._releases = releases
        self._exposed: dict[Quantity, None] = {}

    def remember(self, memory: Memory) -> None:
        """What was decided of editions that came before: their numbers count, their masks stay."""
        for (*_, dataset), group in groupby(memory, key=lambda told: (*_identity(told.cell), told.cell.dataset)):
            fresh = [
                (cell, status)
                for cell, status in group
                if cell.value is not None and (self._is_new(cell) or self._current(cell).status != status)
            ]
            for cell, status in fresh:
                self._say(cell, status)
            self._links.learn(dataset, [cell.key for cell, _ in fresh])

    def judge(self, cells: Sequence[Cell]) -> Protection:
        protection = Protection()
        for (edition, dataset), group in groupby(cells, key=lambda cell: (cell.edition, cell.dataset)):
            said = list(group)
            self._judge_edition(dataset, [cell for cell in said if cell.value is not None])
            for cell in said:
                status = self._status_of_marker(cell) if cell.value is None else self._current(cell).status
                protection.decisions.append(Decision(edition, cell.key, status))
        protection.exposed = list(self._exposed)
        return protection

    def _judge_edition(self, dataset: str, cells: Sequence[Cell]) -> None:
        """A value that an edition repeats is the same number, under the decision taken for it."""
        fresh = [cell for cell in cells if self._is_new(cell)]
        for cell in fresh:
            self._say(cell, self._first_status(cell))
        self._secure(self._links.learn(dataset, [cell.key for cell in fresh]))
        decided = [self._current(cell) for cell in fresh]
        for cell, quantity in zip(fresh, decided, strict=True):
            if quantity.status == "undecided" and _is_count(cell):
                quantity.status = "F"
        for cell, quantity in zip(fresh, decided, strict=True):
            if quantity.status == "undecided":
                quantity.status = self._status_of_derived(cell)
        for cell in cells:
            if not _is_count(cell):
                self._judge_again(cell)

    def _judge_again(self, cell: Cell) -> None:
        """A share or a mean may be repeated while what it is of becomes too small to be told, or large enough.

        A masked share stays masked for as long as it is repeated: told, it would bind what its members become.
        """
        is_told = self._is_told(cell)
        status = "F" if is_told else self._status_of_derived(cell)
        if status != self._current(cell).status and (status != "F" or is_told or not _is_share(cell)):
            self._say(cell, status)

    def _say(self, cell: Cell, status: Status) -> None:
        assert cell.value is not None
        quantity = Quantity(cell.value, status, cell.key, self._rules[cell.dataset], self._weight(cell))
        self._links.say(cell.dataset, cell.key, quantity)

    def _is_new(self, cell: Cell) -> bool:
        known = self._links.current(cell.dataset, cell.key)
        return known is None or known.value != cell.value

    def _current(self, cell: Cell) -> Quantity:
        quantity = self._links.current(cell.dataset, cell.key)
        assert quantity
        return quantity

    def _is_told(self, cell: Cell) -> bool:
        """Whether a release told it already, or an open edition says the same."""
        return self._releases.status(cell) == "F" or cell.value in self._links.open_values(cell.key)

    def _first_status(self, cell: Cell) -> Status:
        """What a cell is before anything else is looked at."""
        assert cell.value is not None
        rules = self._rules[cell.dataset]
        if self._is_told(cell):
            return "F"
        if not _is_count(cell):
            return "undecided"
        if masked := self._releases.status(cell):
            return masked
        if rules.is_sensitive(int(cell.value)):
            return "C"
        return "undecided" if cell.value >= rules.min_count else "F"

    def _weight(self, cell: Cell) -> float:
        """How much readers lose with a cell; no two cost the same, so that the cheapest is always the same one."""
        assert cell.value is not None
        weight = 1.0 + len(str(int(cell.value))) / 4 + sum(map(ord, "".join(cell.key))) % 97 / 1000
        if cell.key.level == "region":
            weight *= _REGION_WEIGHT
        if any(cell.key.indicator == rate.base for rate in rates()):
            weight *= _BASE_WEIGHT
        return weight

    def _secure(self, equations: list[Equation]) -> None:
        """Mask what it takes for the new equations to give nothing away.

        A total assumed to be printed one day is let go where it asks for more than there is left to mask.
        """
        from dagster_project.quality.disclosure.suppression import secure

        knowledge = self._links.knowledge
        waiting = list(equations)
        while waiting:
            quantities, among = knowledge.component(waiting[:1])
            waiting = [equation for equation in waiting[1:] if equation not in among]
            while exposed := secure(quantities, among):
                assumed = {equation: name for name, equation in knowledge.assumed.items()}
                borne = [one for one in among if one in assumed and not one.coefficients.keys().isdisjoint(exposed)]
                let_go = set(borne or (one for one in among if one in assumed))
                if not let_go:
                    break
                for equation in let_go:
                    del knowledge.assumed[assumed[equation]]
                among = [equation for equation in among if equation not in let_go]
            self._exposed.update(dict.fromkeys(exposed))

    def _status_of_derived(self, cell: Cell) -> Status:
        """A share goes with its part and base, a mean with what it is a mean of; anything else cannot be judged."""
        members = self._members(cell)
        return _with_members(quantity.status if quantity else "C" for quantity in members) if members else "C"

    def _status_of_marker(self, cell: Cell) -> Status:
        """A marker is told, unless it says something of a masked member: no mean is given of nothing."""
        return _with_members(quantity.status for quantity in self._members(cell) if quantity)

    def _members(self, cell: Cell) -> list[Quantity | None]:
        """What the edition's dataset says today of the members of a share, or of what a mean is a mean of."""
        codes = [
            *((rate.part, rate.base) for rate in rates() if rate.share == cell.key.indicator),
            *((mean.base,) for mean in self._rules[cell.dataset].means if mean.mean == cell.key.indicator),
        ]
        names = codes[0] if codes else ()
        return [self._links.current(cell.dataset, cell.key._replace(indicator=code)) for code in names]


def _with_members(statuses: Iterable[Status]) -> Status:
    found = set(statuses)
    if "C" in found:
        return "C"
    return "D" if "D" in found else "F"


class _Releases:
    """What the releases kept made of each cell. A count is one number for as long as editions repeat it."""

    def __init__(self, memory: Memory, cells: Sequence[Cell]) -> None:
        self._decided = {(_identity(cell), cell.key): status for cell, status in memory}
        said: dict[tuple[str, Key], list[Cell]] = {}
        for cell in cells:
            if _is_count(cell):
                said.setdefault((cell.dataset, cell.key), []).append(cell)
        for versions in said.values():
            for _, repeated in groupby(versions, key=lambda cell: cell.value):
                self._decide_alike(list(repeated))

    def _decide_alike(self, repeated: Sequence[Cell]) -> None:
        """An edition that came in late repeats what later ones say, and were seen to."""
        names = [(_identity(cell), cell.key) for cell in repeated]
        known = [self._decided[name] for name in names if name in self._decided]
        if known:
            for name in names:
                self._decided.setdefault(name, "F" if "F" in known else known[0])

    def status(self, cell: Cell) -> Status | None:
        """How it was published; None where it never was."""
        return self._decided.get((_identity(cell), cell.key))


def _identity(cell: Cell) -> tuple[str, str]:
    return cell.edition, cell.content


def _is_count(cell: Cell) -> bool:
    return cell.key.indicator in counted_indicators()


def _is_share(cell: Cell) -> bool:
    return any(cell.key.indicator == rate.share for rate in rates())


def _write(connection: duckdb.DuckDBPyConnection, decisions: Sequence[Decision]) -> None:
    from dagster_project.release.stage import insert_rows

    rows = [(decision.edition, *decision.key, decision.status) for decision in decisions]
    for start in range(0, len(rows), _BATCH):
        insert_rows(connection, "raw.cell_protection", rows[start : start + _BATCH])
