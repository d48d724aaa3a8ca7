"""From a figure to its line and its relations, and back; and the register one could send to the report's author."""

import pytest

from dagster_project.errata_report import errata_lines, errata_markdown
from dagster_project.errors import WrongUseError
from dagster_project.explain import explain
from dagster_project.query import open_release, rows_of
from dagster_project.settings import Settings


def explained(settings: Settings, name: str) -> str:
    return "\n".join(explain(settings, name)).replace("\u202f", " ")


def test_a_figure_leads_to_its_line_and_its_relations(published: Settings) -> None:
    said = explained(published, "l1410-prime-activite")
    assert "imprimé « 303 270 », ligne 1410" in said
    assert "drees-2018-12-prime-activite : ÉCART" in said
    assert "Pyrénées-Orientales » (30 430)" in said


def test_a_relation_leads_back_to_its_figures(published: Settings) -> None:
    said = explained(published, "credits-2021-total")
    assert "écart -390 949" in said
    assert "[dreets_occitanie/2021:l354-total-2021]" in said
    assert "Erratum occitanie-2021-03" in said


def test_what_a_person_wrote_is_labelled_as_such(published: Settings) -> None:
    with open_release(published) as connection:
        noted = rows_of(connection, "select relation_id, note_fr from marts.reconciliation where note_fr is not null")
    assert noted
    for relation in noted:
        said = explained(published, relation["relation_id"])
        assert f"Note (écrite par une personne) : {relation['note_fr']}" in said


def test_a_producers_figure_is_explained_too(published: Settings) -> None:
    said = explained(published, "drees/monthly_benefits:prime_activite_recipients:2018-12:departement-66")
    assert "drees-2018-12-prime-activite" in said


def test_an_unknown_name_says_what_is_close(published: Settings) -> None:
    with pytest.raises(WrongUseError, match="credits-2021-total"):
        explained(published, "credit-2021-total")


def test_the_register_says_what_each_entry_changes(published: Settings) -> None:
    lines = list(errata_lines(published))
    assert any("occitanie-2021-03" in line and "390 949" in line for line in lines)
    assert any("sans elle, rien ne serait publié" in line for line in lines)


def test_the_letter_to_the_author_holds_every_entry_and_its_lines(published: Settings) -> None:
    letter = "\n".join(errata_markdown(published))
    with open_release(published) as connection:
        waived = rows_of(connection, "select description_fr from marts.reconciliation where waiver_id is not null")
    assert letter.count("\n## ") == len(waived)
    assert all(f"## {relation['description_fr']}" in letter for relation in waived)
    assert "ligne 354 : « 32 963 233 »" in letter
