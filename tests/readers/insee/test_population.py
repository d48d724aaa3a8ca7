"""Estimates of population by sex and age: workbooks of one sheet a year."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.insee.population import LAYOUTS
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.nomenclature import names
from dagster_project.settings import PROJECT
from tests.readers.insee.reading_of import flagged, number, reading_of, rejected
from tests.readers.insee.xlsx_bytes import Value, xlsx

(LAYOUT,) = LAYOUTS
DATA = PROJECT.parent / "shared" / "data" / "insee_pop"
XLSX, XLS = (DATA / f"estim-pop-dep-sexe-aq-1975-{name}" for name in ("2019.xlsx", "2020.xls"))
genuine = pytest.mark.skipif(not XLS.exists(), reason="fichiers de l'Insee absents de cette machine")

Sheets = dict[str, list[list[Value]]]
BANDS = [*(f"{age} à {age + 4} ans" for age in range(0, 95, 5)), "95 ans et plus"]
COLUMNS = 2 + 3 * 21
LOT = 5 + 46  # Row 51: départements begin at row 6, and Corsica takes two rows.


def invented(years: tuple[int, ...] = (2019, 2020, 2021)) -> Sheets:
    note = "Données actualisées au 18 janvier 2022"
    return {"À savoir": [["Quelques remarques"], [note]], **{str(year): _sheet(year) for year in years}}


def _sheet(year: int) -> list[list[Value]]:
    blank: list[Value] = [""] * COLUMNS
    rows: list[list[Value]] = [
        ["Estimation de population au 1er janvier, par département, sexe et âge quinquennal", *blank[1:]],
        [f"Année {year}", *blank[1:]],
        blank,
        ["Départements", "", *(value for name in ("Ensemble", "Hommes", "Femmes") for value in (name, *[""] * 20))],
        ["", "", *[*BANDS, "Total"] * 3],
    ]
    counts: dict[str, list[int]] = {}
    for rank, code in enumerate(departement_regions(), start=1):
        men = [1000 + 10 * rank + 7 * band + (year - 2019) * (rank % 5 + 1) - 30 * band for band in range(20)]
        women = [count + (9 if band > 15 else -3) for band, count in enumerate(men)]
        both = [one + other for one, other in zip(men, women, strict=True)]
        counts[code] = [*both, sum(both), *men, sum(men), *women, sum(women)]
    metro = [code for code in counts if not code.startswith("97")]
    overseas = [code for code in counts if code.startswith("97")]
    named = names("departement")
    rows += [[code, named[code], *counts[code]] for code in metro]
    rows.append(["France métropolitaine ", "", *_sum(counts, metro)])
    rows += [[float(code), f"{named[code]} ", *counts[code]] for code in overseas]
    rows.append(["DOM", "", *_sum(counts, overseas)])
    rows.append(["France métropolitaine et DOM", "", *_sum(counts, [*metro, *overseas])])
    status = "(résultats provisoires arrêtés fin 2021)" if year == 2021 else ""
    rows += [blank, [f"Source : Insee - Estimations de population {status}.", *blank[1:]]]
    return rows


def _sum(counts: dict[str, list[int]], codes: list[str]) -> list[int]:
    return [sum(column) for column in zip(*(counts[code] for code in codes), strict=True)]


def write(path: Path, sheets: Sheets, *, strict: bool = False) -> Path:
    path.write_bytes(xlsx(sheets, strict=strict))
    return path


@pytest.mark.parametrize("strict", [False, True], ids=["transitional", "Strict"])
def test_a_workbook_is_read_whole(tmp_path: Path, strict: bool) -> None:
    path = write(tmp_path / "estim-pop.xlsx", invented(), strict=strict)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2021"
    assert LAYOUT.edition(path).published_on == date(2022, 1, 18)
    reading = reading_of(LAYOUT, path)
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.cells_kept == reading.cells_read == 3 * 104 * 63
    assert number(reading, "select count(distinct population_group) from reading") == 63
    groups = "select count(*) from reading where population_group = '{}'"
    assert number(reading, groups.format("women_age_20_24")) == number(reading, groups.format("all")) == 3 * 104
    provisional = "select distinct period_code from reading where obs_status = 'P' and marker = '*'"
    assert reading.connection.execute(provisional).fetchall() == [("2021-01-01",)]


def at(row: int, column: int, value: Value, year: str = "2020") -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        sheets[year][row - 1][column] = value

    return change


def swap_headers(one: int, other: int, row: int = 5) -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        header = sheets["2020"][row - 1]
        header[one], header[other] = header[other], header[one]

    return change


def swap_rows(first: int, width: slice) -> Callable[[Sheets], None]:
    def change(sheets: Sheets) -> None:
        rows = sheets["2020"]
        rows[first - 1][width], rows[first][width] = rows[first][width], rows[first - 1][width]

    return change


def repeat(sheets: Sheets) -> None:
    sheets["2020"].insert(LOT, sheets["2020"][LOT - 1])


def copy_year(sheets: Sheets) -> None:
    for source, target in zip(sheets["2019"][5:109], sheets["2020"][5:109], strict=True):
        target[2:] = source[2:]


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        (at(LOT, 4, 12.5), ("valeur", LOT, "E")),
        (at(LOT, 4, "nd"), ("valeur", LOT, "E")),
        (at(LOT, 4, ""), ("valeur", LOT, "E")),
        (at(LOT, 0, "47"), ("territoire", LOT, "A")),
        (at(LOT, 1, "Lots"), ("territoire", LOT, "A")),
        (at(2, 0, "Année 2019"), ("année de la feuille", 2, "A")),
        (at(1, 0, "Autre titre"), ("titre de la feuille", 1, "A")),
        (at(5, 4, "10 à 14 mois"), ("tranche d'âge", 5, "E")),
        (at(3, 0, ""), None),
        (swap_headers(4, 5), ("tranches d'âge", 5, "E")),
        (swap_headers(23, 44, 4), ("blocs Hommes et Femmes permutés", 102, "BJ")),
        (swap_rows(LOT, slice(0, 1)), ("territoire", LOT, "A")),
        (lambda sheets: sheets["2020"].pop(LOT - 1), ("complétude", None, None)),
        (repeat, ("doublon", LOT + 1, "A")),
        (lambda sheets: sheets.pop("2020"), ("années", None, None)),
        (copy_year, ("année collée deux fois", None, None)),
        (lambda sheets: sheets.update({"Feuil1": [["?"]]}), ("feuille inconnue", None, None)),
    ],
)
def test_refused(
    tmp_path: Path, change: Callable[[Sheets], object], refusal: tuple[str, int | None, str | None] | None
) -> None:
    sheets = invented()
    change(sheets)
    found = rejected(reading_of(LAYOUT, write(tmp_path / "p.xlsx", sheets)))
    assert refusal in found if refusal else not found


@pytest.mark.parametrize(("row", "column", "letter"), [(LOT, 4, "E"), (LOT, 22, "W"), (102, 30, "AE"), (LOT, 64, "BM")])
def test_a_slip_of_a_digit_is_pointed_at(tmp_path: Path, row: int, column: int, letter: str) -> None:
    sheets = invented()
    value = sheets["2020"][row - 1][column]
    assert isinstance(value, int)
    sheets["2020"][row - 1][column] = value * 10
    reading = reading_of(LAYOUT, write(tmp_path / "p.xlsx", sheets))
    assert not reading.rejects
    assert flagged(reading) == {("2020", row, letter)}


def test_two_departements_with_each_other_s_figures_are_pointed_at(tmp_path: Path) -> None:
    sheets = invented()
    rows = sheets["2020"]
    rows[5][2:], rows[LOT - 1][2:] = rows[LOT - 1][2:], rows[5][2:]
    reading = reading_of(LAYOUT, write(tmp_path / "p.xlsx", sheets))
    assert flagged(reading) >= {("2020", 6, "W"), ("2020", LOT, "W")}


def test_overseas_without_detail_past_90(tmp_path: Path) -> None:
    sheets = invented((1995,))
    rows = sheets["1995"]
    header = [rows[3].copy(), rows[4].copy()]
    overseas: list[list[Value]] = [row.copy() for row in rows[102:106]]  # Mayotte comes later.
    total: list[Value] = ["DOM", "", *(sum(int(row[index]) for row in overseas) for index in range(2, COLUMNS))]
    france: list[Value] = ["France métropolitaine et DOM", ""]
    france += [int(one) + int(other) for one, other in zip(rows[101][2:], total[2:], strict=True)]
    for start in (20, 41, 62):
        header[1][start], header[1][start + 1] = "90 ans et plus", ""
        for row in (*overseas, total, france):
            row[start], row[start + 1] = int(row[start]) + int(row[start + 1]), ""
    blank: list[Value] = [""] * COLUMNS
    sheets["1995"] = [*rows[:102], blank, *header, *overseas, total, blank, france, blank, rows[-1]]
    reading = reading_of(LAYOUT, write(tmp_path / "p.xlsx", sheets))
    assert (reading.rejects, reading.flags) == ([], [])
    assert number(reading, "select count(*) from reading where population_group = 'age_90_plus'") == 6


def test_truncated(tmp_path: Path) -> None:
    path = tmp_path / "p.xlsx"
    path.write_bytes(xlsx(invented((2020,)))[:-2000])
    assert reading_of(LAYOUT, path).rejects


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=300), st.binary(max_size=100).map(lambda tail: b"PK\x03\x04" + tail)))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.xlsx"
    path.write_bytes(content)
    LAYOUT.recognise(path)
    LAYOUT.edition(path)
    assert reading_of(LAYOUT, path).rejects


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.lists(
        st.lists(
            st.sampled_from(["", "Ensemble", "Hommes", "Femmes", "0 à 4 ans", "Total", "01", "Ain", 3, 2.5]), max_size=6
        ),
        max_size=6,
    )
)
def test_any_sheet_is_read_or_refused(tmp_path: Path, rows: list[list[Value]]) -> None:
    path = write(tmp_path / "any.xlsx", {"2020": [["Estimation de population au 1er janvier, par sexe et âge"], *rows]})
    assert reading_of(LAYOUT, path).rejects


@genuine
@pytest.mark.parametrize(
    ("path", "cells", "france", "occitanie"),
    [(XLSX, 286_551, 66_992_699, 5_892_817), (XLS, 293_103, 67_063_703, None)],
    ids=["2019", "2020"],
)
def test_the_genuine_workbooks(path: Path, cells: int, france: int, occitanie: int | None) -> None:
    assert LAYOUT.recognise(path).is_certain
    reading = reading_of(LAYOUT, path)
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.cells_read == reading.cells_kept == cells
    year = LAYOUT.edition(path).label
    total = f"from reading where population_group = 'all' and period_code = '{year}-01-01'"
    assert number(reading, f"select value::bigint {total} and territory_code = 'FR'") == france
    assert number(reading, f"select any_value(obs_status) {total}") == "P"
    assert number(reading, "select max(period_code) from reading where obs_status = 'A'") == f"{int(year) - 3}-01-01"
    if occitanie:
        codes = ", ".join(f"'{code}'" for code, region in departement_regions().items() if region == "76")
        departements = f"territory_level = 'departement' and territory_code in ({codes})"
        assert number(reading, f"select sum(value)::bigint {total} and {departements}") == occitanie
