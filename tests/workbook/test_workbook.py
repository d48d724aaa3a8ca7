"""What readers of a workbook rely on: numbers are the marts', nothing masked is a number, nothing can run."""

import re
import zipfile
from datetime import date
from pathlib import Path

import pytest

from dagster_project.report.workbooks import build_workbooks
from dagster_project.settings import Settings
from tests.workbook.conftest import FORMULA, Workbooks
from tests.workbook.reading import (
    HEADER_ROW,
    ORIGIN,
    Cells,
    cell,
    element,
    has,
    is_number,
    origins_of,
    parts,
    position,
    same,
    series_of,
    sheets_of,
    worksheets,
)


@pytest.mark.parametrize("release", ["workbooks", "troubled"])
def test_every_number_and_date_is_the_cell_of_the_mart_it_comes_from(
    release: str, request: pytest.FixtureRequest
) -> None:
    made: Workbooks = request.getfixturevalue(release)
    cells = Cells(made.marts)
    wrong, checked = [], 0
    for path in made.all:
        sheets = sheets_of(path)
        origins = origins_of(sheets)
        for (name, row, column), source in origins.items():
            shown, exact = sheets[name][row][column], cells.at(*source)
            checked += exact is not None
            if not same(shown, exact):
                wrong.append((path.name, name, row, column, shown, exact))
        wrong += [
            (path.name, name, row, column, value, "sans origine")
            for name, rows in sheets.items()
            if name != ORIGIN
            for row, values in enumerate(rows)
            for column, value in enumerate(values)
            if is_number(value) and (name, row, column) not in origins
        ]
    assert not wrong
    assert checked > 10_000


def test_there_is_a_workbook_for_every_territory_that_has_a_page(workbooks: Workbooks) -> None:
    assert len(workbooks.all) == 17
    assert workbooks.of("31").name == "bilan-31-haute-garonne.xlsx"
    assert workbooks.of("region-76").name == "bilan-region-76-occitanie.xlsx"


@pytest.mark.parametrize(
    ("code", "sheet", "table", "column"),
    [
        ("31", "Prestations", "beneficiaries where territory_code = '31'", "beneficiaries"),
        ("region-76", "Prestations", "beneficiaries where territory_code = '76'", "beneficiaries"),
        ("region-76", "Crédits de la stratégie", "budget_line where region_code = '76'", "amount_eur"),
        ("region-76", "Budget reçu", "contracted_amount where region_code = '76'", "amount_eur"),
        ("region-76", "Conventions CALPAE", "calpae_indicator where territory_code = '76'", "value"),
    ],
)  # fmt: skip
def test_a_sheet_leaves_no_value_of_its_table_out(
    workbooks: Workbooks, code: str, sheet: str, table: str, column: str
) -> None:
    shown = [row[3] for row in sheets_of(workbooks.of(code))[sheet][HEADER_ROW + 1 :] if is_number(row[3])]
    known = workbooks.marts.rows(f"select {column} as value from marts.{table}")
    assert sorted(shown) == sorted(float(row["value"]) for row in known if row["value"] is not None)
    assert len(shown) > 10


def test_the_summary_says_value_period_region_and_source(workbooks: Workbooks) -> None:
    rows = sheets_of(workbooks.of("30"))["Synthèse"]
    assert rows[0][0] == "Gard"
    columns = {heading: index for index, heading in enumerate(rows[HEADER_ROW])}
    (rsa,) = [row for row in rows if row[0] == "Allocataires du RSA"]
    names = ("Valeur", "Unité", "Période", "Région", "Statut", "Producteur", "Édition")
    said = [31390, "foyers", date(2019, 12, 1), 192420, "définitif", "DREES", "monthly_benefits/2020-12"]
    assert [rsa[columns[name]] for name in names] == said


def test_no_text_looks_like_a_number(workbooks: Workbooks, troubled: Workbooks) -> None:
    texts = [
        (path.name, name, value)
        for made in (workbooks, troubled)
        for path in made.all
        for name, rows in sheets_of(path).items()
        if name != ORIGIN
        for values in rows
        for value in values
        if isinstance(value, str) and re.fullmatch(r"[-+−]?[\d\s\u202f\u00a0]*\d([.,]\d+)?\s*[%€]?", value)
    ]
    assert not texts


def test_a_masked_value_is_said_to_be_secret_with_a_note_and_is_drawn_nowhere(troubled: Workbooks) -> None:
    path = troubled.of("30")
    sheets = sheets_of(path)
    (masked,) = [
        index
        for index, row in enumerate(sheets["Prestations"])
        if row[0] == "Allocataires du RSA" and row[3] == "secret"
    ]
    line = sheets["Prestations"][masked]
    assert (line[2], line[5]) == (date(2020, 12, 1), "masqué")
    assert "secret statistique" in line[9]
    notes = "".join("".join(xml.itertext()) for _, xml in parts(path, r"^xl/comments\d+\.xml$"))
    assert "Masqué : secret statistique." in notes
    assert all((masked, 3) not in values for sheet, _, values, _ in series_of(path) if sheet == "Prestations")


def test_a_value_that_is_not_available_keeps_its_marker_and_a_range_both_ends(troubled: Workbooks) -> None:
    sheets = sheets_of(troubled.of("30"))
    (rate,) = [
        row
        for row in sheets["Pauvreté et niveau de vie"]
        if row[:2] == ["Taux de pauvreté à 60 %", "Gard"] and row[2] == 2021
    ]
    assert (rate[3], rate[5]) == ("n.d.", "manquant")
    ends = {row[0]: row[3] for row in sheets["Chômage"] if "fourchette" in str(row[0])}
    assert ends == {
        "Taux de chômage localisé (bas de la fourchette)": 5.1,
        "Taux de chômage localisé (haut de la fourchette)": 6.1,
    }


def test_nothing_joins_the_two_sides_of_a_break_and_provisional_months_are_hollow(troubled: Workbooks) -> None:
    path = troubled.of("30")
    rows = sheets_of(path)["Prestations"]
    drawn = [
        ([rows[row][column].year for row, column in dates], hollow)
        for sheet, dates, _, hollow in series_of(path)
        if sheet == "Prestations" and rows[dates[0][0]][0] == "Allocataires du RSA"
    ]
    assert drawn == [([2018, 2019], False), ([2021, 2022], False), ([2023, 2024], True)]
    told = " ".join(str(row[0]) for row in rows)
    assert "Série rompue, rien n'est joint : Réforme du RSA." in told
    assert "Provisoire (point creux) : décembre 2024." in told


def test_every_chart_reads_numbers_and_nothing_else(workbooks: Workbooks, troubled: Workbooks) -> None:
    charts = 0
    for path in (*workbooks.all, *troubled.all):
        sheets = sheets_of(path)
        for sheet, names, values, _ in series_of(path):
            charts += 1
            assert values and len(names) == len(values)
            assert all(is_number(sheets[sheet][row][column]) for row, column in values), (path, sheet)
            assert all(sheets[sheet][row][column] != "" for row, column in names), (path, sheet)
    assert charts > 200


def test_every_drawing_is_told_in_words(workbooks: Workbooks) -> None:
    told = [
        node.get("descr")
        for path in workbooks.all
        for _, xml in parts(path, r"^xl/drawings/drawing\d+\.xml$")
        for node in xml.iter("{*}cNvPr")
        if node.get("name").startswith("Chart")
    ]
    assert told and all(text and len(text) > 20 for text in told)


def test_a_text_that_would_be_a_formula_stays_a_text(troubled: Workbooks) -> None:
    path = troubled.of("30")
    sheets = sheets_of(path)
    assert FORMULA in {row[0] for row in sheets["Actions locales"]}
    assert FORMULA in {row[0] for row in sheets["Chiffres du rapport"]}
    for made in troubled.all:
        for name, xml in worksheets(made).items():
            assert not has(xml, "f"), (made, name)
        with zipfile.ZipFile(made) as archive:
            relations = b"".join(archive.read(name) for name in archive.namelist() if name.endswith(".rels"))
            assert b"External" not in relations and b"attaquant" not in relations
            styles = archive.read("xl/styles.xml")
        assert b'quotePrefix="1"' in styles, "a text edited by hand would be read again as a formula"


def test_every_sheet_prints_and_scrolls_well(workbooks: Workbooks) -> None:
    release = workbooks.marts.table("release")[0]["release_id"]
    for path in workbooks.all:
        (workbook,) = (xml for _, xml in parts(path, r"^xl/workbook\.xml$"))
        printed = [
            node.get("localSheetId") for node in workbook.iter("{*}definedName") if "Print_Area" in node.get("name")
        ]
        shown = {name: xml for name, xml in worksheets(path).items() if name != ORIGIN}
        assert len(printed) == len(shown)
        for name, xml in shown.items():
            page = element(xml, "pageSetup")
            assert (page.get("paperSize"), page.get("orientation"), page.get("fitToHeight")) == ("9", "landscape", "0")
            assert element(xml, "pane").get("state") == "frozen"
            assert release in element(xml, "oddHeader").text, name
            assert "Page &P / &N" in element(xml, "oddFooter").text, name
            assert len(list(xml.iter("{*}col"))) >= 6, name


def test_numbers_are_formatted_as_in_french(workbooks: Workbooks) -> None:
    with zipfile.ZipFile(workbooks.of("31")) as archive:
        styles = archive.read("xl/styles.xml").decode("utf-8")
    assert "[$-40C]#,##0" in styles and "[$-40C]#,##0.0" in styles and "[$-40C]mmmm yyyy" in styles


def test_properties_are_french_and_dated_by_the_release(workbooks: Workbooks) -> None:
    release = workbooks.marts.table("release")[0]
    (core,) = (xml for _, xml in parts(workbooks.of("31"), r"^docProps/core\.xml$"))
    assert core.findtext("{*}title") == "Lutte contre la pauvreté : Haute-Garonne"
    assert core.findtext("{*}created") == f"{release['built_at']:%Y-%m-%dT%H:%M:%SZ}"
    assert core.findtext("{*}modified") == core.findtext("{*}created")


def test_the_same_release_gives_the_same_bytes(workbooks: Workbooks, published: Settings, tmp_path: Path) -> None:
    build_workbooks(published.served, tmp_path / "again")
    for path in workbooks.all:
        assert path.read_bytes() == (tmp_path / "again" / path.name).read_bytes(), path.name


def test_the_sources_of_every_line_are_told(workbooks: Workbooks) -> None:
    for path in workbooks.all:
        sheets = sheets_of(path)
        told = {row[0] for row in sheets["Méthode et sources"]}
        for name, rows in sheets.items():
            if "Édition" in rows[HEADER_ROW] and name != "Méthode et sources":
                column = rows[HEADER_ROW].index("Édition")
                used = {row[column] for row in rows[HEADER_ROW + 1 :] if row[column]}
                assert used <= told, (path.name, name)
                value = rows[HEADER_ROW].index("Valeur") if "Valeur" in rows[HEADER_ROW] else 0
                bare = [row for row in rows[HEADER_ROW + 1 :] if is_number(row[value]) and not row[column]]
                assert not bare, (path.name, name)


def test_a_cell_is_found_by_its_reference() -> None:
    assert [position("B5"), position("AA1")] == [(4, 1), (0, 26)]
    assert cell([["a", "b"]], "B1") == "b"
