"""Localised unemployment rates: the databank's CSV export."""

import csv
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from statistics import mean

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.insee.bdm import AREA_OF_SERIES, area_territory
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.insee.unemployment import LAYOUTS
from dagster_project.settings import PROJECT
from tests.readers.insee.reading_of import flagged, number, reading_of, rejected

(LAYOUT,) = LAYOUTS
DATA = PROJECT.parent / "shared" / "data" / "insee_chomage"
GENUINE = DATA / "bdm_TAUX-CHOMAGE_valeurs_trimestrielles_20231220.csv"
TRANSCRIBED = PROJECT / "raw" / "insee" / "unemployment" / "2023-12-20" / "occitanie.csv"
genuine = pytest.mark.skipif(not GENUINE.exists(), reason="fichier de l'Insee absent de cette machine")

Rows = list[list[str]]
QUARTERS = [f"{year}-T{quarter}" for year in (2020, 2021, 2022) for quarter in (1, 2, 3, 4)]
HEADER = ["Libellé", "idBank", "Dernière mise à jour", "Période", *QUARTERS]
FIRST = 4


def invented() -> Rows:
    """Every metropolitan series of the databank, made up: départements from 7 to 9, regions their means."""
    chance = random.Random(46)
    bases = {code: 7 + rank * 7 % 21 / 10 for rank, code in enumerate(departement_regions())}
    rates = {
        code: [round(base + at * 0.2 + chance.random() * 0.3, 1) for at in range(len(QUARTERS))]
        for code, base in bases.items()
    }
    rows = [HEADER]
    for idbank, area in sorted(AREA_OF_SERIES.items(), key=lambda one: (one[1][0] == "D", one)):
        territory = area_territory(area)
        assert territory is not None
        if territory[1].startswith("97"):
            continue
        kind = "département" if territory[0] == "departement" else "région"
        parts = [
            code
            for code, region in departement_regions().items()
            if territory[1] == region or territory[0] in ("country", "other")
        ]
        parts = [territory[1]] if kind == "département" else parts
        overseas = 0.2 * (territory[0] == "other")
        series = [f"{mean(rates[code][at] for code in parts) + overseas:.1f}" for at in range(len(QUARTERS))]
        rows.append([f"Taux de chômage localisé par {kind} - {territory[2]}", idbank, "20/12/2022 12:00", "", *series])
        rows.append(["Codes", "", "", "", *["A"] * 11, "SD"])
    return rows


def write(path: Path, rows: Rows, *, bom: bool = False, end: str = "\n") -> Path:
    with path.open("w", encoding="utf-8-sig" if bom else "utf-8", newline="") as file:
        csv.writer(file, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator=end).writerows(rows)
    return path


def row_of(rows: Rows, label: str) -> int:
    return next(index for index, row in enumerate(rows) if row[0].endswith(f"- {label}"))


def test_an_export_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "valeurs_trimestrielles.csv", invented())
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2022-12-20"
    assert LAYOUT.edition(path).published_on == date(2022, 12, 20)
    reading = reading_of(LAYOUT, path)
    assert (reading.rejects, reading.flags) == ([], [])
    series = 111
    assert (reading.cells_kept, reading.cells_read) == (series * 12, series * 24)
    assert reading.cells_set_aside == series * 12
    assert number(reading, "select count(*) from reading where obs_status = 'P' and marker = 'SD'") == series
    assert number(reading, "select territory_level from reading where territory_code = 'FR-METRO' limit 1") == "country"
    assert number(reading, "select count(distinct period_code) from reading") == 12


def reordered(rows: Rows) -> Rows:
    keys = [1, 0, 2, 3]
    return [[*(row[index] for index in keys), *row[:3:-1]] for row in rows]


@pytest.mark.parametrize(
    "variant",
    [
        reordered,
        lambda rows: [[*row[:6], *row[7:9], row[6], *row[9:]] for row in rows],
        lambda rows: [*rows, [""] * len(HEADER), [""] * len(HEADER)],
        lambda rows: [[f"{cell} " for cell in row] for row in rows],
    ],
    ids=["columns in another order", "a quarter moved with its values", "blank rows at the end", "trailing blanks"],
)
@pytest.mark.parametrize(("bom", "end"), [(False, "\n"), (True, "\r\n")])
def test_harmless(tmp_path: Path, variant: Callable[[Rows], Rows], bom: bool, end: str) -> None:
    reading = reading_of(LAYOUT, write(tmp_path / "v.csv", variant(invented()), bom=bom, end=end))
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.cells_kept == 111 * 12


def test_a_swap_of_two_headers_is_refused(tmp_path: Path) -> None:
    rows = invented()
    rows[0] = rows[0].copy()
    rows[0][6], rows[0][10] = rows[0][10], rows[0][6]
    reading = reading_of(LAYOUT, write(tmp_path / "v.csv", rows))
    assert ("en-têtes permutés", 1, "G") in rejected(reading)


def mutate(label: str, column: int, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row_of(rows, label)][column] = value

    return change


def drop(label: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        at = row_of(rows, label)
        del rows[at : at + 2]

    return change


def swap_labels(rows: Rows) -> None:
    one, other = row_of(rows, "Lot"), row_of(rows, "Gers")
    rows[one][0], rows[other][0] = rows[other][0], rows[one][0]


def paste_column(rows: Rows) -> None:
    for row in rows[1::2]:
        row[FIRST + 8] = row[FIRST + 4]


def paste_row(rows: Rows) -> None:
    rows[row_of(rows, "Lot")][FIRST:] = rows[row_of(rows, "Gers")][FIRST:]


def twice(rows: Rows) -> None:
    at = row_of(rows, "Lot")
    rows += rows[at : at + 2]


def header(index: int, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[0] = [*rows[0][:index], value, *rows[0][index + 1 :]]

    return change


@pytest.mark.parametrize(
    ("change", "rule", "at_label"),
    [
        (mutate("Lot", 6, "101.0"), "taux de chômage", ("Lot", 0, "G")),
        (mutate("Lot", 6, "n.d."), "taux de chômage", ("Lot", 0, "G")),
        (mutate("Lot", 6, ""), "taux de chômage", ("Lot", 0, "G")),
        (mutate("Lot", 1, "1515911"), "identifiant de série", ("Lot", 0, "B")),
        (mutate("Lot", 2, "31/13/2022"), "date de mise à jour", ("Lot", 0, "C")),
        (mutate("Lot", 0, "Taux de chômage localisé par département - Lots"), "série", None),
        (drop("Lot"), "complétude", None),
        (swap_labels, "libellé et identifiant accordés", ("Lot", 0, "A")),
        (paste_column, "colonne collée deux fois", None),
        (paste_row, "ligne collée deux fois", ("Lot", 0, "A")),
        (twice, "série en double", None),
        (header(6, "2020-T5"), "en-tête", None),
        (header(6, "2020-T2"), "en-tête", None),
        (header(1, "identifiant"), "en-tête", None),
        (header(15, "2023-T4"), "suite des trimestres", None),
        (lambda rows: rows.pop(row_of(rows, "Lot") + 1), "codes de qualité", ("Lot", 0, "A")),
    ],
)
def test_refused(
    tmp_path: Path, change: Callable[[Rows], object], rule: str, at_label: tuple[str, int, str] | None
) -> None:
    rows = invented()
    change(rows)
    found = rejected(reading_of(LAYOUT, write(tmp_path / "v.csv", rows)))
    assert rule in {one[0] for one in found}
    if at_label:
        row = row_of(rows, at_label[0]) + 1 + at_label[1]
        assert (rule, row, at_label[2]) in found


def test_an_unknown_code_is_refused_and_a_missing_value_kept(tmp_path: Path) -> None:
    rows = invented()
    at = row_of(rows, "Lot") + 1
    rows[at][6] = "Z"
    assert ("code de qualité", at + 1, "G") in rejected(reading_of(LAYOUT, write(tmp_path / "v.csv", rows)))
    rows[at][6], rows[at - 1][6] = "Q", ""
    reading = reading_of(LAYOUT, write(tmp_path / "w.csv", rows))
    secret = reading.connection.execute(
        "select territory_code, marker, value from reading where obs_status = 'M'"
    ).fetchall()
    assert secret == [("46", "Q", None)]


def test_truncated(tmp_path: Path) -> None:
    path = write(tmp_path / "v.csv", invented())
    path.write_bytes(path.read_bytes()[:-40])
    assert reading_of(LAYOUT, path).rejects


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"Libellé;idBank\n{text}".encode())))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    LAYOUT.recognise(path)
    LAYOUT.edition(path)
    assert reading_of(LAYOUT, path).rejects


@genuine
def test_the_genuine_export() -> None:
    assert LAYOUT.recognise(GENUINE).is_certain
    assert LAYOUT.edition(GENUINE).published_on == date(2023, 12, 20)
    reading = reading_of(LAYOUT, GENUINE)
    assert (reading.rejects, reading.flags) == ([], [])
    assert (reading.cells_read, reading.cells_kept, reading.cells_set_aside) == (36818, 18409, 18409)
    rate = "select value::varchar from reading where territory_level = '{}' and territory_code = '{}' and {}"
    quarter = "period_code = '2021-Q3'"
    assert number(reading, rate.format("region", "76", quarter)) == "9.300000"
    assert number(reading, rate.format("country", "FR-METRO", quarter)) == "7.700000"


@genuine
def test_the_transcribed_extract_agrees_cell_for_cell() -> None:
    reading = reading_of(LAYOUT, GENUINE)
    with TRANSCRIBED.open(encoding="utf-8", newline="") as file:
        transcribed = list(csv.DictReader(file))
    assert len(transcribed) == 14
    for line in transcribed:
        read = reading.connection.execute(
            """select period_label, period_start::varchar, period_end::varchar, printed_text, unit, obs_status,
                source_row::varchar, source_column, territory_label, value = ?::decimal(24, 6)
            from reading where territory_level = ? and territory_code = ? and period_label = ?""",
            [line["value"], line["territory_level"], line["territory_code"], line["period_label"]],
        ).fetchall()
        names = ("period_label", "period_start", "period_end", "printed_text", "unit", "obs_status", "source_row",
                 "source_column", "territory_label")  # fmt: skip
        assert read == [(*(line[name] for name in names), True)]


@genuine
@pytest.mark.parametrize(("label", "quarter"), [("Lot", "2021-T3"), ("Nord", "1982-T1"), ("Occitanie", "2023-T3")])
@pytest.mark.parametrize("factor", [10, 0.1])
def test_a_slip_of_the_decimal_point_is_pointed_at(tmp_path: Path, label: str, quarter: str, factor: float) -> None:
    with GENUINE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    at, column = row_of(rows, label), rows[0].index(quarter)
    rows[at][column] = f"{float(rows[at][column]) * factor:.1f}"
    reading = reading_of(LAYOUT, write(tmp_path / "v.csv", rows))
    letter = reading.flags[0].column_letter if reading.flags else None
    assert reading.rejects or (None, at + 1, letter) in flagged(reading)
    assert {(one.row, one.column) for one in [*reading.flags, *reading.rejects]} >= {(at + 1, quarter)}


@genuine
def test_a_region_outside_its_departements_is_pointed_at(tmp_path: Path) -> None:
    with GENUINE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file, delimiter=";"))
    corse, bretagne = row_of(rows, "Corse"), row_of(rows, "Bretagne")
    rows[corse][FIRST:], rows[bretagne][FIRST:] = rows[bretagne][FIRST:], rows[corse][FIRST:]
    reading = reading_of(LAYOUT, write(tmp_path / "v.csv", rows))
    assert {corse + 1, bretagne + 1} <= {one.row for one in reading.flags}
