"""Execution of the State budget: three invented annexes that agree, the genuine ones, and planted faults."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.state_budget.execution import LAYOUTS
from tests.readers.state_budget.reading_of import DATA, pointed, read, told

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "budget" / "plrg_execution_missions_sample.csv"
MISSIONS = """\
#### Annexe1-Etat_AE_CP-2023.csv
Mission;AE_Ouvertes;AE_Consommees;CP_Ouverts;CP_Consommes
Solidarité;5000;4800;4450,5;4200,5
Santé;1,2E+9;1,1E+9;1200000000;1100000000
"""
PROGRAMMES = """\
#### Annexe1-Etat_CP-2023.csv
Mission;Programme;Titre;LFI;LFR;Report_N-1;Mvts_reglementaires;FDC_et_ADP;Fongibilite_asymetrique;Total_CP_Ouverts;\
Depenses_constatees;Modif_Ouvertures;Modif_Annulations;Report_N+1
Solidarité;Inclusion sociale - 304;Titre 2 - Dépenses de personnel;400;50;0;0;0;0;450;300;0;150;0
Solidarité;Inclusion sociale - 304;Autres titres - Autres dépenses;3900;100;50,5;-50;0;0;4000,5;3900,5;0;60;40
Santé;Prévention - 204;Autres titres - Autres dépenses;1200000000;0;0;0;0;0;1200000000;1100000000;0;100000000;0
"""
CATEGORIES = """\
#### Annexe1-Etat_Titre_Cat-2023.csv
Mission;Programme;Titre;Categorie;Depenses
Solidarité;Inclusion sociale - 304;Titre 2;21;300
Solidarité;Inclusion sociale - 304;Titre 3;31;900,5
Solidarité;Inclusion sociale - 304;Titre 6;61;3000
Santé;Prévention - 204;Titre 6;64;1100000000
"""
WHOLE = MISSIONS + PROGRAMMES + CATEGORIES


def test_the_genuine_annexes(tmp_path: Path) -> None:
    if not GENUINE.exists():
        pytest.skip("the genuine file is not beside the project")
    reading = read(LAYOUT, tmp_path, GENUINE.read_bytes(), GENUINE.name)
    assert LAYOUT.recognise(GENUINE).is_certain and LAYOUT.edition(GENUINE).label == "2025"
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 66 * 4 + (185 + 177) * 11 + 865 + 855
    assert reading.connection.execute(
        "select value, printed_step from reading where printed_text = '1,44146E+11' limit 1"
    ).fetchone() == (144_146_000_000, 1_000_000)


def test_every_cell_is_kept(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, WHOLE.encode(), "plrg.csv")
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 8 + 33 + 4
    assert reading.connection.execute(
        "select indicator_code, population_group, value, period_code, source_row, source_column from reading "
        "where source_row in (2, 3, 8, 13) order by source_row, source_column limit 5"
    ).fetchall()[:2] == [
        ("state_budget_ae_opened", "mission_solidarite", Decimal(5000), "2023", 3, "B"),
        ("state_budget_ae_executed", "mission_solidarite", Decimal(4800), "2023", 3, "C"),
    ]
    groups = {group for (group,) in reading.connection.execute("select population_group from reading").fetchall()}
    assert {"programme_304_titre_2", "programme_304_hors_titre_2", "programme_304_titre_6_categorie_61"} <= groups


@pytest.mark.parametrize(
    ("text", "name", "cells"),
    [
        (WHOLE.replace("\n", "\r\n"), "plrg.csv", 45),
        ("\ufeff" + WHOLE + "\n\n;;;;\n", "plrg.csv", 45),
        (PROGRAMMES.split("\n", 1)[1], "Annexe1-Etat_CP-2023.csv", 33),
        (CATEGORIES.replace("2023", "2024"), "plrg.csv", 4),
        (WHOLE + WHOLE.replace("2023", "2024"), "plrg.csv", 90),
        (MISSIONS.replace("AE_Ouvertes;AE_Consommees", "AE_Consommees;AE_Ouvertes")
         .replace("5000;4800", "4800;5000").replace("1,2E+9;1,1E+9", "1,1E+9;1,2E+9"), "plrg.csv", 8),
    ],
)  # fmt: skip
def test_harmless_variants(tmp_path: Path, text: str, name: str, cells: int) -> None:
    reading = read(LAYOUT, tmp_path, text.encode(), name)
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == cells


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        (";400;50;", ";4000;50;", 7, "J"),
        (";450;300;", ";450;3000;", 7, "K"),
        (";450;300;", ";4500;300;", 7, "J"),
        ("Titre 6;61;3000", "Titre 6;61;30000", 14, "E"),
        ("Titre 6;61;3000", "Titre 6;61;3500", 8, "K"),
        ("4450,5;4200,5", "4450,5;42005", 3, "E"),
        ("4450,5;4200,5", "4450,5", 3, None),
        ("5000;4800", "4800;5000", 3, "C"),
        ("5000;4800", "x;4800", 3, "B"),
        ("Inclusion sociale - 304;Titre 2;21", "Inclusion sociale;Titre 2;21", 12, "B"),
        ("Titre 6;61", "Titre 8;61", 14, "B"),
        ("AE_Ouvertes", "AE_Ouvert", 2, None),
        ("Annexe1-Etat_AE_CP-2023", "Annexe1-Etat_AE_CP", 2, None),
        ("Santé;1,2E+9;1,1E+9;1200000000;1100000000\n", "", 8, "A"),
        ("Solidarité;Inclusion sociale - 304;Titre 3;31;900,5\n", "", 8, "K"),
        ("204;Titre 6;64;1100000000\n", "204;Titre 6;64;1100000000\nSanté;Prévention - 204;Titre 6;64;1\n", 16, "A"),
        ("1100000000;0;100000000;0\n", "1100000000;0;1000", 9, None),
    ],
)  # fmt: skip
def test_faults_are_pointed_at(tmp_path: Path, old: str, new: str, row: int, column: str | None) -> None:
    assert old in WHOLE
    reading = read(LAYOUT, tmp_path, WHOLE.replace(old, new).encode(), "plrg.csv")
    assert (row, column) in pointed(reading), told(reading)


@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=100).map(lambda text: (MISSIONS.split("\n", 2)[0] + "\n" + text).encode()),
    )
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    assert read(LAYOUT, tmp_path, content, "any.csv").rejects


def test_recognition_is_of_this_family_only(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("Mission;Programme;Action;AE_PLF\n")
    assert not LAYOUT.recognise(path).is_certain
