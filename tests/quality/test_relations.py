"""The written form of relations, and what is refused in it."""

from fractions import Fraction
from pathlib import Path

import pytest

from dagster_project.quality.reconcile import Relation
from dagster_project.quality.relations import RelationSyntaxError, parse_relation, read_relations
from dagster_project.readers.table import Row
from tests.quality.figures import RAW, project_figures, project_relations
from tests.quality.perturb import insensitive_terms


def row(operator: str, left: str, right: str = "t") -> Row:
    texts = {"relation_id": "r", "severity": "error", "description_fr": "d", "note_fr": None}
    return {**texts, "operator": operator, "left": left, "right": right, "row_number": 2}


def test_terms_keep_side_sign_and_coefficient() -> None:
    relation = parse_relation(row("sum", "a - 1/12*b"), "p/2031")
    assert [(term.side, term.coefficient, term.reference) for term in relation.terms] == [
        ("left", Fraction(1), "p/2031:a"),
        ("left", Fraction(-1, 12), "p/2031:b"),
        ("right", Fraction(1), "p/2031:t"),
    ]


def test_a_growth_goes_from_its_base() -> None:
    relation = parse_relation(row("growth", "before -> after"), "p/2031")
    assert {(term.side, term.reference) for term in relation.terms} == {
        ("base", "p/2031:before"), ("left", "p/2031:after"), ("right", "p/2031:t"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("operator", "left", "right"),
    [
        ("sum", "a +", "t"),
        ("sum", "a b", "t"),
        ("sum", "a * b", "t"),
        ("sum", "a + b", ""),
        ("same", "t", "t"),
        ("ratio", "a", "t"),
        ("complete", "x:departements@76", "t"),
        ("sum", "a + 1/0*b", "t"),
        ("within", "a", "t + u"),
        ("within", "a", "1/2*t"),
        ("within", "a", "x:departements@76"),
    ],
)
def test_what_cannot_be_read_is_refused(operator: str, left: str, right: str) -> None:
    with pytest.raises(RelationSyntaxError):
        parse_relation(row(operator, left, right), "p/2031")


def test_a_repeated_relation_is_refused_by_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "p" / "reconciliation" / "2031"
    folder.mkdir(parents=True)
    header = "relation_id,operator,left,right,severity,description_fr,note_fr\n"
    (folder / "relations.csv").write_text(header + "a,sum,x + y,t,error,d,\nb,sum,x + y,t,error,d,\n")
    relations, rejects = read_relations(tmp_path)
    assert [relation.relation_id for relation in relations] == ["a"]
    assert "ligne 3" in rejects[0].message
    assert "ne répète pas a" in rejects[0].message


def test_every_relation_of_the_project_names_figures_that_exist() -> None:
    relations, rejects = read_relations(RAW)
    assert not rejects
    unknown = {
        term.reference
        for relation in project_relations(project_figures())
        for term in relation.terms
        if term.figure is None and term.reference != "?"
    }
    assert not unknown
    assert len(relations) == len({relation.relation_id for relation in relations})


@pytest.mark.parametrize("relation", project_relations(project_figures()), ids=lambda relation: relation.relation_id)
def test_perturbing_any_term_changes_the_verdict(relation: Relation) -> None:
    """No filler: a figure that could be anything without the relation noticing does not belong in it."""
    assert not insensitive_terms(relation)
