"""Why does a relation not hold? The simplest explanation found by search, by name.

Every explanation is a repair: a term, worth something else, with which the relation would hold. Repairs are tried
from the simplest kind to the least, first those that mend it exactly, then those that mend it within the doubt of
printing; the first kind that does is the diagnosis.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from dagster_project.quality.mending import Repairable, closes, figure_of, mendable, worth
from dagster_project.quality.reconcile import Figure, Outcome, Relation, Term, evaluate, french

_MAX_NAMED = 3
# Smaller numbers agree by chance.
_TELLING = 100
# Among repairs tried together; all others are alone in their search.
_SIMPLICITY = {"left_out": 0, "counted_twice": 1, "doubled": 2, "one_digit": 3}
_FACTORS = (10, 100, 1000)


@dataclass(frozen=True)
class Diagnosis:
    """What the search found: its kind, the figures it names, and a French sentence."""

    kind: str
    references: tuple[str, ...]
    sentence: str


Search = Callable[[Relation, Repairable], Iterator[Diagnosis]]


@dataclass(frozen=True)
class Figures:
    """The figures an explanation may call upon, by reference, by series and by dataset."""

    by_reference: Mapping[str, Figure]
    by_series: Mapping[str, Sequence[Figure]]
    by_dataset: Mapping[str, Sequence[Figure]]

    @classmethod
    def of(cls, figures: Sequence[Figure]) -> "Figures":
        series: dict[str, list[Figure]] = {}
        datasets: dict[str, list[Figure]] = {}
        for figure in figures:
            series.setdefault(figure.series, []).append(figure)
            datasets.setdefault(figure.dataset, []).append(figure)
        return cls({figure.reference: figure for figure in figures}, series, datasets)


class Investigation:
    """All relations of a run and their outcomes; two gaps can explain each other (a swap)."""

    def __init__(self, relations: Sequence[Relation], figures: Figures) -> None:
        self._figures = figures
        self.outcomes = {relation.relation_id: evaluate(relation) for relation in relations}
        self._gaps = [relation for relation in relations if self.outcomes[relation.relation_id].verdict == "gap"]
        self._gaps_of: dict[str, list[Relation]] = {}
        for relation in self._gaps:
            for term in relation.terms:
                self._gaps_of.setdefault(term.reference, []).append(relation)

    def diagnose(self, relation: Relation) -> Diagnosis | None:
        """Explain a gap, or say what keeps a relation from being computed; None where nothing is wrong."""
        outcome = self.outcomes[relation.relation_id]
        if outcome.verdict == "not_computable":
            return self._why_not_computable(relation)
        if outcome.verdict != "gap":
            return None
        within_doubt = list(mendable(relation))
        exactly = [(term, wanted.middle) for term, wanted in within_doubt]
        for repairable in (exactly, within_doubt):
            for find in self._telling_searches():
                if found := list(find(relation, repairable)):
                    return _merged([*found, *_total_one_digit_away(relation, exactly)])
        # These also mend by chance: said last, and together.
        if found := [*self._another_figure(relation, exactly), *_one_digit(relation, exactly)]:
            return _merged(found)
        return _unexplained(relation, outcome)

    def _telling_searches(self) -> tuple[Search, ...]:
        """Kinds of repair, from the simplest."""
        return (
            _truncated,
            _left_out_or_counted_twice,
            _territory_left_out,
            self._swapped,
            self._another_period,
            _factor,
            _transposed,
        )

    def _swapped(self, relation: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
        """Two figures stand in each other's place: exchanged, this gap closes and one the other figure is in."""
        for term, wanted in repairable:
            figure = figure_of(term)
            for other in self._figures.by_dataset.get(figure.dataset, ()):
                is_inside = any(inside.reference == other.reference for inside in relation.terms)
                if other.reference == figure.reference or not (is_inside or other.value in wanted):
                    continue
                concerned = [relation] if is_inside else self._gaps_of.get(other.reference, [])
                if any(closes(_exchanged(gap, figure, other), repairable) for gap in concerned):
                    yield Diagnosis(
                        "swapped",
                        (term.reference, other.reference),
                        f"{_named(term.label, figure_of(term))} et {_named(other.label, other)} sont intervertis",
                    )

    def _another_period(self, _: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
        for term, wanted in repairable:
            figure = figure_of(term)
            for other in self._figures.by_series.get(figure.series, ()) if figure.series else ():
                if other.reference != figure.reference and other.period != figure.period and other.value in wanted:
                    yield Diagnosis(
                        "another_period",
                        (term.reference, other.reference),
                        f"{_named(term.label, figure)} : la valeur de {other.period} "
                        f"({french(other.value)}) conviendrait",
                    )

    def _another_figure(self, relation: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
        if relation.operator not in ("sum", "same"):
            return
        for term, wanted in repairable:
            figure = figure_of(term)
            for other in self._figures.by_dataset.get(figure.dataset, ()):
                if other.reference == figure.reference or other.unit != figure.unit or (other.value or 0) < _TELLING:
                    continue
                if other.value in wanted:
                    yield Diagnosis(
                        "another_figure",
                        (term.reference, other.reference),
                        f"{_named(term.label, figure)} : la valeur de « {other.label} » "
                        f"({french(other.value)}) conviendrait",
                    )

    def _why_not_computable(self, relation: Relation) -> Diagnosis:
        if (broken := relation.break_between) and not relation.missing:
            return Diagnosis("series_break", (), f"Non comparable, la série est rompue : {broken}.")
        if relation.masked:
            names = ", ".join(term.label for term in relation.masked)
            references = tuple(term.reference for term in relation.masked)
            return Diagnosis("masked", references, f"Non calculable, cellule masquée : {names}.")
        unprinted = [term for term in relation.side("base") if term.reference == "?"]
        if not relation.missing:
            return Diagnosis("zero_base", (), "Non calculable, le dénominateur est nul.")
        if relation.operator == "ratio" and unprinted and len(relation.missing) == 1:
            return self._implied_denominator(relation)
        names = ", ".join(term.label for term in relation.missing)
        return Diagnosis(
            "missing", tuple(term.reference for term in relation.missing), f"Non calculable, il manque : {names}."
        )

    def _implied_denominator(self, relation: Relation) -> Diagnosis:
        numerator, percent, doubt = relation.total("left"), relation.total("right"), relation.doubt("right")
        if percent <= doubt:
            return Diagnosis(
                "implied_denominator",
                (),
                f"Le dénominateur n'est pas imprimé, et {french(percent)} % n'en suppose aucun.",
            )
        low, high = 100 * numerator / (percent + doubt), 100 * numerator / (percent - doubt)
        implied = Fraction(round(100 * numerator / percent))
        first = relation.side("left")[0]
        bases = [
            figure
            for figure in self._figures.by_dataset.get(figure_of(first).dataset, ())
            if figure.value is not None
            and figure.reference != first.reference
            and figure.unit in ("person", "household")
            and low <= figure.value <= high
        ]
        sentence = (
            f"Le dénominateur n'est pas imprimé : {french(numerator)} pour {french(percent)} % en suppose environ "
            f"{french(implied)} (entre {french(low, 0)} et {french(high, 0)}). "
        )
        if bases:
            sentence += f"{_named(bases[0].label, bases[0])} conviendrait."
        else:
            sentence += "Aucune base imprimée ne convient."
        return Diagnosis("implied_denominator", tuple(base.reference for base in bases), sentence)


def _exchanged(relation: Relation, one: Figure, other: Figure) -> Relation:
    values = {one.reference: other.value, other.reference: one.value}
    terms = (
        replace(term, figure=replace(figure_of(term), value=values[term.reference]))
        if term.reference in values
        else term
        for term in relation.terms
    )
    return replace(relation, terms=tuple(terms))


def _named(label: str, figure: Figure) -> str:
    return f"« {label} » ({french(figure.value)})"


def _left_out_or_counted_twice(relation: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
    members = relation.side("left")
    if relation.operator not in ("sum", "ratio", "growth") or len(members) < 2:
        return
    for term, wanted in repairable:
        figure = figure_of(term)
        if term.side != "left" or not figure.value:
            continue
        if Fraction(0) in wanted:
            yield Diagnosis(
                "left_out", (term.reference,), f"{_named(term.label, figure)} n'est pas dans le chiffre imprimé"
            )
        elif 2 * figure.value in wanted:
            yield Diagnosis("counted_twice", (term.reference,), f"{_named(term.label, figure)} est compté deux fois")
        elif figure.value / 2 in wanted:
            yield Diagnosis(
                "doubled", (term.reference,), f"{_named(term.label, figure)} est le double de ce qu'il faut"
            )


def _territory_left_out(relation: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
    """A territory the printed figure leaves out of every term, such as of both years of an increase."""
    of_territory: dict[str, list[Term]] = {}
    for term in (*relation.side("left"), *relation.side("base")):
        if figure_of(term).territory:
            of_territory.setdefault(figure_of(term).territory, []).append(term)
    for terms in of_territory.values():
        if not 1 < len(terms) < len(relation.terms) - 1 or len(of_territory) < 2:
            continue
        without = replace(
            relation, terms=tuple(worth(term, Fraction(0)) if term in terms else term for term in relation.terms)
        )
        if closes(without, repairable):
            names = ", ".join(_named(term.label, figure_of(term)) for term in terms)
            yield Diagnosis(
                "left_out", tuple(term.reference for term in terms), f"{names} ne sont pas dans le chiffre imprimé"
            )


def _factor(_: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
    for term, wanted in repairable:
        figure = figure_of(term)
        for factor in _FACTORS:
            assert figure.value is not None
            if figure.value and figure.value / factor in wanted:
                yield Diagnosis(
                    "factor", (term.reference,), f"{_named(term.label, figure)} est {factor} fois trop grand"
                )
            elif figure.value and figure.value * factor in wanted:
                yield Diagnosis(
                    "factor", (term.reference,), f"{_named(term.label, figure)} est {factor} fois trop petit"
                )


def _transposed(_: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
    yield from _rewritten(repairable, "transposed", _swapped_neighbours, "deux chiffres voisins sont intervertis")


def _one_digit(relation: Relation, repairable: Repairable) -> Iterator[Diagnosis]:
    """Only where figures are exact: a rounded percentage is mended by too many digits to mean anything."""
    if relation.operator in ("sum", "same"):
        yield from _rewritten(repairable, "one_digit", _one_digit_away, "un seul chiffre à corriger")


def _total_one_digit_away(relation: Relation, exactly: Repairable) -> Iterator[Diagnosis]:
    """A printed total one digit away is worth saying beside any other explanation."""
    if relation.operator == "sum":
        totals = [(term, wanted) for term, wanted in exactly if term.side == "right"]
        yield from _rewritten(totals, "one_digit", _one_digit_away, "un seul chiffre à corriger")


def _rewritten(
    repairable: Repairable, kind: str, rewrites: Callable[[str], Iterator[str]], why: str
) -> Iterator[Diagnosis]:
    for term, wanted in repairable:
        figure = figure_of(term)
        if wanted.high - wanted.low > 2 * (figure.step or 1):
            continue  # so wide a range is reached by too many digits to mean anything
        digits, scale = _printed_digits(figure)
        for rewrite in rewrites(digits):
            value = Fraction(int(rewrite)) * scale
            if value in wanted:
                yield Diagnosis(
                    kind, (term.reference,), f"{_named(term.label, figure)} : {why}, {french(value)} conviendrait"
                )


def _printed_digits(figure: Figure) -> tuple[str, Fraction]:
    """The digits a reader sees, and what the last one is worth."""
    assert figure.value is not None
    last = figure.step or Fraction(1)
    return str(abs(int(figure.value / last))), last


def _swapped_neighbours(digits: str) -> Iterator[str]:
    for index in range(len(digits) - 1):
        first, second = digits[index], digits[index + 1]
        if first != second:
            yield digits[:index] + second + first + digits[index + 2 :]


def _one_digit_away(digits: str) -> Iterator[str]:
    for index, digit in enumerate(digits):
        for other in "0123456789":
            if other != digit and len(digits) > 1 and not (index == 0 and other == "0"):
                yield digits[:index] + other + digits[index + 1 :]


def _truncated(relation: Relation, _: Repairable) -> Iterator[Diagnosis]:
    """A number cut, or rounded up, where it should have been rounded to the nearest."""
    term = relation.side("right")[0]
    figure = figure_of(term)
    is_rounded = relation.operator in ("ratio", "growth") or (relation.operator in ("sum", "same") and figure.step > 1)
    if not is_rounded or len(relation.side("right")) > 1 or figure.qualifier != "exact":
        return
    assert figure.value is not None
    if figure.value < 10 * figure.step:
        return  # one digit is too coarse to tell a cut from another number
    left = evaluate(relation).left
    assert left is not None
    gap = left - figure.value
    computed = french(left) + (" %" if figure.unit == "percent" else "")
    if 0 < gap < figure.step:
        yield Diagnosis("truncated", (term.reference,), f"{_named(term.label, figure)} est tronqué : {computed}")
    elif -figure.step < gap < 0:
        yield Diagnosis(
            "rounded_up", (term.reference,), f"{_named(term.label, figure)} est arrondi par excès : {computed}"
        )


def _merged(found: Sequence[Diagnosis]) -> Diagnosis:
    """Several repairs of the same kind are all named: arithmetic cannot choose between them."""
    simplest_first = sorted(found, key=lambda diagnosis: _SIMPLICITY.get(diagnosis.kind, 0))
    distinct = list({diagnosis.sentence: diagnosis for diagnosis in simplest_first}.values())
    sentences = " ; ou bien ".join(diagnosis.sentence for diagnosis in distinct[:_MAX_NAMED])
    if (others := len(distinct) - _MAX_NAMED) > 0:
        sentences += f" ; ou bien {others} autre{'s' if others > 1 else ''}"
    references = tuple(dict.fromkeys(ref for diagnosis in simplest_first for ref in diagnosis.references))
    return Diagnosis(distinct[0].kind, references, _sentence(sentences))


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def _unexplained(relation: Relation, outcome: Outcome) -> Diagnosis:
    if relation.operator == "part":
        return Diagnosis("part_above_whole", (), f"La partie dépasse le tout de {french(outcome.difference)}.")
    if relation.operator == "at_most":
        return Diagnosis("out_of_order", (), f"L'ordre annoncé est inversé, de {french(outcome.difference)}.")
    if relation.operator == "within":
        return Diagnosis("outside", (), f"{french(outcome.left)} est hors des bornes imprimées.")
    if relation.operator in ("ratio", "growth"):
        return Diagnosis("unexplained", (), f"Aucune explication trouvée ; le calcul donne {french(outcome.left)} %.")
    return Diagnosis("unexplained", (), "Aucune explication trouvée.")
