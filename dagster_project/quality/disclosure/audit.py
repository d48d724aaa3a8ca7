"""The attack, before anybody else tries: what can be found of the masked cells from the tables about to be published?

It shares no equation with the masking. It reads the public tables, those of the earlier releases kept, and the seeds
anybody can read; writes down what adds up; and asks a linear programme for the least and the greatest each masked
count may be. True values serve to tell the statements that hold from those an attacker would be wrong to make, and to
name what is found.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import product
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.database import open_database
from dagster_project.quality.disclosure.cells import Cell, Memory, absent, restricted_cells
from dagster_project.quality.disclosure.linear import Statement, components, solver, whole_width
from dagster_project.quality.disclosure.public import Place, Row, Version, newest, public_rows, public_shares, states
from dagster_project.quality.disclosure.rules import Rules, counted_indicators, rates, read_rules
from dagster_project.readers.periods import first_day

# No count is greater; a number nothing bounds stops here.
_GREATEST = 10_000_000
_RATE_STEP = Decimal("0.1")
_FOUND_BY = {False: "par le calcul", True: "par le calcul et les signes C et D"}


@dataclass(frozen=True)
class Finding:
    """A masked cell that can be found, or nearly; never its value."""

    indicator: str
    level: str
    code: str
    period: str
    exactly: bool
    how: str

    @property
    def message(self) -> str:
        """French, one line."""
        found = "retrouvée exactement" if self.exactly else "encadrée de trop près"
        return f"{self.indicator}, {self.level} {self.code}, {self.period} : cellule masquée {found} {self.how}"


@dataclass(frozen=True)
class Audit:
    """How many masked counts were attacked, and those that gave way."""

    attacked: int
    findings: tuple[Finding, ...]


@dataclass
class _Published:
    """All that is public: the states everybody saw, the numbers printed in any of them, and the masked ones."""

    views: list[list[Row]] = field(default_factory=list)
    printed: dict[Version, Decimal] = field(default_factory=dict)
    masked: dict[Version, str] = field(default_factory=dict)
    shares: list[tuple[Version, Decimal, Decimal]] = field(default_factory=list)

    def add(
        self,
        connection: duckdb.DuckDBPyConnection,
        members: dict[tuple[str, str], str],
        number: Callable[[Version], Version],
    ) -> None:
        """What a database shows; `number` is a version under the name that is the same in all databases."""
        rows = [replace(row, version=number(row.version)) for row in public_rows(connection, members)]
        self.views += [*states(rows), newest(rows)]
        self.shares += [(number(version), percent, step) for version, percent, step in public_shares(connection)]
        for row in rows:
            if row.value is not None:
                self.printed[row.version] = row.value
            elif row.status != "F":
                self.masked.setdefault(row.version, row.status)

    @property
    def unknown(self) -> dict[Version, str]:
        return {version: status for version, status in self.masked.items() if version not in self.printed}


def audit(stage: Path, earlier: Iterable[Path], memory: Memory = ()) -> Audit:
    """Attack the marts of the stage file, together with the earlier releases (their databases).

    `memory` has the true values of the editions that only earlier releases tell of.
    """
    with open_database(stage, read_only=True) as connection:
        restricted = connection.execute("select distinct dataset from marts.edition where access = 'restricted'")
        datasets = frozenset(str(dataset) for (dataset,) in restricted.fetchall())
        if not datasets:
            return Audit(0, ())
        rules = read_rules(datasets)
        members = {
            (str(subject), str(member)): str(code)
            for subject, member, code in connection.execute(
                "select subject, member, indicator_code from core.dim_indicator where member is not null"
            ).fetchall()
        }
        published, numbers = _Published(), _Numbers(restricted_cells(connection))
        published.add(connection, members, numbers.of(connection))
        forgotten = _Numbers(told.cell for told in absent(memory, connection))
        truth = numbers.truth | forgotten.truth
        places = connection.execute(
            "select territory_level, territory_code, category, region_code, departement_code from marts.territory "
            "where valid_to is null and territory_level in ('region', 'departement', 'epci')"
        ).fetchall()
    for database in earlier:
        with open_database(database, read_only=True) as connection:
            published.add(connection, members, numbers.of(connection))
    attacker = _Attacker(rules, published, truth, places)
    return Audit(len(published.unknown), tuple(attacker.findings()))


class _Numbers:
    """The restricted numbers of the stage file: their true values, and the edition that first said each.

    A release published before an older edition came in shows a number under the name of a later one.
    """

    def __init__(self, cells: Iterable[Cell]) -> None:
        self.truth: dict[Version, Decimal] = {}
        self._first: dict[Version, Version] = {}
        current: dict[tuple[Place, str], Version] = {}
        for cell in cells:
            for version in _versions(cell):
                known = current.pop((version.place, version.dataset), None)
                if cell.value is None:
                    continue
                is_repeated = (
                    known and self.truth[known] == cell.value and version.place.indicator in counted_indicators()
                )
                first = known if known and is_repeated else version
                self.truth[version], self._first[version] = cell.value, first
                current[version.place, version.dataset] = first

    def of(self, database: duckdb.DuckDBPyConnection) -> Callable[[Version], Version]:
        """What gives a version that a database shows the name it has in all of them."""
        contents = dict(database.execute("select edition, content_sha256 from marts.edition").fetchall())

        def number(shown: Version) -> Version:
            version = shown._replace(edition=_named(shown.edition, contents.get(shown.edition)))
            return self._first.get(version, version)

        return number


def _named(edition: str, content: str | None) -> str:
    """An edition, told from another that was filed under its name."""
    return f"{edition} {content}"


def _versions(cell: Cell) -> Iterator[Version]:
    """A cell under both spellings of a period the marts use."""
    for when in dict.fromkeys((cell.key.period, first_day(cell.key.period))):
        yield Version(Place(*cell.key[:4], when), cell.dataset, _named(cell.edition, cell.content))


class _Attacker:
    """Writes down all that adds up in what is public, then looks for each masked count."""

    def __init__(
        self,
        rules: Mapping[str, Rules],
        published: _Published,
        truth: Mapping[Version, Decimal],
        territories: Sequence[tuple[Any, ...]],
    ) -> None:
        self._rules = rules
        self._published = published
        self._truth = truth
        self._unknown = published.unknown
        self._shares: dict[Version, set[tuple[Decimal, Decimal]]] = defaultdict(set)
        for version, percent, step in published.shares:
            self._shares[version].add((percent, step))
        self._bases: dict[str, set[str]] = defaultdict(set)
        for rate in rates():
            self._bases[rate.part].add(rate.base)
        self._departements: dict[str, list[str]] = defaultdict(list)
        self._metropoles: dict[str, list[str]] = defaultdict(list)
        self._inside: dict[str, list[str]] = defaultdict(list)
        for level, code, category, region, departement in territories:
            if level == "departement":
                self._departements[region].append(code)
            elif level == "epci" and category in ("metropole", "communaute_urbaine"):
                self._metropoles[region].append(code)
                self._inside[departement].append(code)

    def findings(self) -> Iterator[Finding]:
        """Each masked count that is found exactly, or nearly; each masked share whose members are printed."""
        counts = {version for version in self._unknown if version.place.indicator in counted_indicators()}
        statements = list(dict.fromkeys(self._statements()))
        for component in components(statements):
            for labels_known in (False, True):
                yield from self._attack(component, counts, labels_known=labels_known)
        for version in self._unknown.keys() - counts:
            if self._is_worked_out(version):
                place = version.place
                yield Finding(place.indicator, place.level, place.code, place.period, True, "de ses deux membres")

    # --- what adds up

    def _statements(self) -> Iterator[Statement]:
        for view in self._published.views:
            at: dict[Place, dict[str, Version]] = defaultdict(dict)
            for row in view:
                if self._value(row.version) is not None:
                    at[row.version.place][row.version.dataset] = row.version
            for dataset, rules in self._rules.items():
                yield from self._territories(at, dataset)
                yield from self._pairs(at, dataset, rules)
            yield from self._printed_shares(at)

    def _territories(self, at: Mapping[Place, Mapping[str, Version]], dataset: str) -> Iterator[Statement]:
        blocks = {
            place._replace(level="", code="")
            for place, said in at.items()
            if dataset in said and place.indicator in counted_indicators()
        }
        for block in sorted(blocks):
            beside: set[str] = set()
            for region, departements in self._departements.items():
                parts = self._said(at, block, "departement", departements, dataset)
                metropoles = self._said(at, block, "epci", self._metropoles[region], dataset)
                for total in at.get(block._replace(level="region", code=region), {}).values():
                    # A métropole is counted beside its département, or in it: the total tells which.
                    if metropoles and self._left(total, [*parts, *metropoles]) == 0:
                        beside.update(departements)
                        yield from self._total(total, [*parts, *metropoles])
                    else:
                        yield from self._total(total, parts)
            for departement in sorted(self._inside.keys() - beside):
                metropoles = self._said(at, block, "epci", self._inside[departement], dataset)
                for total in at.get(block._replace(level="departement", code=departement), {}).values():
                    if metropoles:
                        yield from self._at_most(metropoles, total)

    @staticmethod
    def _said(
        at: Mapping[Place, Mapping[str, Version]], block: Place, level: str, codes: Iterable[str], dataset: str
    ) -> list[Version]:
        """What is said of each of these territories: by the dataset, else by any other."""
        found = []
        for code in codes:
            said = at.get(block._replace(level=level, code=code), {})
            if said:
                found.append(said.get(dataset) or next(iter(said.values())))
        return found

    def _pairs(self, at: Mapping[Place, Mapping[str, Version]], dataset: str, rules: Rules) -> Iterator[Statement]:
        """Parts and wholes, shares and their members, at one territory."""
        wholes = [(rate.part, rate.base) for rate in rates()] + [(two.part, two.whole) for two in rules.parts]
        of: dict[str, list[str]] = defaultdict(list)
        for part, whole in wholes:
            of[part].append(whole)
        shares = {rate.part: rate for rate in rates()}
        for place, said in at.items():
            if dataset not in said:
                continue
            for whole in of.get(place.indicator, ()):
                for total in at.get(place._replace(indicator=whole), {}).values():
                    yield from self._at_most([said[dataset]], total)
            if rate := shares.get(place.indicator):
                for share in at.get(place._replace(indicator=rate.share), {}).values():
                    if (percent := self._published.printed.get(share)) is not None:
                        for total in at.get(place._replace(indicator=rate.base), {}).values():
                            yield from self._share(said[dataset], total, percent, _RATE_STEP)
        for addition in rules.sums:
            for place, said in at.items():
                if place.indicator == addition.whole and dataset in said:
                    parts = [at.get(place._replace(indicator=part), {}).get(dataset) for part in addition.parts]
                    yield from self._total(said[dataset], [part for part in parts if part])

    def _printed_shares(self, at: Mapping[Place, Mapping[str, Version]]) -> Iterator[Statement]:
        """A percentage printed beside a count, whoever prints it, binds the counts and bases of that day."""
        for place, said in at.items():
            for base in self._bases.get(place.indicator, ()):
                printed = [share for version in said.values() for share in self._shares.get(version, ())]
                totals = at.get(place._replace(indicator=base), {}).values()
                for (percent, step), part, total in product(printed, said.values(), totals):
                    yield from self._share(part, total, percent, step)

    def _total(self, total: Version, parts: Sequence[Version]) -> Iterator[Statement]:
        if parts and self._left(total, parts) == 0:
            yield from self._state({total: 1.0, **dict.fromkeys(parts, -1.0)}, 0.0, 0.0)
        elif parts:
            yield from self._at_most(parts, total)

    def _at_most(self, parts: Sequence[Version], total: Version) -> Iterator[Statement]:
        if self._left(total, parts) >= 0:
            yield from self._state({total: 1.0, **dict.fromkeys(parts, -1.0)}, 0.0, float("inf"))

    def _share(self, part: Version, base: Version, percent: Decimal, step: Decimal) -> Iterator[Statement]:
        low, high = percent - step / 2, percent + step / 2
        if low * self._known(base) <= 100 * self._known(part) <= high * self._known(base):
            yield from self._state({part: 100.0, base: -float(low)}, 0.0, float("inf"))
            yield from self._state({part: 100.0, base: -float(high)}, -float("inf"), 0.0)

    def _state(self, terms: Mapping[Version, float], low: float, high: float) -> Iterator[Statement]:
        """The statement, what is printed being put in the bounds; nothing where all is printed."""
        known = sum(weight * float(self._published.printed.get(version, 0)) for version, weight in terms.items())
        hidden = tuple(sorted((version, weight) for version, weight in terms.items() if version in self._unknown))
        if hidden:
            yield Statement(hidden, low - known, high - known)

    def _value(self, version: Version) -> Decimal | None:
        printed = self._published.printed.get(version)
        return self._truth.get(version) if printed is None else printed

    def _left(self, total: Version, parts: Sequence[Version]) -> Decimal:
        return self._known(total) - sum((self._known(part) for part in parts), Decimal(0))

    def _known(self, version: Version) -> Decimal:
        value = self._value(version)
        return Decimal(0) if value is None else value

    def _is_worked_out(self, share: Version) -> bool:
        """Whether a masked share can be worked out from its members, both printed by its own edition."""
        printed = {(version.place, version.edition) for version in self._published.printed}
        return any(
            all((share.place._replace(indicator=code), share.edition) in printed for code in (rate.part, rate.base))
            for rate in rates()
            if rate.share == share.place.indicator
        )

    # --- the attack

    def _attack(
        self, statements: Sequence[Statement], counts: set[Version], *, labels_known: bool
    ) -> Iterator[Finding]:
        versions = sorted({version for statement in statements for version, _ in statement.coefficients})
        solve = solver(statements, versions, [self._bounds(version, labels_known) for version in versions])
        least, greatest = [float("inf")] * len(versions), [-float("inf")] * len(versions)
        for at, version in enumerate(versions):
            rules = self._rules.get(version.dataset)
            if version not in counts or rules is None:
                continue
            wanted = rules.width_owed(self._unknown[version], labels_known=labels_known)
            for direction in (-1.0, 1.0):
                # Any table that agrees with what is public widens what is possible, whatever it was looked for.
                if whole_width(least[at], greatest[at]) < wanted:
                    for index, value in enumerate(solve(at, direction)):
                        least[index], greatest[index] = min(least[index], value), max(greatest[index], value)
            if (width := whole_width(least[at], greatest[at])) < wanted:
                place = version.place
                yield Finding(
                    place.indicator,
                    place.level,
                    place.code,
                    place.period,
                    width < 1,
                    _FOUND_BY[labels_known],
                )

    def _bounds(self, version: Version, labels_known: bool) -> tuple[float, float]:
        rules = self._rules.get(version.dataset)
        if labels_known and rules:
            if self._unknown[version] == "C":
                return rules.smallest_masked, rules.min_count - 1
            return rules.min_count, _GREATEST
        return 0, _GREATEST
