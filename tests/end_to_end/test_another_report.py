"""Another report, of another region and a year that is not yet: loaded as data, without a line of code or schema."""

import csv
from pathlib import Path

import pytest

from dagster_project.check_transcription import check_text
from dagster_project.new_report import NewReport, scaffold_report
from dagster_project.query import open_release, rows_of
from dagster_project.runner import run_refresh
from dagster_project.seal import seal_edition
from dagster_project.settings import Settings

TEXT = """Bilan 2031 de la Bretagne
AXE 7 : LOGER D'ABORD
La région compte 120 places ouvertes : 70 en Ille-et-Vilaine et 50 dans le Finistère.
Contrats locaux des solidarités, en euros
Rennes Métropole 1 250 000
Ille-et-Vilaine 2 400 000,50
Total 3 650 000,50
Le 12 mai, une conférence a réuni 80 personnes.
"""
COMMON = {"axis": "7", "measure": "LOGER D'ABORD", "unit": "place", "qualifier": "exact", "statement": "result"}
PLACES = {**COMMON, "period_label": "2031", "period_start": "2031-01-01", "period_end": "2031-12-31", "obs_status": "A"}
REGION = {"territory_level": "region", "territory_code": "53", "territory_label": "Bretagne"}
IN_35 = {"territory_level": "departement", "territory_code": "35", "territory_label": "Ille-et-Vilaine"}
IN_29 = {"territory_level": "departement", "territory_code": "29", "territory_label": "Finistère"}
METROPOLE = {"territory_level": "epci", "territory_code": "243500139", "territory_label": "Rennes Métropole"}
CONTRACT = {"year": "2031", "stage": "contracted", "instrument": "contrats_locaux_solidarites", "funder": "etat"}
TABLES = {
    "report_key_figures/2031/figures.csv": [
        PLACES | REGION | {"figure_id": "l3-places", "label_fr": "Places", "value": "120", "source_line": "3"},
        PLACES | IN_35 | {"figure_id": "l3-places-35", "label_fr": "Places", "value": "70", "source_line": "3"},
        PLACES | IN_29 | {"figure_id": "l3-places-29", "label_fr": "Places", "value": "50", "source_line": "3"},
    ],
    "report_contracts/2031/lines.csv": [
        CONTRACT | METROPOLE | {
            "figure_id": "l5-rennes", "line_order": "1", "line_code": "rennes", "parent_line_code": "total",
            "level": "1", "is_total": "false", "action": "Rennes Métropole", "signatory_type": "metropole",
            "signatory_name": "Rennes Métropole", "amount_eur": "1250000", "printed_text": "1 250 000",
            "source_line": "5",
        },
        CONTRACT | IN_35 | {
            "figure_id": "l6-ille-et-vilaine", "line_order": "2", "line_code": "departement_35",
            "parent_line_code": "total", "level": "1", "is_total": "false", "action": "Ille-et-Vilaine",
            "signatory_type": "departement", "signatory_name": "Conseil départemental d'Ille-et-Vilaine",
            "amount_eur": "2400000.50", "printed_text": "2 400 000,50", "source_line": "6",
        },
        CONTRACT | REGION | {
            "figure_id": "l7-contrats", "line_order": "3", "line_code": "total", "level": "0", "is_total": "true",
            "action": "Total", "amount_eur": "3650000.50", "printed_text": "3 650 000,50", "source_line": "7",
        },
    ],
    "report_measures/2031/measures.csv": [
        {
            "measure_id": "a7", "axis": "7", "measure_order": "1", "level": "0", "heading": "LOGER D'ABORD",
            "under_calpae": "false", "source_line": "2",
        },
    ],
    "report_governance/2031/governance.csv": [
        {
            "body_id": "conference", "kind": "conference", "name": "Conférence régionale", "participants": "80",
            "held_on": "2031-05-12", "status": "completed", "description_fr": "Réunion annuelle.", "source_line": "8",
        },
    ],
    "reconciliation/2031/relations.csv": [
        {
            "relation_id": "bretagne-places", "operator": "sum", "left": "l3-places-35 + l3-places-29",
            "right": "l3-places", "severity": "error",
            "description_fr": "Les places de la région sont celles de ses départements",
        },
        {
            "relation_id": "bretagne-contrats", "operator": "sum", "left": "l5-rennes + l6-ille-et-vilaine",
            "right": "l7-contrats", "severity": "error", "description_fr": "Le total est la somme des signataires",
        },
    ],
    "reconciliation/2031/exceptions.csv": [
        {"source_line": "1", "token": "2031", "reason": "année du rapport"},
        {"source_line": "2", "token": "7", "reason": "numéro d'axe"},
        {"source_line": "8", "token": "12", "reason": "date"},
        {"source_line": "8", "token": "80", "reason": "participants, dans governance.csv"},
    ],
}  # fmt: skip


def fill(file: Path, rows: list[dict[str, str]]) -> None:
    with file.open(encoding="utf-8", newline="") as content:
        names = next(csv.reader(content))
    with file.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(row | ({"printed_text": row["value"]} if "value" in row else {}) for row in rows)


@pytest.fixture
def brittany(whole_workshop: Settings, tmp_path: Path) -> tuple[Settings, Path]:
    """What the procedure of raw/README.md asks a person to do."""
    text = tmp_path / "bilan-2031.txt"
    text.write_text(TEXT, encoding="utf-8")
    report = NewReport("dreets_bretagne", "2031", "53", "Bilan 2031 de la Bretagne", text)
    assert "bilan seal" in "\n".join(scaffold_report(whole_workshop.raw, report))
    own = whole_workshop.raw / report.publisher
    for name, rows in TABLES.items():
        fill(own / name, rows)
    for unused in ("report_credits", "report_local_actions"):
        for path in sorted((own / unused).rglob("*"), reverse=True):
            path.unlink() if path.is_file() else path.rmdir()
        (own / unused).rmdir()
    for sidecar in own.glob("*/2031/edition.yml"):
        list(seal_edition(sidecar.parent))
    return whole_workshop, text


def test_another_report_is_data(brittany: tuple[Settings, Path]) -> None:
    settings, text = brittany
    assert check_text(settings.raw, text).startswith("6 chiffres transcrits")
    assert "publiée" in run_refresh(settings, tell=lambda line: None).message
    with open_release(settings) as marts:
        figures = rows_of(marts, "select figure_id from marts.key_figure where report = 'dreets_bretagne/2031'")
        assert len(figures) == 6
        (signed,) = rows_of(marts, "select * from marts.contracted_amount where territory_code = '243500139'")
        assert (signed["signatory_type"], signed["amount_eur"], signed["region_code"]) == ("metropole", 1250000, "53")
        judged = "select relation_id, verdict from marts.reconciliation where relation_id like 'bretagne-%' order by 1"
        assert {row["verdict"] for row in rows_of(marts, judged)} == {"exact"}
        (measure,) = rows_of(marts, "select axis from marts.measure where report = 'dreets_bretagne/2031'")
        assert measure["axis"] == 7
        (held,) = rows_of(marts, "select participants from marts.governance_body where report = 'dreets_bretagne/2031'")
        assert held["participants"] == 80
        told = "select value from marts.territory_profile where territory_code = '35' and unit = 'place'"
        assert [row["value"] for row in rows_of(marts, told)] == [70]
        before = rows_of(marts, "select count(*) as n from marts.key_figure where report = 'dreets_occitanie/2021'")
        assert before[0]["n"] == 755


def test_the_same_report_is_not_prepared_twice(brittany: tuple[Settings, Path]) -> None:
    from dagster_project.errors import WrongUseError

    settings, text = brittany
    with pytest.raises(WrongUseError, match="existe déjà"):
        list(scaffold_report(settings.raw, NewReport("dreets_bretagne", "2031", "53", "x", text)))
