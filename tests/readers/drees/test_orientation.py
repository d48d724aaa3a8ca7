"""OARSA: the genuine workbook, an invented later one, and what must be refused or pointed at."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.readers.drees.monthly_workbook import LAYOUTS as MONTHLY_LAYOUTS
from dagster_project.readers.drees.orientation import INDICATORS, LAYOUTS
from dagster_project.readers.nomenclature import names
from tests.readers.drees.workbook import DATA, Rows, is_accounted_for, load, places, read, write

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "OARSA – Principaux indicateurs de 2015 à 2018.xlsx"
needs_genuine = pytest.mark.skipif(not GENUINE.exists(), reason="fichier authentique de la DREES absent")
Sheets = dict[str, Rows]
SHARE = "Part au 31/12 de l'année des personnes orientées"
AMONG = "parmi les personnes soumises aux droits et devoirs"
TITLES = {
    "Tableau B1": f"{SHARE} {AMONG}",
    "Tableau B7": f"{SHARE} vers France Travail {AMONG} et orientées",
    "Tableau B8": f"{SHARE} vers un organisme du SPE autre que France Travail {AMONG} et orientées",
    "Tableau B9": f"{SHARE} vers le conseil départemental ou territorial {AMONG} et orientées",
    "Tableau B3": f"{SHARE} vers un organisme hors SPE autre que le conseil départemental ou territorial {AMONG}",
    "Tableau B4": "Délai moyen au cours de l'année entre la date d'entrée dans le RSA et la date de primo-orientation, "
    "pour les personnes entrées dans le RSA",
}
SHARES = {"Tableau B7": 40, "Tableau B8": 5, "Tableau B9": 35, "Tableau B3": 20}


def invented() -> Sheets:
    """A later edition, Alsace in one; fewer tables, in another order."""
    rows = {code: f"{code}-{name} " for code, name in names("departement").items() if code not in "67 68 69 2A 2B"}
    rows |= {"20": "20-Corse ", "67A": "67A-Alsace", "69D": "69D-Nouveau-Rhône", "69M": "69M-Métropole-de-Lyon"}
    years = [2021.0, 2022.0, 2023.0]
    sheets: Sheets = {"Présentation": [["", "OARSA"]]}
    sheets["Tableau A1"] = [
        [],
        ["", "Tableau A1 - Principaux indicateurs nationaux"],
        [],
        ["", "", "", *years],
        ["", f"Part (en %) au 31/12 de l'année des personnes orientées {AMONG} ", "", 80, 82, 83],
        [
            "",
            f"Part (en %) au 31/12 de l'année, {AMONG} et orientées, des personnes orientées …",
            "… vers France Travail",
            41,
            42,
            43,
        ],
        ["", "", "… vers le conseil départemental ou territorial", 34, 34, 34],
        [
            "",
            "Délai moyen (en jours) entre la date d'entrée dans le RSA et la date de primo-orientation",
            "",
            "/ ",
            90,
            91,
        ],
    ]
    for sheet, title in TITLES.items():
        unit = "En jours" if "Délai" in title else "En %"
        table: Rows = [[], ["", f"{sheet} - {title}"], ["", "Champ : France entière."], ["", unit]]
        table.append(["", "Département/territoire", *years])
        for place, label in enumerate(rows.values()):
            base = SHARES.get(sheet, 80 if unit == "En %" else 90)
            shift = {"Tableau B7": place % 7, "Tableau B9": -(place % 7)}.get(sheet, place % 5)
            shift = 0 if sheet in ("Tableau B8", "Tableau B3") else shift
            drift = (0, 1, 2) if sheet not in SHARES else (0, 0, 0)
            table.append(["", label, *[base + shift + one for one in drift]])
        table[7][2:5] = ["NR ", "ND", "/ "]
        sheets[sheet] = table
    for at, (first, second) in enumerate((("Tableau B7", "Tableau B9"),)):
        sheets[first][6 + at][3] = int(sheets[first][6 + at][3]) + 1  # type: ignore[arg-type]
        sheets[second][6 + at][3] = int(sheets[second][6 + at][3]) - 1  # type: ignore[arg-type]
    for sheet in ("Tableau B8", "Tableau B3"):
        for row, step in ((10, 1), (11, 1)):
            sheets[sheet][row][4] = int(sheets[sheet][row][4]) + (step if sheet == "Tableau B8" else -step)  # type: ignore[arg-type]
            sheets[sheet][row][3] = int(sheets[sheet][row][3]) + (-step if sheet == "Tableau B8" else step)  # type: ignore[arg-type]
    for sheet, step in (("Tableau B7", 1), ("Tableau B9", -1)):
        sheets[sheet][9][4] = int(sheets[sheet][9][4]) + step  # type: ignore[arg-type]
    return sheets


@needs_genuine
def test_the_genuine_workbook() -> None:
    reading = read(LAYOUT, GENUINE)
    assert LAYOUT.recognise(GENUINE).is_certain
    assert LAYOUT.edition(GENUINE).label == "2019-09"
    assert not places(reading)
    assert (reading.cells_read, reading.cells_kept, reading.cells_set_aside) == (8_460, 8_400, 60)
    delays = reading.connection.execute(
        "select territory_code, value::integer from reading where indicator_code = 'rsa_orientation_delay' "
        "and period_code = '2018' and territory_code in ('09', '11', '31', '66') order by all"
    ).fetchall()
    assert delays == [("09", 60), ("11", 125), ("31", 87), ("66", 102)]
    found = reading.connection.execute("select count(distinct indicator_code) from reading").fetchone()
    assert found == (len(INDICATORS),)
    markers = reading.connection.execute(
        "select marker, count(*) from reading where value is null group by all order by all"
    ).fetchall()
    assert markers == [("/", 2_310), ("NC", 74), ("ND", 2_035), ("NR", 83)]


@needs_genuine
def test_it_is_not_taken_for_another_layout() -> None:
    assert not MONTHLY_LAYOUTS[0].recognise(GENUINE).found
    others = [path for path in DATA.glob("*.xlsx") if path != GENUINE]
    assert not any(LAYOUT.recognise(path).is_certain for path in others)


@needs_genuine
@pytest.mark.parametrize(
    ("sheet", "row", "index", "value", "column"),
    [("Tableau B5", 20, 5, 4.0, "F"), ("Tableau B13", 88, 5, 12.0, "F"), ("Tableau B1", 30, 4, 830.0, "E")],
)
def test_a_genuine_cell_changed_is_pointed_at(
    tmp_path: Path, sheet: str, row: int, index: int, value: float, column: str
) -> None:
    sheets = load(GENUINE)
    sheets[sheet][row - 1][index] = value
    assert places(read(LAYOUT, write(tmp_path / "changed.xlsx", sheets))) == [(sheet, row, column)]


def test_an_invented_later_edition(tmp_path: Path) -> None:
    path = write(tmp_path / "oarsa.xlsx", invented(), modified="2024-11-02")
    reading = read(LAYOUT, path)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2024-11"
    assert not places(reading)
    assert is_accounted_for(reading)


Change = Callable[[Sheets], object]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(lambda s: s["Tableau B1"].pop(20), ("Tableau B1", 5, None), id="a row lost"),
        pytest.param(lambda s: s["Tableau B1"].append(s["Tableau B1"][9]), ("Tableau B1", 106, "B"), id="row twice"),
        pytest.param(
            lambda s: s["Tableau B1"][9].__setitem__(1, "05-Ain"), ("Tableau B1", 10, "B"), id="code and name"
        ),
        pytest.param(lambda s: s["Tableau B1"][4].__setitem__(2, 2022.0), ("Tableau B1", 5, "C"), id="year twice"),
        pytest.param(lambda s: s["Tableau B1"][9].__setitem__(2, 101), ("Tableau B1", 10, "C"), id="above a hundred"),
        pytest.param(lambda s: s["Tableau B1"][9].__setitem__(2, "??"), ("Tableau B1", 10, "C"), id="unknown marker"),
        pytest.param(lambda s: s["Tableau B1"][9].__setitem__(2, ""), ("Tableau B1", 10, "C"), id="blank"),
        pytest.param(lambda s: s["Tableau B8"][12].__setitem__(2, 50), ("Tableau B8", 13, "C"), id="ten times"),
        pytest.param(
            lambda s: s["Tableau B4"][12].__setitem__(2, 930), ("Tableau B4", 13, "C"), id="a delay ten times"
        ),
        pytest.param(lambda s: s["Tableau B4"][3].__setitem__(1, "En %"), ("Tableau B4", 5, "B"), id="unit"),
        pytest.param(
            lambda s: [row.__setitem__(3, row[2]) for row in s["Tableau B1"][5:]],
            ("Tableau B1", 6, "D"),
            id="last year's values",
        ),
        pytest.param(lambda s: s.pop("Tableau B1"), (None, None, None), id="a sheet lost"),
        pytest.param(
            lambda s: s["Tableau B1"][1].__setitem__(1, "Tableau B1 - Autre chose"),
            ("Tableau B1", 1, "B"),
            id="unknown title",
        ),
        pytest.param(lambda s: s["Tableau A1"][4].__setitem__(3, 8), ("Tableau A1", 5, "D"), id="national mean"),
    ],
)
def test_faults_are_refused_or_pointed_at(
    tmp_path: Path, change: Change, where: tuple[str | None, int | None, str | None]
) -> None:
    sheets = invented()
    change(sheets)
    assert where in places(read(LAYOUT, write(tmp_path / "fault.xlsx", sheets)))


@settings(max_examples=40, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.xlsx"
        path.write_bytes(content)
        assert not LAYOUT.recognise(path).found
        LAYOUT.edition(path)
        assert read(LAYOUT, path).rejects
