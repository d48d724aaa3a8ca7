"""Departmental social aid: the genuine workbook, changed cells, and what must be refused."""

import tempfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.readers.drees.orientation import LAYOUTS as ORIENTATION_LAYOUTS
from dagster_project.readers.drees.social_aid import LAYOUTS
from dagster_project.readers.nomenclature import names
from tests.readers.drees.workbook import DATA, Rows, is_accounted_for, load, places, read, write

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "Les bénéficiaires de l'aide sociale départementale en 2020.xlsx"
needs_genuine = pytest.mark.skipif(not GENUINE.exists(), reason="fichier authentique de la DREES absent")
Sheets = dict[str, Rows]
DROM = {"01": "101", "02": "102", "03": "103", "04": "104"}
TITLES = {
    "ase-9": ("Tableau 9 - Actions éducatives, au 31 décembre 2022, par département", ["AED 1", "AEMO", "Total"]),
    "pa": (
        "Tableau 2 - Aides sociales aux personnes âgées à domicile, en décembre 2022",
        ["APA (1)", "Aide ménagère", "Total"],
    ),
    "ph": (
        "Tableau 1 - Nombre total des aides aux personnes handicapées, au 31 décembre 2022",
        ["Aides à domicile", "Aides à l'accueil", "Total des aides"],
    ),
}


def _regions() -> dict[str, str]:
    import csv

    from dagster_project.settings import TERRITORIES

    with TERRITORIES.open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["territory_level"] == "departement"]
    return {row["territory_code"]: row["region_code"] for row in rows}


def invented() -> Sheets:
    """Another edition: sheets under other names, headers worded otherwise, two blocks each."""
    region_of = _regions()
    official = {code: name for code, name in names("departement").items() if code not in ("2A", "2B", "976")}
    sheets: Sheets = {"Présentation": [["Les bénéficiaires de l'aide sociale départementale en 2022"]]}
    for order, (sheet, (title, columns)) in enumerate(TITLES.items()):
        rows: Rows = [[title], ["Source : DREES"], [], ["Code région", "Code département", "Département", *columns]]
        sums: dict[str, list[int]] = {}
        for place, (code, name) in enumerate([*official.items(), ("20", "Collectivité de Corse")]):
            region = region_of.get(code, "94")
            counts = [100 + place + order, 40 + 2 * place]
            counts.append(sum(counts))
            rows.append([DROM.get(region, region), code, name, *counts])
            for key in (region, "DROM" if region in DROM else "METRO", "FR"):
                sums[key] = [left + right for left, right in zip(sums.get(key, [0, 0, 0]), counts, strict=True)]
        totals: Rows = [
            ["TOTAL estimé France métropolitaine", "", "", *sums["METRO"]],
            ["TOTAL estimé DROM (hors Mayotte)", "", "", *sums["DROM"]],
            ["TOTAL estimé France entière (hors Mayotte)", "", "", *sums["FR"]],
        ]
        rows += [*totals, ["1 Délégation"], [], [title, "", "", "", "", "Retour en haut de la page"]]
        rows.append(["Code région", "Région", "", *columns])
        rows += [
            [DROM.get(code, code), name, "", *sums[code]] for code, name in names("region").items() if code in sums
        ]
        sheets[sheet] = rows + deepcopy(totals)
    return sheets


@needs_genuine
def test_the_genuine_workbook() -> None:
    reading = read(LAYOUT, GENUINE)
    assert LAYOUT.recognise(GENUINE).is_certain
    assert LAYOUT.edition(GENUINE).label == "2020"
    assert not places(reading)
    assert is_accounted_for(reading)
    assert (reading.cells_read, reading.cells_kept) == (11_445, 8_464)
    rows = reading.connection.execute(
        "select territory_level, territory_code, value::integer from reading where indicator_code = "
        "'ase_children_entrusted' and territory_code in ('76', 'FR', '31') order by all"
    ).fetchall()
    assert ("country", "FR", 183_915) in rows
    assert ("region", "76", 15_889) in rows
    twice = reading.connection.execute(
        "select count(*) from (select 1 from reading group by indicator_code, territory_level, territory_code "
        "having count(*) > 1)"
    ).fetchone()
    assert twice == (0,)


@needs_genuine
def test_it_is_not_taken_for_another_layout() -> None:
    assert not ORIENTATION_LAYOUTS[0].recognise(GENUINE).found
    assert not any(LAYOUT.recognise(path).is_certain for path in DATA.glob("*.xlsx") if path != GENUINE)


@needs_genuine
@pytest.mark.parametrize(
    ("sheet", "row", "index", "column"), [("Tab9-ase", 36, 4, "E"), ("Tab4-ph", 116, 3, "D"), ("Tab1-pa", 70, 7, "H")]
)
def test_a_genuine_count_ten_times_off_is_pointed_at(
    tmp_path: Path, sheet: str, row: int, index: int, column: str
) -> None:
    sheets = load(GENUINE)
    sheets[sheet][row - 1][index] = float(sheets[sheet][row - 1][index]) * 10  # type: ignore[arg-type]
    assert (sheet, row, column) in places(read(LAYOUT, write(tmp_path / "x10.xlsx", sheets)))


def test_an_invented_other_edition(tmp_path: Path) -> None:
    path = write(tmp_path / "aide.xlsx", invented(), modified="2023-12-05")
    reading = read(LAYOUT, path)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2022"
    assert not places(reading)
    assert is_accounted_for(reading)
    assert reading.cells_kept == 3 * 3 * (99 + 17 + 3)


def test_a_sheet_that_reports_the_widest_dimension(tmp_path: Path) -> None:
    sheets = invented()
    sheets["pa"][3] += [""] * 400 + [" "]
    assert not places(read(LAYOUT, write(tmp_path / "wide.xlsx", sheets)))


Change = Callable[[Sheets], object]


def _swap(rows: Rows, row: int, first: int, second: int) -> None:
    rows[row][first], rows[row][second] = rows[row][second], rows[row][first]


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(lambda s: s["pa"].pop(20), ("pa", 4, None), id="a row lost"),
        pytest.param(lambda s: s["pa"].insert(20, s["pa"][20]), ("pa", 22, "B"), id="row twice"),
        pytest.param(lambda s: s["pa"][20].__setitem__(2, "Ain"), ("pa", 21, "B"), id="code and name"),
        pytest.param(lambda s: s["pa"][20].__setitem__(0, "999"), ("pa", 21, "B"), id="unknown region"),
        pytest.param(lambda s: s["pa"][20].__setitem__(3, 10.5), ("pa", 21, "D"), id="half a person"),
        pytest.param(lambda s: s["pa"][20].__setitem__(3, "beaucoup"), ("pa", 21, "D"), id="words"),
        pytest.param(lambda s: s["pa"][20].__setitem__(3, ""), ("pa", 21, "D"), id="a value lost"),
        pytest.param(lambda s: s["pa"][20].__setitem__(3, 1_200), ("pa", 21, "D"), id="ten times"),
        pytest.param(lambda s: _swap(s["pa"], 20, 3, 4), ("pa", 21, "D"), id="two cells swapped"),
        pytest.param(lambda s: _swap(s["pa"], 3, 3, 5), ("pa", 110, "D"), id="headers swapped"),
        pytest.param(lambda s: s["pa"][3].__setitem__(3, "Autre"), ("pa", 4, "D"), id="unknown header"),
        pytest.param(lambda s: s["pa"][3].__setitem__(4, "APA"), ("pa", 4, "E"), id="header twice"),
        pytest.param(lambda s: s["pa"][0].__setitem__(0, "Autre tableau"), ("pa", 1, "A"), id="unknown title"),
        pytest.param(
            lambda s: s["pa"][0].__setitem__(0, TITLES["pa"][0].replace("2022", "2021")),
            ("pa", 1, "A"),
            id="another year",
        ),
        pytest.param(lambda s: s.update(copy=s["pa"]), ("copy", 1, "A"), id="a sheet twice"),
        pytest.param(lambda s: s["pa"][-1].__setitem__(3, 5), ("pa", 130, "D"), id="repeated total"),
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
