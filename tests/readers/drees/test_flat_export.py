"""The flat export of DREES: an invented one in its layout, the genuine workbook's cells in it, and planted faults."""

import csv
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.drees.flat_export import LAYOUTS
from dagster_project.readers.drees.monthly_workbook import LAYOUTS as WORKBOOK_LAYOUTS
from dagster_project.readers.nomenclature import names
from tests.readers.drees.workbook import DATA, is_accounted_for, places, read

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "Données mensuelles des prestations de solidarité.xlsx"
HEADER = [
    "mois",
    "serie",
    "nom_serie",
    "region",
    "nom_region",
    "departement",
    "nom_departement",
    "valeur",
    "maturite",
    "unite",
    "commentaire",
]
SERIES = {
    "rsa_recipients": ("RSA_beneficiaires", "Nombre de foyers allocataires du RSA"),
    "aah_recipients": ("AAH_beneficiaires", "Nombre d'allocataires de l'AAH"),
    "ass_recipients": ("ASS_beneficiaires", "Nombre d'allocataires de l'ASS"),
    "prime_activite_recipients": ("PPA_beneficiaires", "Nombre de foyers allocataires de la prime d'activité"),
    "aides_logement_recipients": ("AL_beneficiaires", "Nombre de foyers allocataires d'une aide au logement"),
    "garantie_jeunes_recipients": ("GJ_beneficiaires", "Nombre de bénéficiaires de la Garantie jeunes (stocks)"),
    "garantie_jeunes_entries": ("GJ_entrees", "Nombre d'entrées initiales dans la Garantie jeunes"),
}
MONTHS = ("2023-11", "2023-12", "2024-01")
Lines = list[dict[str, str]]


def _line(indicator: str, month: str, value: object, maturity: str, departement: str = "NA") -> dict[str, str]:
    serie, nom_serie = SERIES[indicator]
    name = names("departement").get(departement, "NA")
    values = (month, serie, nom_serie, "NA", "NA", departement, name, str(value), maturity, "allocataires", "")
    return dict(zip(HEADER, values, strict=True))


def invented() -> Lines:
    lines = []
    codes = sorted(names("departement"))
    for order, indicator in enumerate(list(SERIES)[:5]):
        for at, month in enumerate(MONTHS):
            maturity = ("définitif", "semi-définitif", "provisoire")[at]
            counts = [2000 + 500 * order + 130 * place + 20 * at for place in range(len(codes))]
            lines += [_line(indicator, month, count, maturity, code) for code, count in zip(codes, counts, strict=True)]
            lines.append(_line(indicator, month, round(sum(counts), -2), maturity))
    return lines


def write(path: Path, lines: Lines, header: list[str] = HEADER, encoding: str = "utf-8-sig", end: str = "\r\n") -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, header, delimiter=";", lineterminator=end)
        writer.writeheader()
        writer.writerows(lines)
    return path


def test_an_invented_export_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "export.csv", invented())
    reading = read(LAYOUT, path)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2024-01"
    assert not places(reading)
    assert is_accounted_for(reading)
    rows = reading.connection.execute(
        "select obs_status, marker, unit, printed_step::integer, count(*) from reading "
        "where indicator_code = 'rsa_recipients' group by all order by all"
    ).fetchall()
    assert rows == [
        ("A", None, "household", 10, 101),
        ("A", None, "household", 100, 1),
        ("P", "*", "household", 10, 101),
        ("P", "*", "household", 100, 1),
        ("P", "semi-définitif", "household", 10, 101),
        ("P", "semi-définitif", "household", 100, 1),
    ]


@pytest.mark.skipif(not GENUINE.exists(), reason="fichier authentique de la DREES absent")
def test_the_cells_of_the_genuine_workbook_read_back_the_same(tmp_path: Path) -> None:
    workbook = read(WORKBOOK_LAYOUTS[0], GENUINE)
    workbook.flush()
    columns = "indicator_code, territory_level, territory_code, period_code, value::bigint, unit, printed_step::integer"
    cells = workbook.connection.execute(f"select {columns} from reading where value is not null").fetchall()
    lines = [
        _line(indicator, month, value, "définitif", code if level == "departement" else "NA")
        for indicator, level, code, month, value, _, _ in cells
    ]
    flat = read(LAYOUT, write(tmp_path / "export.csv", lines))
    assert not places(flat)
    assert set(flat.connection.execute(f"select {columns} from reading").fetchall()) == set(cells)


def _students(lines: Lines) -> None:
    lines.append(lines[0] | {"serie": "repas_1_euro", "nom_serie": "Repas à 1 euro", "region": "76"})


Change = Callable[[Lines], object]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda lines: lines.reverse(), id="rows in another order"),
        pytest.param(lambda lines: lines[0].update(departement="1"), id="lost zero that changes nothing"),
        pytest.param(lambda lines: lines[0].update(valeur="2000.0"), id="a float"),
        pytest.param(lambda lines: lines[0].update(valeur=""), id="not published"),
        pytest.param(lambda lines: lines[0].update(nom_departement=" Ain "), id="blanks"),
        pytest.param(
            lambda lines: [line.update(region="", departement=line["departement"].replace("NA", "")) for line in lines],
            id="empty for NA",
        ),
        pytest.param(_students, id="students"),
    ],
)
def test_harmless_variants_are_read(tmp_path: Path, change: Change) -> None:
    lines = invented()
    change(lines)
    reading = read(LAYOUT, write(tmp_path / "export.csv", lines))
    assert not places(reading)
    assert is_accounted_for(reading)


@pytest.mark.parametrize(("encoding", "end"), [("utf-8", "\n"), ("utf-8", "\r\n"), ("utf-8-sig", "\n")])
def test_columns_in_any_order_and_any_line_end(tmp_path: Path, encoding: str, end: str) -> None:
    reading = read(LAYOUT, write(tmp_path / "export.csv", invented(), HEADER[::-1], encoding, end))
    assert not places(reading)
    assert reading.cells_kept == 5 * 3 * 102


def test_an_unpublished_value_is_not_zero(tmp_path: Path) -> None:
    lines = invented()
    lines[0]["valeur"] = ""
    reading = read(LAYOUT, write(tmp_path / "export.csv", lines))
    assert reading.cells_set_aside == 1
    assert reading.connection.execute("select count(*) from reading where value = 0").fetchone() == (0,)


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        pytest.param(lambda lines: lines[0].update(mois="2023-13"), 2, "A", id="month 13"),
        pytest.param(lambda lines: lines[0].update(valeur="12.5"), 2, "H", id="half a person"),
        pytest.param(lambda lines: lines[0].update(valeur="2 000"), 2, "H", id="separator"),
        pytest.param(lambda lines: lines[0].update(valeur="-10"), 2, "H", id="negative"),
        pytest.param(lambda lines: lines[0].update(departement="99"), 2, "F", id="unknown département"),
        pytest.param(lambda lines: lines[0].update(nom_departement="Aude"), 2, "G", id="code and name"),
        pytest.param(
            lambda lines: lines[0].update(nom_serie="Allocation nouvelle", serie="X"), 2, "C", id="unknown series"
        ),
        pytest.param(
            lambda lines: lines[0].update(nom_serie="Nombre d'allocataires de l'AAH"),
            2,
            "C",
            id="code and name of a series",
        ),
        pytest.param(lambda lines: lines[0].update(maturite="incertain"), 2, "I", id="unknown status"),
        pytest.param(lambda lines: [line.update(unite="%") for line in lines[:306]], 2, "J", id="foreign unit"),
        pytest.param(lambda lines: lines.insert(0, lines[0]), 3, "A", id="row twice"),
        pytest.param(lambda lines: lines.pop(5), None, None, id="a département lost"),
        pytest.param(lambda lines: lines.__delitem__(slice(204, 306)), None, None, id="last month lost"),
        pytest.param(lambda lines: lines.__delitem__(slice(0, 306)), None, None, id="a series lost"),
        pytest.param(lambda lines: lines[106].update(valeur="25500"), 108, "H", id="ten times"),
        pytest.param(lambda lines: lines[203].update(valeur="85640"), 205, "H", id="national count ten times off"),
        pytest.param(lambda lines: lines[50].update(valeur="11000"), 52, "H", id="a few thousand too many"),
    ],
)
def test_faults_are_refused_or_pointed_at(tmp_path: Path, change: Change, row: int | None, column: str | None) -> None:
    lines = invented()
    change(lines)
    reading = read(LAYOUT, write(tmp_path / "export.csv", lines))
    assert (None, row, column) in places(reading)


def test_a_column_that_is_missing_or_unknown_is_refused(tmp_path: Path) -> None:
    header = ["extra" if name == "maturite" else name for name in HEADER]
    lines = [{"extra" if name == "maturite" else name: text for name, text in line.items()} for line in invented()]
    path = write(tmp_path / "export.csv", lines, header)
    assert LAYOUT.recognise(path).missing == ("maturite",)
    assert {one.column for one in read(LAYOUT, path).rejects} == {"maturite", "extra"}


def test_a_line_cut_short_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "export.csv", invented())
    path.write_bytes(path.read_bytes()[:-60])
    assert read(LAYOUT, path).rejects


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=300).flatmap(lambda tail: st.sampled_from([tail, ";".join(HEADER).encode() + b"\n" + tail])))
def test_any_bytes_are_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.csv"
        path.write_bytes(content)
        LAYOUT.recognise(path)
        LAYOUT.edition(path)
        assert read(LAYOUT, path).rejects
