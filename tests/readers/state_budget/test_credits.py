"""Credits of the bill and of the act: invented files in the layouts of several years, and planted faults."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.state_budget.credits import LAYOUTS
from tests.readers.state_budget.reading_of import pointed, read, told

LAYOUT = LAYOUTS[0]
NAME = "plf25-depenses-2025-du-bg-et-des-ba-selon-nomenclatures-destination-et-nature.csv"
# Field names of data.economie.gouv.fr in 2024 and 2025.
BILL = """\
type_mission;mission;code_mission;programme;libelle_programme;action;libelle_action;sous_action;libelle_sousaction;\
categorie;code_titre;ae_plf;cp_plf;ae_prev_fdc_adp;cp_prev_fdc_adp;ministere
BG;Solidarité;SA;304.0;Inclusion sociale;11;Prime d'activité;;;61.0;6;11300000000;11300000000;0;0;Solidarités
BG;Solidarité;SA;304.0;Inclusion sociale;19;Pacte;01;Enfance;63.0;6;120000000;110000000,5;0;0;Solidarités
BG;Solidarité;SA;304.0;Inclusion sociale;19;Pacte;02;Emploi;21.0;2;1500000;1500000;0;;Solidarités
BG;Santé;SB;204.0;Prévention;11;Pilotage;;;31.0;3;5000000;4000000;0;0;Santé
"""
HEADER = BILL.partition("\n")[0]
# Column labels of 2021 and 2022: staff, the rest, and both, proposed and voted.
ACT = """\
Type Mission;Mission;Code Mission;Programme;Libellé Programme;Action;Libellé Action;AE T2 PLF;AE HT2 PLF;\
AE ( T2 + HT2) LFI;CP T2 PLF;CP HT2 PLF;CP ( T2 + HT2) LFI
BG;Solidarité;SA;304;Inclusion sociale;19;Pacte;1700000;210000000;211700000;1700000;210000000;212000000
"""


def test_bill(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, BILL.encode("utf-8-sig"), NAME)
    assert told(reading) == []
    assert LAYOUT.recognise(tmp_path / NAME).is_certain and LAYOUT.edition(tmp_path / NAME).label == "2025"
    assert reading.cells_read == reading.cells_kept == 15
    assert reading.connection.execute(
        "select indicator_code, population_group, territory_level, territory_code, period_code, value, unit, "
        "source_row, source_column from reading where population_group like 'programme_304_action_19_sous_action_01%' "
        "order by source_column limit 2"
    ).fetchall() == [
        (f"state_budget_{kind}_plf", "programme_304_action_19_sous_action_01_categorie_63".replace(
            "_categorie", "_titre_6_categorie"), "country", "FR", "2025", value, "eur", 3, column)
        for kind, value, column in (("ae", Decimal(120000000), "L"), ("cp", Decimal("110000000.5"), "M"))
    ]  # fmt: skip


def test_act(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, ACT.encode(), "LFI2022_detaillee.csv")
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 6
    assert reading.connection.execute(
        "select indicator_code, population_group, value, period_code from reading where source_column in ('H', 'J') "
        "order by source_column"
    ).fetchall() == [
        ("state_budget_ae_plf", "programme_304_action_19_titre_2", 1700000, "2022"),
        ("state_budget_ae_lfi", "programme_304_action_19", 211700000, "2022"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        BILL.replace("\n", "\r\n"),
        BILL + "\n" + ";" * 15 + "\n",
        BILL.replace("304.0", "304").replace("61.0", "61"),
        "\n".join(";".join(line.split(";")[::-1]) for line in BILL.splitlines()),
        BILL.replace("11300000000", "11 300 000 000"),
    ],
)
def test_harmless_variants(tmp_path: Path, text: str) -> None:
    reading = read(LAYOUT, tmp_path, text.encode(), NAME)
    assert told(reading) == []
    assert reading.cells_kept == 15


@pytest.mark.parametrize(
    ("old", "new", "row", "column"),
    [
        ("304.0;Inclusion sociale;11", "30.0;Inclusion sociale;11", 2, "D"),
        ("61.0;6", "61.5;6", 2, "J"),
        ("61.0;6", "61.0;3", 2, "J"),
        (";11300000000;11300000000;", ";x;11300000000;", 2, "L"),
        (";11300000000;11300000000;", ";11300000000;-11300000000;", 2, "M"),
        (";11300000000;11300000000;", ";11300000000000;11300000000;", 2, "L"),
        (";1500000;1500000;", ";15000000;1500000;", 4, "L"),
        (";02;Emploi;21.0;2;", ";01;Enfance;63.0;6;", 4, "D"),
        ("cp_plf", "cp_plv", 1, "M"),
        ("cp_plf", "ae_plf", 1, "M"),
        (";0;0;Santé", ";0", 5, None),
    ],
)
def test_faults_are_pointed_at(tmp_path: Path, old: str, new: str, row: int, column: str | None) -> None:
    assert old in BILL
    reading = read(LAYOUT, tmp_path, BILL.replace(old, new).encode(), NAME)
    assert (row, column) in pointed(reading), told(reading)


def test_the_year_must_be_known(tmp_path: Path) -> None:
    assert any("l'année" in message for message in told(read(LAYOUT, tmp_path, BILL.encode(), "credits.csv")))


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(lambda text: (HEADER + "\n" + text).encode())))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    assert read(LAYOUT, tmp_path, content, NAME).rejects
