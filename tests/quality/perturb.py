"""Pushing one term of a relation until what is said of the relation changes."""

from dataclasses import replace
from fractions import Fraction

from dagster_project.quality.diagnosis import Figures, Investigation
from dagster_project.quality.mending import mending_interval
from dagster_project.quality.reconcile import Relation, Term

_PUSHES = [Fraction(n) for n in (-1000, -10, -2, -1, 0, "1/2", "9/10", "11/10", 2, 10, 1000)]


def insensitive_terms(relation: Relation) -> list[str]:
    """The terms that no push moves: not the verdict and, where none can be computed, not what is shown instead."""
    said = _said(relation)
    return [
        term.reference
        for index, term in enumerate(relation.terms)
        if term.figure is not None
        and all(said == _said(relation.with_term(index, pushed)) for pushed in _pushed(relation, index, term))
    ]


def _said(relation: Relation) -> str:
    investigation = Investigation([relation], Figures.of([term.figure for term in relation.terms if term.figure]))
    verdict = investigation.outcomes[relation.relation_id].verdict
    if verdict != "not_computable":
        return verdict
    diagnosis = investigation.diagnose(relation)
    return diagnosis.sentence if diagnosis else ""


def _pushed(relation: Relation, index: int, term: Term) -> list[Term]:
    figure = term.figure
    assert figure is not None
    if figure.value is not None:
        values = [figure.value * push for push in _PUSHES] + [figure.value + 10**12, figure.value - 10**12]
        if interval := mending_interval(relation, index):
            values.append(interval.middle.low)
        return [replace(term, figure=replace(figure, value=value)) for value in values]
    assert figure.lower is not None
    assert figure.upper is not None
    return [
        replace(term, figure=replace(figure, lower=figure.lower + shift, upper=figure.upper + shift))
        for shift in (-(10**6), 10**6)
    ]
