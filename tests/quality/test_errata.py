"""The register waives what it describes, to the cent, and nothing else."""

from datetime import date
from decimal import Decimal
from fractions import Fraction

from dagster_project.quality.diagnosis import Figures, Investigation
from dagster_project.quality.errata import Erratum, Expectation, judge, read_errata
from dagster_project.quality.reconcile import Figure, Outcome, Relation, Term
from tests.quality.figures import RAW

RELATION = Relation("r", "sum", ())
GAP = Outcome("gap", Fraction(1), Fraction(3))


def erratum(difference: str | None = "-2.00", relation_id: str = "r") -> Erratum:
    expect = Expectation(verdict="gap", difference=Decimal(difference) if difference else None)
    return Erratum(
        erratum_id="e", relation_id=relation_id, reason_fr="x", told_fr="y", status="open",
        recorded_on=date(2031, 1, 1), expect=expect,
    )  # fmt: skip


def test_a_known_gap_is_waived() -> None:
    judgement = judge([(RELATION, "error")], {"r": GAP}, [erratum()])
    assert (judgement.waived, judgement.blocking) == ({"r": "e"}, [])


def test_a_new_gap_blocks_unless_it_is_only_a_warning() -> None:
    assert "r : écart de -2" in judge([(RELATION, "error")], {"r": GAP}, []).blocking[0]
    assert not judge([(RELATION, "warning")], {"r": GAP}, []).blocking


def test_a_gap_that_changed_or_closed_blocks() -> None:
    for outcome in (Outcome("gap", Fraction(1), Fraction(4)), Outcome("exact", Fraction(1), Fraction(1))):
        (line,) = judge([(RELATION, "error")], {"r": outcome}, [erratum()]).blocking
        assert line.startswith("e ne s'applique plus")


def test_a_masked_cell_makes_a_relation_not_computable_and_blocks_nothing() -> None:
    masked = Figure("m", "Jeunes, Ariège", None, is_masked=True)
    shown = Figure("t", "Jeunes, Occitanie", Fraction(3))
    terms = (Term("left", Fraction(1), masked, "m", masked.label), Term("right", Fraction(1), shown, "t", shown.label))
    relation = Relation("r", "sum", terms)
    investigation = Investigation([relation], Figures.of([masked, shown]))
    diagnosis = investigation.diagnose(relation)
    assert diagnosis
    assert (diagnosis.kind, diagnosis.sentence) == ("masked", "Non calculable, cellule masquée : Jeunes, Ariège.")
    for register in ([], [erratum()]):
        judgement = judge([(relation, "error")], investigation.outcomes, register)
        assert (judgement.waived, judgement.blocking) == ({}, [])


def test_an_entry_for_no_relation_blocks() -> None:
    assert judge([], {}, [erratum(relation_id="gone")]).blocking == ["e : la relation gone n'existe pas"]


def test_the_projects_register_reads() -> None:
    assert read_errata(RAW)
