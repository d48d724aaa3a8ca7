"""What binds restricted cells to each other and to what is public: totals, bases, parts, rates, written relations."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise, product

from dagster_project.quality.disclosure.cells import Key, OpenFigure, Relation
from dagster_project.quality.disclosure.quantities import Equation, Knowledge, Quantity
from dagster_project.quality.disclosure.rules import Rules, counted_indicators, rates
from dagster_project.quality.disclosure.territories import Territories

_SHARE_STEP = Decimal("0.1")
_INFINITE = float("inf")


class Links:
    """The state of knowledge as editions arrive: who says what of each key, and the equations between them."""

    def __init__(
        self,
        rules: Mapping[str, Rules],
        territories: Territories,
        figures: Sequence[OpenFigure],
        relations: Sequence[Relation],
    ) -> None:
        self.knowledge = Knowledge()
        self._rules = rules
        self._territories = territories
        self._relations = relations
        self._current: dict[tuple[str, Key], Quantity] = {}
        self._inside: dict[tuple[str, Key], dict[tuple[str, str], None]] = {}
        self._open: dict[Key, dict[Decimal, tuple[Quantity, Decimal]]] = {}
        self._by_reference: dict[str, Quantity] = {}
        # The share that came with a part: the tables show it beside, for as long as the part does not change.
        self._beside: dict[Quantity, Quantity] = {}
        self._rests: dict[tuple[Quantity, ...], Quantity] = {}
        self._known: set[frozenset[tuple[Quantity, float]]] = set()
        for figure in figures:
            quantity = Quantity(figure.value, "F", figure.key)
            if figure.key:
                known = self._open.setdefault(figure.key, {})
                quantity, _ = known.setdefault(figure.value, (quantity, figure.step))
            self._by_reference[figure.reference] = quantity

    def open_values(self, key: Key) -> set[Decimal]:
        """What open editions say of a key."""
        return set(self._open.get(key, {}))

    def current(self, dataset: str, key: Key) -> Quantity | None:
        """What a dataset says of a key today."""
        return self._current.get((dataset, key))

    def say(self, dataset: str, key: Key, quantity: Quantity) -> None:
        """From now on the dataset says this of the key."""
        self._current[dataset, key] = quantity
        for level, code in self._territories.wholes(key.level, key.code):
            whole = key._replace(level=level, code=code)
            self._inside.setdefault((dataset, whole), {})[key.level, key.code] = None
        self._by_reference[f"{dataset}:{key.indicator}:{key.period}:{key.level}-{key.code}"] = quantity

    def learn(self, dataset: str, keys: Iterable[Key]) -> list[Equation]:
        """The equations that hold since the dataset spoke of these keys; those already known are not told again."""
        keys = list(keys)
        self._keep_beside(dataset, frozenset(keys))
        fresh = []
        for equation in self._equations(dataset, keys):
            identity = frozenset(equation.coefficients.items())
            if equation.hidden and identity not in self._known:
                self._known.add(identity)
                fresh.append(equation)
        self.knowledge.equations += fresh
        return [*fresh, *self._assume_totals(dataset, keys)]

    def _keep_beside(self, dataset: str, keys: frozenset[Key]) -> None:
        for rate in rates():
            for key in keys:
                part = key._replace(indicator=rate.part)
                if key.indicator == rate.share and part in keys:
                    self._beside[self._current[dataset, part]] = self._current[dataset, key]

    def _equations(self, dataset: str, keys: Sequence[Key]) -> Iterator[Equation]:
        rules = self._rules[dataset]
        for parent, kind in self._blocks(keys):
            yield from self._territorial(dataset, rules, parent, kind)
        places = dict.fromkeys(keys)
        for rate in rates():
            for key in self._at(places, rate.share, rate.part, rate.base):
                part, base = key._replace(indicator=rate.part), key._replace(indicator=rate.base)
                yield from self._part(dataset, part, base, rules, is_sensitive=True)
                yield from self._rate(dataset, key._replace(indicator=rate.share), part, base)
        for link in rules.parts:
            for key in self._at(places, link.part, link.whole):
                part, whole = key._replace(indicator=link.part), key._replace(indicator=link.whole)
                yield from self._part(dataset, part, whole, rules, is_sensitive=False)
        for total in rules.sums:
            for key in self._at(places, total.whole, *total.parts):
                parts = [self._one(dataset, key._replace(indicator=part)) for part in total.parts]
                present = [part for part in parts if part]
                for source in self._sources(dataset, key._replace(indicator=total.whole)):
                    yield from self._sum(source, present, rules, is_complete=len(present) == len(parts))
        for key in keys:
            yield from self._same(key)
        yield from self._written(dataset, places, rules)

    @staticmethod
    def _at(keys: Iterable[Key], *indicators: str) -> list[Key]:
        """Where and when any of these indicators was spoken of."""
        return list(dict.fromkeys(key._replace(indicator="") for key in keys if key.indicator in indicators))

    # --- territories

    def _blocks(self, keys: Sequence[Key]) -> list[tuple[Key, str]]:
        """The totals these keys belong to: as a whole, or as a member; then the départements métropoles stand in."""
        blocks: dict[tuple[Key, str], None] = {}
        for key in keys:
            if key.indicator in counted_indicators():
                blocks[key, "whole"] = None
                for level, code in self._territories.wholes(key.level, key.code):
                    blocks[key._replace(level=level, code=code), "whole"] = None
                for level, code in self._territories.around(key.level, key.code):
                    blocks[key._replace(level=level, code=code), "inside"] = None
        return list(blocks)

    def _territorial(self, dataset: str, rules: Rules, whole: Key, kind: str) -> Iterator[Equation]:
        if kind == "inside":
            inside = self._present(dataset, whole, self._territories.inside(whole.level, whole.code))
            if inside and not self._stand_beside(dataset, whole):
                for container in self._sources(dataset, whole):
                    if (rest := container.value - _total(inside)) >= 0:
                        sensitive = 0 < rest < rules.min_count
                        yield self._with_rest(container, inside, rest, rules, is_sensitive=sensitive)
            return
        members, beside, is_complete = self._members(dataset, whole)
        if members:
            for total in self._sources(dataset, whole):
                parts = [*members, *beside] if _are_counted(total, members, beside) else members
                yield from self._sum(total, parts, rules, is_complete=is_complete)

    def _members(self, dataset: str, whole: Key) -> tuple[list[Quantity], list[Quantity], bool]:
        """The members of a total that answered, métropoles that may be counted beside, and whether all answered."""
        expected = self._territories.members(whole.level, whole.code)
        # Members the seeds do not list (communes, IRIS) are those the dataset speaks of.
        asked = self._inside.get((dataset, whole), {}) if expected is None else expected
        members = self._present(dataset, whole, asked)
        beside = self._present(dataset, whole, self._territories.metropoles(whole.level, whole.code))
        return members, beside, expected is not None and len(members) == len(expected)

    def _stand_beside(self, dataset: str, inside_of: Key) -> bool:
        """Whether the region's total counts the métropoles beside the départements rather than in them."""
        for level, code in self._territories.wholes(inside_of.level, inside_of.code):
            whole = inside_of._replace(level=level, code=code)
            members, beside, _ = self._members(dataset, whole)
            if any(_are_counted(total, members, beside) for total in self._sources(dataset, whole)):
                return True
        return False

    def _assume_totals(self, dataset: str, keys: Sequence[Key]) -> list[Equation]:
        """A total nobody printed yet may be printed one day: it counts as known, over those that answered so far."""
        fresh = []
        for whole, kind in self._blocks(keys):
            name = (dataset, *whole)
            if kind == "inside":
                continue
            self.knowledge.assumed.pop(name, None)
            members, beside, _ = self._members(dataset, whole)
            if len(members) > 1 and not self._sources(dataset, whole):
                equation = Equation(dict.fromkeys([*members, *beside], 1.0))
                if equation.hidden:
                    self.knowledge.assumed[name] = equation
                    fresh.append(equation)
        return fresh

    # --- one territory

    def _part(self, dataset: str, part: Key, whole: Key, rules: Rules, *, is_sensitive: bool) -> Iterator[Equation]:
        """A part is not above its whole; those left out may be too few to be told."""
        for one, total in product(self._sources(dataset, part), self._sources(dataset, whole)):
            if (rest := total.value - one.value) >= 0 and not (one.is_public and total.is_public):
                sensitive = is_sensitive and 0 < rest < rules.min_count
                yield self._with_rest(total, [one], rest, rules, is_sensitive=sensitive)

    def _rate(self, dataset: str, share: Key, part: Key, base: Key) -> Iterator[Equation]:
        """A share everybody knows binds its members, to the rounding."""
        shares = {(quantity.value, step or _SHARE_STEP) for quantity, step in self._open.get(share, {}).values()}
        counted = self.current(dataset, part)
        for own in (self.current(dataset, share), self._beside.get(counted) if counted else None):
            if own and own.is_public:
                shares.add((own.value, _SHARE_STEP))
                # Beside a base revised since, a whole percentage may still hold, to the unit.
                if own.value == own.value.to_integral_value():
                    shares.add((own.value, Decimal(1)))
        for (percent, step), one, total in product(
            sorted(shares), self._sources(dataset, part), self._sources(dataset, base)
        ):
            low, high = percent - step / 2, percent + step / 2
            above, below = 100 * one.value - low * total.value, high * total.value - 100 * one.value
            if above >= 0 and below >= 0 and not (one.is_public and total.is_public):
                yield Equation({one: 100.0, total: -float(low)}, -float(above), _INFINITE)
                yield Equation({one: 100.0, total: -float(high)}, -_INFINITE, float(below))

    def _same(self, key: Key) -> Iterator[Equation]:
        """Two restricted datasets that say the same of a key."""
        said = [self._current[dataset, key] for dataset in sorted(self._rules) if (dataset, key) in self._current]
        for one, other in pairwise(said):
            if one.value == other.value:
                yield Equation({one: 1.0, other: -1.0})

    def _written(self, dataset: str, keys: Mapping[Key, None], rules: Rules) -> Iterator[Equation]:
        touched = {quantity for key in keys if (quantity := self.current(dataset, key))}
        for relation in self._relations:
            terms = [(weight, self._by_reference.get(reference)) for weight, reference in relation.terms]
            members = [(weight, quantity) for weight, quantity in terms if quantity]
            if len(members) < len(terms) or not touched.intersection(quantity for _, quantity in members):
                continue
            coefficients: dict[Quantity, float] = {}
            for weight, quantity in members:
                coefficients[quantity] = coefficients.get(quantity, 0.0) + float(weight)
            gap = sum((weight * quantity.value for weight, quantity in members), Decimal(0))
            if relation.operator in ("part", "at_most"):
                if gap <= 0:
                    yield Equation(coefficients, -_INFINITE, float(-gap))
            elif abs(gap) <= rules.protection_width:
                yield Equation(coefficients)

    # --- shared

    def _sum(
        self, whole: Quantity, parts: Sequence[Quantity], rules: Rules, *, is_complete: bool
    ) -> Iterator[Equation]:
        """A total and its parts: equal, or nearly so when all are there; else what is left is those who did not answer.

        A total less than its parts says nothing.
        """
        rest = whole.value - _total(parts)
        if rest == 0 or (is_complete and abs(rest) <= rules.protection_width):
            yield Equation({whole: 1.0, **dict.fromkeys(parts, -1.0)})
        elif rest > 0:
            yield self._with_rest(whole, parts, rest, rules, is_sensitive=not is_complete and rest < rules.min_count)

    def _with_rest(
        self, whole: Quantity, parts: Sequence[Quantity], rest: Decimal, rules: Rules, *, is_sensitive: bool
    ) -> Equation:
        # What open figures alone give is nobody's secret.
        is_sensitive = is_sensitive and not all(map(self._is_openly_said, (whole, *parts)))
        left = self._rests.setdefault(
            (whole, *parts), Quantity(rest, "rest", whole.key, rules, is_sensitive=is_sensitive)
        )
        left.is_sensitive |= is_sensitive
        return Equation({whole: 1.0, **dict.fromkeys(parts, -1.0), left: -1.0})

    def _is_openly_said(self, quantity: Quantity) -> bool:
        return quantity.key is not None and quantity.value in self.open_values(quantity.key)

    def _sources(self, dataset: str, key: Key) -> list[Quantity]:
        """Everything said of a key: by the dataset, and by open editions."""
        own = self.current(dataset, key)
        said = [quantity for quantity, _ in self._open.get(key, {}).values()]
        return [own, *(quantity for quantity in said if quantity.value != own.value)] if own else said

    def _one(self, dataset: str, key: Key) -> Quantity | None:
        """What is said of a key: by the dataset first."""
        return next(iter(self._sources(dataset, key)), None)

    def _present(self, dataset: str, whole: Key, members: Iterable[tuple[str, str]]) -> list[Quantity]:
        said = (self._one(dataset, whole._replace(level=level, code=code)) for level, code in members)
        return [quantity for quantity in said if quantity]


def _total(quantities: Iterable[Quantity]) -> Decimal:
    return sum((quantity.value for quantity in quantities), Decimal(0))


def _are_counted(total: Quantity, members: Sequence[Quantity], beside: Sequence[Quantity]) -> bool:
    """Whether a total comes as near to its members with the métropoles as without: CALPAE counts them apart."""
    without = total.value - _total(members)
    return bool(beside) and abs(without - _total(beside)) <= abs(without)
