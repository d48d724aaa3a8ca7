"""The planted fault is the one named: on copies of the project's own tables, damaged at random."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from dagster_project.quality.diagnosis import Diagnosis, Figures, Investigation
from dagster_project.quality.reconcile import Figure, Relation, Term
from tests.quality.figures import figure, investigate, project_figures, project_relations

SUMS = [
    relation
    for relation in project_relations(project_figures())
    if relation.operator == "sum"
    and len(relation.side("left")) >= 3
    and investigate(project_figures())[0].outcomes[relation.relation_id].verdict == "exact"
]
DRILL = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def diagnosis_after(relation_id: str, changes: dict[str, Fraction | None]) -> tuple[str, Diagnosis | None]:
    figures = dict(project_figures())
    for reference, value in changes.items():
        figures[reference] = replace(figures[reference], value=value)
    investigation, relations = investigate(figures)
    relation = relations[relation_id]
    return investigation.outcomes[relation_id].verdict, investigation.diagnose(relation)


def members(relation: Relation) -> list[Term]:
    return [term for term in relation.side("left") if term.figure and term.figure.value]


@DRILL
@given(data=st.data(), relation=st.sampled_from(SUMS))
def test_a_member_left_out_of_the_total_is_named(data: st.DataObject, relation: Relation) -> None:
    member = data.draw(st.sampled_from(members(relation)))
    (total,) = relation.side("right")
    verdict, diagnosis = diagnosis_after(relation.relation_id, {total.reference: total.value - member.value})
    assert diagnosis is not None
    assert (verdict, diagnosis.kind) == ("gap", "left_out")
    assert member.reference in diagnosis.references


@DRILL
@given(data=st.data(), relation=st.sampled_from(SUMS))
def test_a_member_counted_twice_in_the_total_is_named(data: st.DataObject, relation: Relation) -> None:
    member = data.draw(st.sampled_from(members(relation)))
    (total,) = relation.side("right")
    verdict, diagnosis = diagnosis_after(relation.relation_id, {total.reference: total.value + member.value})
    assert diagnosis is not None
    assert (verdict, diagnosis.kind) == ("gap", "counted_twice")
    assert member.reference in diagnosis.references


@DRILL
@given(data=st.data(), relation=st.sampled_from(SUMS), factor=st.sampled_from([10, 1000]))
def test_a_member_out_by_a_factor_is_named(data: st.DataObject, relation: Relation, factor: int) -> None:
    member = data.draw(st.sampled_from(members(relation)))
    assert member.figure is not None
    assert member.figure.value is not None
    verdict, diagnosis = diagnosis_after(relation.relation_id, {member.reference: member.figure.value * factor})
    assert diagnosis is not None
    assert (verdict, diagnosis.kind) == ("gap", "factor")
    assert member.reference in diagnosis.references


@DRILL
@given(data=st.data(), relation=st.sampled_from(SUMS))
def test_a_member_doubled_is_named(data: st.DataObject, relation: Relation) -> None:
    member = data.draw(st.sampled_from(members(relation)))
    assert member.figure is not None
    assert member.figure.value is not None
    verdict, diagnosis = diagnosis_after(relation.relation_id, {member.reference: member.figure.value * 2})
    assert diagnosis is not None
    assert verdict == "gap"
    assert member.reference in diagnosis.references


@DRILL
@given(data=st.data())
def test_two_figures_swapped_are_both_named(data: st.DataObject) -> None:
    """Two cells of a column exchanged, such as a month's RSA for another's: both rows' totals say so."""
    one, other = data.draw(st.lists(st.sampled_from(SUMS), min_size=2, max_size=2, unique_by=lambda r: r.relation_id))
    first = data.draw(st.sampled_from(members(one)))
    second = data.draw(st.sampled_from(members(other)))
    assert first.figure is not None
    assert second.figure is not None
    assume(first.reference != second.reference)
    assume(first.figure.dataset == second.figure.dataset)
    assume(abs(first.value - second.value) > 100)
    shared = {term.reference for term in one.terms} & {term.reference for term in other.terms}
    assume(not shared)
    exchange = {first.reference: second.figure.value, second.reference: first.figure.value}
    verdict, diagnosis = diagnosis_after(one.relation_id, exchange)
    assert diagnosis is not None
    assert verdict == "gap"
    assert {first.reference, second.reference} <= set(diagnosis.references)


@pytest.mark.parametrize("reference", ["l1410-rsa", "l343-departements-2021"])
def test_a_member_gone_is_missing_not_zero(reference: str) -> None:
    full = f"dreets_occitanie/2021:{reference}"
    concerned = [one for one in SUMS if any(term.reference == full for term in one.terms)]
    assert concerned
    verdict, diagnosis = diagnosis_after(concerned[0].relation_id, {full: None})
    assert diagnosis is not None
    assert (verdict, diagnosis.kind) == ("not_computable", "missing")


def simple(operator: str, left: list[Figure], right: Figure, base: Figure | None = None) -> Diagnosis | None:
    terms = [Term("left", Fraction(1), one, one.reference, one.label) for one in left]
    terms += [Term("base", Fraction(1), base, base.reference, base.label)] if base else []
    terms.append(Term("right", Fraction(1), right, right.reference, right.label))
    relation = Relation("r", operator, tuple(terms))  # type: ignore[arg-type]
    return Investigation([relation], Figures.of([*left, right])).diagnose(relation)


def test_one_digit_that_would_mend_it() -> None:
    parts = [figure("a", 13), figure("b", 21), figure("c", 2)]
    diagnosis = simple("sum", parts, figure("t", 26))
    assert diagnosis is not None
    assert diagnosis.kind == "one_digit"
    assert "t" in diagnosis.references


def test_a_total_one_digit_away_is_said_beside_a_member_left_out() -> None:
    """As the Hérault box prints it: 10 + 20 + 2 + 1 is 33, not 23."""
    parts = [figure("a", 10), figure("b", 20), figure("c", 2), figure("d", 1)]
    diagnosis = simple("sum", parts, figure("t", 23))
    assert diagnosis is not None
    assert diagnosis.kind == "left_out"
    assert {"a", "t"} <= set(diagnosis.references)
    assert "33 conviendrait" in diagnosis.sentence


def test_neighbouring_digits_exchanged() -> None:
    diagnosis = simple("sum", [figure("a", 4125), figure("b", 300)], figure("t", 4452))
    assert diagnosis is not None
    assert (diagnosis.kind, diagnosis.references) == ("transposed", ("a",)) or "t" in diagnosis.references


def test_a_percentage_cut_instead_of_rounded() -> None:
    cut = figure("p", "2.1", unit="percent", step=Fraction(1, 10))
    diagnosis = simple("growth", [figure("to", 361870)], cut, figure("from", 354190))
    assert diagnosis is not None
    assert diagnosis.kind == "truncated"


def test_another_period_would_do() -> None:
    december = figure("dec", 35070, series="ass", period="décembre", dataset="d")
    november = figure("nov", 33730, series="ass", period="novembre", dataset="d")
    terms = (
        Term("left", Fraction(1), december, "dec", "ASS"),
        Term("left", Fraction(1), figure("b", 7), "b", "b"),
        Term("right", Fraction(1), figure("t", 33737), "t", "t"),
    )
    relation = Relation("r", "sum", terms)
    diagnosis = Investigation([relation], Figures.of([december, november])).diagnose(relation)
    assert diagnosis is not None
    assert (diagnosis.kind, diagnosis.references) == ("another_period", ("dec", "nov"))


def test_no_explanation_found_is_said() -> None:
    diagnosis = simple("sum", [figure("a", 14586436), figure("b", 1000000)], figure("t", 15657445))
    assert diagnosis is not None
    assert (diagnosis.kind, diagnosis.sentence) == ("unexplained", "Aucune explication trouvée.")


def test_a_swap_inside_one_relation_must_mend_it_with_both_in_place() -> None:
    """Each repair alone would do, the exchange would not: no swap is claimed."""
    rise = [figure("a1", 100, dataset="d"), figure("b1", 210, dataset="d")]
    terms = (
        Term("left", Fraction(1), rise[0], "a1", "a1"),
        Term("left", Fraction(-1), rise[1], "b1", "b1"),
        Term("right", Fraction(1), figure("t", 0), "t", "t"),
    )
    relation = Relation("r", "sum", terms)
    diagnosis = Investigation([relation], Figures.of(rise)).diagnose(relation)
    assert diagnosis is not None
    assert diagnosis.kind != "swapped"
