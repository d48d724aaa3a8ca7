"""Filosofi files: every column of every year, floors, secrecy, and what betrays a changed figure."""

import csv
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.filosofi import LAYOUTS
from dagster_project.readers.insee.filosofi_columns import columns_with_year
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import OfficialLayout
from dagster_project.readers.table import Reject
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection

DATA = PROJECT.parent / "shared" / "data" / "insee_filosofi"
TABLE, FRENCH = LAYOUTS
genuine = pytest.mark.skipif(not DATA.is_dir(), reason="les fichiers de l'Insee ne sont pas sur cette machine")

Lines = list[list[str]]
OCCITANIE = ("09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82")


@dataclass
class Outcome:
    reading: Reading
    cells: dict[tuple[str, str, str, str], dict[str, object]]

    @property
    def told(self) -> list[Reject]:
        return [*self.reading.rejects, *self.reading.flags]

    def blames(self, row: int | None, name: str) -> bool:
        return any(one.row == row and one.column == name for one in self.told)


def read(path: Path, layout: OfficialLayout = TABLE) -> Outcome:
    reading = Reading(new_connection(), path.name)
    layout.read(path, reading)
    kept = reading.cells_kept
    if not reading.rejects:
        assert reading.cells_read == kept + reading.cells_set_aside
    cursor = reading.connection.execute("select * from reading")
    columns = [one[0] for one in cursor.description]
    rows = [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()] if kept < 40_000 else []
    key = ("indicator_code", "territory_level", "territory_code", "population_group")
    return Outcome(reading, {tuple(str(row[one]) for one in key): row for row in rows})  # type: ignore[misc]


def number(value: float, decimals: int = 0) -> str:
    return f"{value:.{decimals}f}".replace(".", ",")


def base(codes: tuple[str, ...] = OCCITANIE) -> Lines:
    """Invented figures in the layout of FILO2019_DISP_DEP, each row following its own rules."""
    header = (
        "CODGEO;LIBGEO;NBMEN19;NBPERS19;NBUC19;Q119;Q219;Q319;Q3_Q1;D119;D219;D319;D419;D619;D719;D819;D919;RD;"
        "S80S2019;GI19;PACT19;PTSA19;PCHO19;PBEN19;PPEN19;PPAT19;PPSOC19;PPFAM19;PPMINI19;PPLOGT19;PIMPOT19"
    )
    lines = [header.split(";")]
    for index, code in enumerate(codes):
        median = 20_000 + 130 * index
        of = {share: round(median * share / 1000) * 10 for share in (54, 66, 74, 78, 89, 112, 124, 134, 142, 178)}
        d1, d2, q1, d3, d4, d6, d7, q3, d8, d9 = (of[key] for key in sorted(of))
        minimum = 4.0 - index / 10
        lines.append(
            [
                code, names("departement").get(code, f"Lieu {code}"), str(100_000 + 37 * index),
                str(220_000 + 91 * index), number(150_000 + index / 2, 1), *map(str, (q1, median, q3, q3 - q1)),
                *map(str, (d1, d2, d3, d4, d6, d7, d8, d9)), number(d9 / d1, 1), "4,100", "0,270",
                "70,0", "61,0", "3,0", "6,0", "31,0", number(13 - minimum, 1), number(minimum + 3.2, 1), "2,0",
                number(minimum, 1), "1,2", "-17,2",
            ]
        )  # fmt: skip
    return lines


def poor(codes: tuple[str, ...] = OCCITANIE) -> Lines:
    """Invented figures in the layout of FILO2021_DISP_PAUVRES_DEP, of three groups."""
    measures = ("TP4021", "TP5021", "TP6021", "TP60Q221", "TP60IP21")
    lines = [["CODGEO", *(group + one for group in ("", "TOL1", "TOL2") for one in measures)]]
    for index, code in enumerate(codes):
        line = [code]
        for rate, gap in ((15 + index / 5, 0.201), (8.4, 0.180), (27 + index / 3, 0.222)):
            line += [number(max(5, rate / 3.4), 1), number(max(5, rate / 1.8), 1), number(rate, 1)]
            line += [str(round(13_850 * (1 - gap) / 10) * 10), number(gap, 3)]
        lines.append(line)
    return lines


def write(
    folder: Path, lines: Lines, name: str = "FILO2019_DISP_DEP.csv", end: str = "\r\n", bom: str = "\ufeff"
) -> Path:
    path = folder / name
    path.write_text(bom + end.join(";".join(line) for line in lines) + end, encoding="utf-8", newline="")
    return path


def load(name: str) -> Lines:
    return [line.split(";") for line in (DATA / name).read_text(encoding="utf-8-sig").splitlines()]


def at(lines: Lines, code: str, name: str) -> tuple[int, int]:
    return next(index for index, line in enumerate(lines) if line[0] == code), lines[0].index(name)


def test_a_base_file_is_read_whole(tmp_path: Path) -> None:
    found = read(write(tmp_path, base()))
    assert not found.told
    assert found.reading.cells_read == 13 * 29
    cell = found.cells["median_living_standard", "departement", "09", "all"]
    assert (cell["value"], cell["unit"], cell["period_code"]) == (20_000, "eur_per_year", "2019")
    assert (cell["source_row"], cell["source_column"], cell["territory_label"]) == (2, "Q219", "Ariège")
    taxes = found.cells["income_share_direct_taxes", "departement", "82", "all"]
    assert (taxes["value"], taxes["printed_text"], taxes["printed_step"]) == (Decimal("-17.2"), "-17,2", Decimal("0.1"))


def test_a_file_of_the_poor_keeps_groups_floors_and_secrets(tmp_path: Path) -> None:
    lines = poor()
    row, column = at(lines, "48", "TOL1TP4021")
    lines[row][column] = "s"
    found = read(write(tmp_path, lines, "FILO2021_DISP_PAUVRES_DEP.csv"))
    assert not found.told
    secret = found.cells["poverty_rate_40", "departement", "48", "tenure_owner"]
    assert (secret["value"], secret["marker"], secret["obs_status"]) == (None, "s", "M")
    floored = found.cells["poverty_rate_40", "departement", "09", "tenure_owner"]
    assert (floored["value"], floored["marker"], floored["obs_status"]) == (5, "<=", "A")
    assert found.cells["poverty_intensity_60", "departement", "09", "all"]["value"] == Decimal("0.201")


@pytest.mark.parametrize(
    ("header", "year", "keys"),
    [
        ("CODGEO;S80S2019;Q119;RD;Q3_Q1", 2019, ("S80S20", "Q1", "RD", "Q3_Q1")),
        ("CODGEO;S80S2020;Q120;RD", 2020, ("S80S20", "Q1", "RD")),
        ("CODGEO;NBMENFISC21;MED21;TP6021;TP60AGE121;TP60TOL221;RD21", 2021,
         ("NBMEN", "Q2", "TP60", "AGE1TP60", "TOL2TP60", "RD")),
        ("CODGEO;TP60Q212;TP60IP12;D112", 2012, ("TP60Q2", "TP60IP", "D1")),
        ("CODGEO;PTSAC14;PBEN14", 2014, ("PTSAC", "PBEN")),
    ],
)  # fmt: skip
def test_the_year_of_a_header_comes_from_the_dictionary(header: str, year: int, keys: tuple[str, ...]) -> None:
    columns = columns_with_year(tuple(header.split(";")))
    assert (columns.year, columns.keys, columns.unknown) == (year, keys, ())


def _identity(lines: Lines) -> Lines:
    return lines


def _reversed_columns(lines: Lines) -> Lines:
    return [line[:2] + line[:1:-1] for line in lines]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
@pytest.mark.parametrize(
    "change",
    [
        _identity,
        _reversed_columns,
        lambda lines: [line + [""] * 69 for line in lines],
        lambda lines: [*lines, [""] * 31, [""] * 31],
        lambda lines: [lines[0], *reversed(lines[1:])],
        lambda lines: [[f" {cell} " for cell in line] for line in lines],
    ],
)
def test_harmless_variants(tmp_path: Path, change: Callable[[Lines], Lines], bom: str, end: str) -> None:
    found = read(write(tmp_path, change(base()), end=end, bom=bom))
    assert not found.told
    assert found.reading.cells_kept == 13 * 29


@pytest.mark.parametrize("factor", ["10", "0.1"])
def test_any_figure_ten_times_off_is_found_at_its_cell(tmp_path: Path, factor: str) -> None:
    for column in range(2 if factor == "10" else 3, 31, 2):
        lines = base()
        value = Decimal(lines[5][column].replace(",", ".")) * Decimal(factor)
        lines[5][column] = format(value.normalize(), "f").replace(".", ",")
        assert read(write(tmp_path, lines)).blames(6, lines[0][column]), lines[0][column]


def test_any_poverty_figure_ten_times_off_is_found(tmp_path: Path) -> None:
    for column in range(1, 16):
        for factor in ("10", "0.1")[column % 2 :]:
            lines = poor()
            value = Decimal(lines[5][column].replace(",", ".")) * Decimal(factor)
            lines[5][column] = format(value.normalize(), "f").replace(".", ",")
            found = read(write(tmp_path, lines, "FILO2021_DISP_PAUVRES_DEP.csv"))
            assert any(one.row == 6 for one in found.told), (lines[0][column], factor)


@pytest.mark.parametrize(
    ("one", "other"),
    [("NBMEN19", "NBPERS19"), ("Q119", "D319"), ("Q219", "D619"), ("D919", "D819"), ("PPEN19", "PPAT19"),
     ("RD", "S80S2019"), ("PTSA19", "PBEN19"), ("PCHO19", "PBEN19"), ("GI19", "RD")],
)  # fmt: skip
def test_two_exchanged_columns_are_found(tmp_path: Path, one: str, other: str) -> None:
    lines = base()
    a, b = lines[0].index(one), lines[0].index(other)
    lines[0][a], lines[0][b] = lines[0][b], lines[0][a]
    assert read(write(tmp_path, lines)).told


def _set(code: str, name: str, text: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        row, column = at(lines, code, name)
        lines[row][column] = text

    return change


def _exchange_names(lines: Lines) -> None:
    lines[1][1], lines[2][1] = lines[2][1], lines[1][1]


def _rename(old: str, new: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[0][lines[0].index(old)] = new

    return change


@pytest.mark.parametrize(
    ("change", "row", "name"),
    [
        (_set("09", "Q219", "n.c."), 2, "Q219"),
        (_set("09", "NBMEN19", "100000,5"), 2, "NBMEN19"),
        (_set("09", "NBMEN19", "100 000"), 2, "NBMEN19"),
        (_set("09", "GI19", "0.270"), 2, "GI19"),
        (_set("09", "D119", "-10800"), 2, "D119"),
        (_set("09", "CODGEO", "9"), 2, "CODGEO"),
        (_set("11", "LIBGEO", ""), 3, "LIBGEO"),
        (_exchange_names, 2, "LIBGEO"),
        (lambda lines: lines.pop(4), None, "CODGEO"),
        (lambda lines: lines.append(list(lines[1])), 15, "CODGEO"),
        (lambda lines: lines[1].append("12"), 2, None),
        (_rename("Q119", "Q118"), 1, "Q118"),
        (_rename("Q119", "Q219"), 1, "Q219"),
        (_rename("Q119", "REVENU19"), 1, "REVENU19"),
        (_set("09", "Q219", ""), 2, "Q219"),
    ],
)
def test_a_defect_is_told_at_its_cell(
    tmp_path: Path, change: Callable[[Lines], None], row: int | None, name: str | None
) -> None:
    lines = base()
    change(lines)
    found = read(write(tmp_path, lines))
    assert any(one.row == row and (name is None or one.column == name) for one in found.told), found.told


def test_the_year_must_be_that_of_the_name(tmp_path: Path) -> None:
    assert read(write(tmp_path, base(), "FILO2018_DISP_DEP.csv")).reading.rejects


def test_there_is_no_year_2022_nor_a_second_generation_here(tmp_path: Path) -> None:
    for year in ("22", "23"):
        lines = [[cell.replace("19", year) for cell in base()[0]], *base()[1:]]
        assert "Filosofi 2022" in read(write(tmp_path, lines, "base.csv")).reading.rejects[0].advice


def test_declared_income_is_another_family(tmp_path: Path) -> None:
    assert not TABLE.recognise(write(tmp_path, base(), "FILO2019_DEC_DEP.csv")).is_certain
    assert TABLE.recognise(write(tmp_path, base())).is_certain
    assert not FRENCH.recognise(write(tmp_path, base())).is_certain


def test_communes_and_boroughs(tmp_path: Path) -> None:
    """Both a city and its boroughs are kept, under two levels; a rate of 5 is a floor."""
    header = ["CODGEO", "LIBGEO", "NBMENFISC21", "NBPERSMENFISC21", "MED21", "TP6021"]
    codes = [f"{code}001" for code in ("75", "77", "78", "91", "92", "93", "94", "95")]
    rows = [[code, f"Commune {code}", "400", "900", "22040", "s"] for code in codes]
    cities = [["75056", "Paris", "800", "1800", "27000", "15"], ["75101", "Paris 1er", "400", "900", "31000", "5"]]
    lines = [header, *rows, *cities]
    for index, row in enumerate(lines[1:]):
        row[2] = str(400 + index)
    found = read(write(tmp_path, lines, "cc_filosofi_2021_COM.csv"))
    assert not found.told
    assert found.cells["poverty_rate_60", "other", "75101", "all"]["marker"] == "<="
    assert found.cells["poverty_rate_60", "commune", "75056", "all"]["value"] == 15
    lines[1][0] = "1001"
    assert read(write(tmp_path, lines, "cc_filosofi_2021_COM.csv")).blames(2, "CODGEO")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, with_header: bool) -> None:
    for layout, header in ((TABLE, b"CODGEO;LIBGEO;Q219;RD\r\n"), (FRENCH, b"x,y\n")):
        path = tmp_path / "FILO2019_DISP_DEP.csv"
        path.write_bytes((header if with_header else b"") + content)
        layout.recognise(path)
        layout.edition(path)
        reading = Reading(new_connection(), path.name)
        layout.read(path, reading)
        assert reading.rejects or reading.cells_kept


@genuine
@pytest.mark.parametrize(
    ("name", "layout", "cells", "territories", "year"),
    [
        ("FILO2018_DISP_COM.csv", TABLE, 257_995, 31_330, "2018"),
        ("FILO2019_DISP_DEP.csv", TABLE, 2_842, 98, "2019"),
        ("FILO2019_DISP_EPCI.csv", TABLE, 35_960, 1_240, "2019"),
        ("FILO2019_DISP_METROPOLE.csv", TABLE, 29, 1, "2019"),
        ("FILO2019_DISP_REG.csv", TABLE, 435, 15, "2019"),
        ("FILO2021_DISP_PAUVRES_DEP_extrait_occitanie.csv", TABLE, 1_820, 13, "2021"),
        ("fr-dpt-pauvrete-2013.csv", FRENCH, 1_536, 96, "2013"),
    ],
)
def test_genuine_files(name: str, layout: OfficialLayout, cells: int, territories: int, year: str) -> None:
    assert layout.recognise(DATA / name).is_certain
    assert layout.edition(DATA / name).label == year
    found = read(DATA / name, layout)
    assert not found.told
    assert (found.reading.cells_read, found.reading.cells_kept) == (cells, cells)
    row = found.reading.connection.execute(
        "select count(distinct concat(territory_level, territory_code)), count(distinct period_code) from reading"
    ).fetchone()
    assert row == (territories, 1)


@genuine
@pytest.mark.parametrize(
    ("year", "files"),
    [
        ("2019", ("FILO2019_DISP_DEP.csv", "FILO2019_DISP_REG.csv")),
        ("2021", ("FILO2021_DISP_PAUVRES_DEP_extrait_occitanie.csv",)),
    ],
)
def test_the_transcribed_extracts_agree(year: str, files: tuple[str, ...]) -> None:
    cells: dict[tuple[str, str, str, str], dict[str, object]] = {}
    for file in files:
        cells |= read(DATA / file).cells
    with (PROJECT / "raw" / "insee" / "filosofi" / year / "occitanie.csv").open(encoding="utf-8") as extract:
        rows = list(csv.DictReader(extract))
    assert len(rows) >= 13
    for row in rows:
        cell = cells[row["indicator_code"], row["territory_level"], row["territory_code"], "all"]
        assert (cell["value"], cell["unit"], cell["period_code"]) == (Decimal(row["value"]), row["unit"], year)
        assert (cell["source_row"], cell["source_column"]) == (int(row["source_row"]), row["source_column"])


@genuine
def test_golden_values_of_occitanie() -> None:
    region = read(DATA / "FILO2019_DISP_REG.csv").cells
    assert region["median_living_standard", "region", "76", "all"]["value"] == 20_980
    country = read(DATA / "FILO2019_DISP_METROPOLE.csv").cells
    assert country["median_living_standard", "country", "FR-METRO", "all"]["value"] == 21_930
    rates = read(DATA / "FILO2021_DISP_PAUVRES_DEP_extrait_occitanie.csv").cells
    assert [rates["poverty_rate_60", "departement", code, "all"]["value"] for code in ("09", "66")] == [
        Decimal("19.0"), Decimal("21.2"),
    ]  # fmt: skip
    assert {code for (_, _, code, _), cell in rates.items() if cell["marker"] == "s"} == {"48"}


@genuine
def test_a_genuine_file_cut_short_names_what_it_lacks(tmp_path: Path) -> None:
    for name, keep in (("FILO2019_DISP_DEP.csv", 60), ("FILO2019_DISP_REG.csv", 15), ("FILO2018_DISP_COM.csv", 20_000)):
        found = read(write(tmp_path, load(name)[:keep], name))
        assert any(one.rule == "complétude" and "absents" in one.found for one in found.reading.rejects), name
    assert read(write(tmp_path, load("FILO2019_DISP_EPCI.csv")[:1200], "FILO2019_DISP_EPCI.csv")).reading.flags


@genuine
def test_family_and_minimum_benefits_exchanged_are_found(tmp_path: Path) -> None:
    lines = load("FILO2019_DISP_DEP.csv")
    a, b = lines[0].index("PPFAM19"), lines[0].index("PPMINI19")
    lines[0][a], lines[0][b] = lines[0][b], lines[0][a]
    assert read(write(tmp_path, lines)).told
