"""The project's own figures and relations, read without the database: what the fault drills damage."""

import csv
from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from pathlib import Path

from dagster_project.catalogue import load_catalogue
from dagster_project.quality.diagnosis import Figures, Investigation
from dagster_project.quality.reconcile import Figure, Relation, Term
from dagster_project.quality.relations import WrittenRelation, read_relations
from dagster_project.readers import LAYOUTS
from dagster_project.readers.table import Row, read_csv_table
from dagster_project.settings import PROJECT, TERRITORIES

RAW = PROJECT / "raw"


def figure(reference: str, value: object, **about: object) -> Figure:
    """A figure for a test: only what matters is said."""
    number = None if value is None else Fraction(str(value))
    return Figure(reference, str(about.pop("label", reference)), number, **about)  # type: ignore[arg-type]


@cache
def project_figures() -> dict[str, Figure]:
    return {one.reference: one for one in _read_figures(RAW)}


def _read_figures(raw: Path) -> Iterator[Figure]:
    for dataset in load_catalogue(raw):
        if "printed_text" not in {column.name for column in LAYOUTS[dataset.layout].columns}:
            continue  # the strategy's measures, actions and bodies are words, not figures
        for edition in dataset.editions:
            about = edition.sidecar
            for file in about.files:
                table = read_csv_table(LAYOUTS[about.layout], file.name, (edition.folder / file.name).read_bytes())
                for row in table.rows:
                    yield _figure(f"{about.publisher}/{about.version_label}", dataset.name, row)


def _figure(report: str, dataset: str, row: Row) -> Figure:
    where = f"{row['territory_level']}-{row['territory_code']}"
    value, unit = (row["amount_eur"], "eur") if "amount_eur" in row else (row["value"], row["unit"])
    if "figure_id" in row:
        reference = f"{report}:{row['figure_id']}"
    else:
        reference = f"{dataset}:{row['indicator_code']}:{row['period_code']}:{where}"
    return figure(
        reference,
        value,
        lower=_fraction(row.get("lower")),
        upper=_fraction(row.get("upper")),
        qualifier=row.get("qualifier", "exact"),
        unit=unit,
        step=_fraction(row["printed_step"]) or Fraction(0),
        dataset=dataset,
        series=_series(dataset, where, row),
        period=str(row.get("period_code") or row.get("year") or ""),
        territory=where,
    )


def _series(dataset: str, where: str, row: Row) -> str:
    quantity = row.get("indicator_code") or row.get("line_code")
    return f"{dataset}|{quantity}|{where}|{row.get('population_group') or row.get('stage')}" if quantity else ""


def _fraction(value: object) -> Fraction | None:
    return None if value is None else Fraction(str(value))


@cache
def departements(region: str) -> tuple[str, ...]:
    with TERRITORIES.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return tuple(
        row["territory_code"]
        for row in rows
        if row["territory_level"] == "departement" and row["region_code"] == region
    )


def project_relations(figures: dict[str, Figure]) -> list[Relation]:
    """The project's relations on these figures, groups spelled out."""
    relations = []
    for one in _written():
        terms = []
        for term in one.terms:
            for reference in _spelled_out(term.reference):
                known = figures.get(reference)
                terms.append(Term(term.side, term.coefficient, known, reference, known.label if known else reference))
        relations.append(Relation(one.relation_id, one.operator, tuple(terms)))  # type: ignore[arg-type]
    return relations


@cache
def _written() -> list[WrittenRelation]:
    written, rejects = read_relations(RAW)
    assert not rejects
    return written


@cache
def _spelled_out(reference: str) -> list[str]:
    prefix, group, region = reference.partition(":departements@")
    return [f"{prefix}:departement-{code}" for code in departements(region)] if group else [reference]


def investigate(figures: dict[str, Figure]) -> tuple[Investigation, dict[str, Relation]]:
    relations = project_relations(figures)
    return Investigation(relations, Figures.of(list(figures.values()))), {one.relation_id: one for one in relations}
