"""The reconciliation on the stage file: read what dbt resolved, judge every relation, write the verdicts back."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.database import open_database
from dagster_project.quality.diagnosis import Diagnosis, Figures, Investigation
from dagster_project.quality.errata import Erratum, Judgement, judge
from dagster_project.quality.reconcile import Figure, Outcome, Relation, Term
from dagster_project.release.stage import insert_rows

_TERMS = """
    select relation.relation_id, relation.operator, relation.severity, term.side, term.coefficient_numerator,
        term.coefficient_denominator, term.reference, term.label_fr, term.is_known
    from core.relation as relation
    inner join core.relation_term as term on relation.relation_id = term.relation_id
    order by relation.relation_id, term.side, term.position, term.reference
"""
_FIGURES = """
    select reference, label_fr, value, lower, upper, qualifier, unit, printed_step, dataset, series_code, period_code,
        territory_key, breaks_fr, is_masked
    from core.figure
    where dataset in (select dataset from core.relation_term)
    order by reference
"""


@dataclass(frozen=True)
class Reconciliation:
    """Every relation's outcome and diagnosis, and what the errata register makes of them."""

    outcomes: dict[str, Outcome]
    diagnoses: dict[str, Diagnosis | None]
    judgement: Judgement


def reconcile(stage: Path, errata: list[Erratum]) -> Reconciliation:
    """Judge every relation of the stage file and write ``quality.relation_verdict``."""
    with open_database(stage) as connection:
        return reconcile_tables(connection, errata)


def reconcile_tables(connection: duckdb.DuckDBPyConnection, errata: list[Erratum]) -> Reconciliation:
    """Judge every relation of an open stage, and write ``quality.relation_verdict``."""
    figures = Figures.of([_figure(row) for row in connection.execute(_FIGURES).fetchall()])
    judged = _relations(connection.execute(_TERMS).fetchall(), figures)
    relations = [relation for relation, _ in judged]
    investigation = Investigation(relations, figures)
    diagnoses = {relation.relation_id: investigation.diagnose(relation) for relation in relations}
    _write(connection, relations, investigation.outcomes, diagnoses)
    return Reconciliation(investigation.outcomes, diagnoses, judge(judged, investigation.outcomes, errata))


def _figure(row: tuple[Any, ...]) -> Figure:
    reference, label, value, lower, upper, qualifier, unit, step, *place = row
    return Figure(
        reference, label, _fraction(value), _fraction(lower), _fraction(upper), qualifier, unit,
        _fraction(step) or Fraction(0), *place,
    )  # fmt: skip


def _fraction(value: Decimal | None) -> Fraction | None:
    return None if value is None else Fraction(value)


def _relations(rows: Sequence[tuple[Any, ...]], figures: Figures) -> list[tuple[Relation, str]]:
    found: dict[str, tuple[Any, str, list[Term]]] = {}
    for relation_id, operator, severity, side, numerator, denominator, reference, label, is_known in rows:
        figure = figures.by_reference[reference] if is_known else None
        term = Term(side, Fraction(numerator, denominator), figure, reference, label)
        found.setdefault(relation_id, (operator, severity, []))[2].append(term)
    return [
        (Relation(relation_id, operator, tuple(terms)), severity)
        for relation_id, (operator, severity, terms) in found.items()
    ]


def _write(
    connection: duckdb.DuckDBPyConnection,
    relations: Sequence[Relation],
    outcomes: dict[str, Outcome],
    diagnoses: dict[str, Diagnosis | None],
) -> None:
    connection.execute(
        "create schema quality; create table quality.relation_verdict (relation_id varchar, "
        "left_value decimal(24, 6), right_value decimal(24, 6), difference decimal(24, 6), tolerance decimal(24, 6), "
        "verdict varchar, diagnosis_kind varchar, diagnosis_fr varchar, diagnosis_references varchar[], "
        "compared_terms integer)"
    )
    rows = []
    for relation in relations:
        outcome, diagnosis = outcomes[relation.relation_id], diagnoses[relation.relation_id]
        rows.append((
            relation.relation_id, _decimal(outcome.left), _decimal(outcome.right), _decimal(outcome.difference),
            _decimal(outcome.tolerance), outcome.verdict,
            diagnosis.kind if diagnosis else None, diagnosis.sentence if diagnosis else None,
            list(diagnosis.references) if diagnosis else [], len(relation.terms) - len(relation.missing),
        ))  # fmt: skip
    insert_rows(connection, "quality.relation_verdict", rows)


def _decimal(value: Fraction | None) -> Decimal | None:
    """Six decimals, as the contract stores them."""
    return None if value is None else round(Decimal(value.numerator) / Decimal(value.denominator), 6)
