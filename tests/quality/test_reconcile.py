"""Verdicts: exact arithmetic, the doubt of printing, words that have numbers, and nothing that passes on nothing."""

from fractions import Fraction
from typing import Any

import pytest

from dagster_project.quality.diagnosis import Figures, Investigation
from dagster_project.quality.reconcile import Figure, Outcome, Relation, Term, evaluate, french
from tests.quality.figures import figure


def relation(operator: str, left: list[Figure | None], right: list[Figure | None], base: Any = ()) -> Relation:
    sides = (("left", left), ("base", base), ("right", right))
    terms = (
        Term(side, Fraction(1), one, one.reference if one else "?", "x")  # type: ignore[arg-type]
        for side, figures in sides
        for one in figures
    )
    return Relation("r", operator, tuple(terms))  # type: ignore[arg-type]


def euros(value: object) -> Figure:
    return figure(f"e{value}", value, unit="eur", step=Fraction(1))


def percent(value: object, **about: Any) -> Figure:
    return figure(f"p{value}", value, unit="percent", step=Fraction(1, 10), **about)


def verdict(operator: str, left: list[Figure | None], right: list[Figure | None], base: Any = ()) -> str:
    return evaluate(relation(operator, left, right, base)).verdict


def test_a_sum_is_exact_rounded_or_a_gap() -> None:
    assert verdict("sum", [euros(3), euros(4)], [euros(7)]) == "exact"
    assert verdict("sum", [euros(3), euros(4)], [euros(8)]) == "rounding"
    assert verdict("sum", [euros(3), euros(4)], [euros(9)]) == "gap"


def test_what_is_counted_one_by_one_is_never_rounded() -> None:
    people = [figure("a", 3, step=Fraction(1)), figure("b", 4, step=Fraction(1))]
    assert verdict("sum", [*people], [figure("t", 8, step=Fraction(1))]) == "gap"


def test_a_stated_rounding_is_a_doubt() -> None:
    thirteen = [figure(f"d{n}", 10, step=Fraction(10)) for n in range(13)]
    assert verdict("sum", [*thirteen], [figure("t", 195, step=Fraction(1))]) == "rounding"
    assert verdict("sum", [*thirteen], [figure("t", 196, step=Fraction(1))]) == "gap"


def test_a_percentage_holds_within_half_its_last_digit() -> None:
    base = [figure("b", 3030)]
    assert verdict("ratio", [figure("n", 945)], [percent("31.2")], base) == "rounding"
    assert verdict("ratio", [figure("n", 945)], [percent("31.3")], base) == "gap"


def test_a_growth_is_in_percent() -> None:
    outcome = evaluate(relation("growth", [figure("to", 361870)], [percent("2.1")], [figure("from", 354190)]))
    assert outcome.verdict == "gap"
    assert round(outcome.left or 0, 2) == Fraction("2.17")


@pytest.mark.parametrize(
    ("qualifier", "value", "expected"),
    [
        ("more_than", "10.4", "holds"),
        ("more_than", "10", "gap"),
        ("less_than", "9", "holds"),
        ("less_than", "10", "gap"),
        ("nearly", "9.6", "holds"),
        ("nearly", "9.4", "gap"),
        ("nearly", "10.2", "gap"),
        ("about", "10.5", "holds"),
        ("about", "10.6", "gap"),
        ("up_to", "10", "holds"),
    ],
)
def test_words_have_numbers(qualifier: str, value: str, expected: str) -> None:
    assert verdict("same", [figure("v", value)], [percent(10, qualifier=qualifier)]) == expected


def test_a_part_does_not_exceed_its_whole() -> None:
    assert verdict("part", [figure("p", 945)], [figure("w", 945)]) == "holds"
    assert verdict("part", [figure("p", 989)], [figure("w", 945)]) == "gap"


def test_members_lie_within_a_printed_range() -> None:
    bounds = percent(None, lower=Fraction("5.1"), upper=Fraction("6.1"))
    assert verdict("within", [percent("6.1"), percent("5.1")], [bounds]) == "holds"
    assert verdict("within", [percent("6.1"), percent("6.4")], [bounds]) == "gap"


@pytest.mark.parametrize("operator", ["sum", "part", "at_most", "ratio", "growth", "same", "within", "complete"])
def test_a_missing_term_is_never_a_pass(operator: str) -> None:
    base: Any = [figure("b", 2)] if operator in ("ratio", "growth") else ()
    right: list[Figure | None] = [] if operator == "complete" else [figure("r", 1)]
    assert verdict(operator, [figure("a", 1), None], right, base) == "not_computable"
    assert verdict(operator, [figure("a", 1), figure("b", None)], right, base) == "not_computable"


def test_a_base_of_zero_is_not_a_pass() -> None:
    assert verdict("ratio", [figure("n", 1)], [percent(1)], [figure("b", 0)]) == "not_computable"
    assert verdict("ratio", [figure("n", 1)], [None], [figure("b", 0)]) == "not_computable"


def test_no_difference_without_both_sides() -> None:
    assert Outcome("not_computable", Fraction(1)).difference is None


def test_numbers_are_written_as_french_readers_write_them() -> None:
    assert french(Fraction(17940580)) == "17\u202f940\u202f580"
    assert french(Fraction("7.285")) == "7,29" or french(Fraction("7.285")) == "7,28"
    assert french(None) == "—"


def test_a_break_of_the_series_stops_a_comparison_with_its_reason() -> None:
    before = figure("2023-09", 100, series="aah")
    after = figure("2024-09", 120, series="aah", breaks="Déconjugalisation de l'AAH")
    rise = figure("rise", 20, unit="percent", step=Fraction(1))
    terms = (
        Term("left", Fraction(1), after, "2024-09", "AAH"),
        Term("base", Fraction(1), before, "2023-09", "AAH"),
        Term("right", Fraction(1), rise, "rise", "hausse"),
    )
    growth = Relation("r", "growth", terms)
    investigation = Investigation([growth], Figures.of([before, after, rise]))
    assert investigation.outcomes["r"].verdict == "not_computable"
    diagnosis = investigation.diagnose(growth)
    assert diagnosis is not None
    assert "Déconjugalisation" in diagnosis.sentence
