"""Melodi answers and files: exact numbers, missing values that say why, generations kept apart."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.melodi import LAYOUTS
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import OfficialLayout
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection

SAMPLE = PROJECT.parent / "shared" / "data" / "insee_api" / "melodi_filosofi_sample.json"
JSON, CSV = LAYOUTS
HEADER = "GEO;GEO_OBJECT;FILOSOFI_MEASURE;UNIT_MEASURE;UNIT_MULT;CONF_STATUS;OBS_STATUS;TIME_PERIOD;OBS_VALUE"
VALUES = {
    "NUM_HH": ("NR", "1000"), "NUM_PER": ("NR", "2200"), "D1_SL": ("EUR_YR", "12340"), "MED_SL": ("EUR_YR", "23080"),
    "D9_SL": ("EUR_YR", "41030"), "IR_D9_D1_SL": ("NR", "3.3"), "PR_MD60": ("PT", "15.9"),
}  # fmt: skip

Change = Callable[[dict[str, Any]], None]


def read(path: Path, layout: OfficialLayout) -> Reading:
    reading = Reading(new_connection(), path.name)
    layout.read(path, reading)
    if not reading.rejects:
        assert reading.cells_read == reading.cells_kept + reading.cells_set_aside
    return reading


def kept(reading: Reading) -> dict[tuple[str, str, str], tuple[Any, ...]]:
    reading.flush()
    rows = reading.connection.execute(
        "select indicator_code, territory_level, territory_code, value, marker, obs_status, period_code from reading"
    ).fetchall()
    return {row[:3]: row[3:] for row in rows}


def whole(period: str = "2023") -> list[str]:
    """Invented figures: every metropolitan département, the country, and a zoning, in one file."""
    places = [("DEP", code) for code in names("departement") if not code.startswith("97")]
    rows = [HEADER]
    for index, (level, code) in enumerate([*places, ("FRANCE", "FM"), ("ZE2020", "7625")]):
        for measure, (unit, value) in VALUES.items():
            shown = str(int(value) + index) if measure == "NUM_HH" else value
            rows.append(f"{code};{level};{measure};{unit};0;F;A;{period};{shown}")
    return rows


def write(folder: Path, rows: list[str], end: str = "\n", bom: str = "") -> Path:
    path = folder / "DS_FILOSOFI_CC_2023_data.csv"
    path.write_text(bom + end.join(rows) + end, encoding="utf-8", newline="")
    return path


def answer(value: str = "15.9", geo: str = "2025-DEP-31", measure: str = "PR_MD60") -> dict[str, Any]:
    return {
        "identifier": "DS_FILOSOFI_CC",
        "paging": {"first": "https://example.org", "isLast": True},
        "observations": [
            {
                "dimensions": {
                    "GEO": geo, "TIME_PERIOD": "2023", "UNIT_MEASURE": "PT", "FILOSOFI_MEASURE": measure,
                },
                "attributes": {"OBS_STATUS": "P", "CONF_STATUS": "F", "UNIT_MULT": "0"},
                "measures": {"OBS_VALUE_NIVEAU": {"value": float(value)}},
            }
        ],
    }  # fmt: skip


def write_json(folder: Path, content: dict[str, Any] | str) -> Path:
    path = folder / "melodi.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


@pytest.mark.skipif(not SAMPLE.is_file(), reason="la réponse de l'Insee n'est pas sur cette machine")
def test_the_genuine_answer() -> None:
    assert JSON.recognise(SAMPLE).is_certain
    assert not CSV.recognise(SAMPLE).is_certain
    assert JSON.edition(SAMPLE).label == "2023"
    reading = read(SAMPLE, JSON)
    assert not reading.rejects and not reading.flags
    assert kept(reading) == {
        ("living_standard_d1_filosofi2", "commune", "33318"): (None, "O", "M", "2023"),
        ("income_share_social_benefits_filosofi2", "commune", "33318"): (None, "O", "M", "2023"),
    }


def test_an_answer_is_exact_and_provisional(tmp_path: Path) -> None:
    reading = read(write_json(tmp_path, answer()), JSON)
    assert kept(reading) == {("poverty_rate_60_filosofi2", "departement", "31"): (Decimal("15.9"), "*", "P", "2023")}


def _in(*keys: str | int, value: object) -> Change:
    def change(content: dict[str, Any]) -> None:
        inside: Any = content["observations"][0]
        for key in keys[:-1]:
            inside = inside[key]
        inside[keys[-1]] = value

    return change


@pytest.mark.parametrize(
    "change",
    [
        _in("dimensions", "GEO", value="DEP-31"),
        _in("dimensions", "GEO", value="2025-DEP-1"),
        _in("dimensions", "GEO", value="2025-COM-1001"),
        _in("dimensions", "TIME_PERIOD", value="2022"),
        _in("dimensions", "TIME_PERIOD", value="2023-13"),
        _in("dimensions", "FILOSOFI_MEASURE", value="PR_MD61"),
        _in("dimensions", "UNIT_MEASURE", value="EUR_YR"),
        _in("dimensions", "AGE", value="Y_LT30"),
        _in("attributes", "UNIT_MULT", value="3"),
        _in("attributes", "OBS_STATUS", value="Z"),
        _in("attributes", "CONF_STATUS", value="C"),
        _in("measures", "OBS_VALUE_NIVEAU", value={}),
        _in("measures", "OBS_VALUE_NIVEAU", value={"value": "15,9"}),
        _in("measures", "OBS_VALUE_NIVEAU", value={"value": -3}),
        lambda content: content["observations"].append(content["observations"][0]),
        lambda content: content.update(identifier="DS_RP_POPULATION_PRINC"),
        lambda content: content.update(observations=[]),
        lambda content: content.update(observations=[1, None]),
    ],
)
def test_a_changed_answer_is_refused(tmp_path: Path, change: Change) -> None:
    content = answer()
    change(content)
    assert read(write_json(tmp_path, content), JSON).rejects


@pytest.mark.parametrize("value", ["159", "1590"])
def test_a_rate_ten_times_off_is_told(tmp_path: Path, value: str) -> None:
    reading = read(write_json(tmp_path, answer(value)), JSON)
    assert reading.flags or reading.rejects


@pytest.mark.parametrize(
    ("old", "new"),
    [('"value": 15.9', '"value": NaN'), ('"value": 15.9', '"value": 15.9, "value": 16.9'), ('"observations"', "'o'"),
     ("}", "")],
)  # fmt: skip
def test_what_is_not_json_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert read(write_json(tmp_path, json.dumps(answer()).replace(old, new)), JSON).rejects


def test_a_page_that_is_not_the_last_is_told(tmp_path: Path) -> None:
    content = answer()
    content["paging"] = {"next": "https://example.org?page=2", "isLast": False}
    reading = read(write_json(tmp_path, content), JSON)
    assert reading.flags and not reading.rejects


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("bom", ["", "\ufeff"])
def test_a_file_of_all_zonings(tmp_path: Path, end: str, bom: str) -> None:
    path = write(tmp_path, [*whole(), ";" * 8, ""], end, bom)
    assert CSV.recognise(path).is_certain
    assert CSV.edition(path).label == "2023"
    reading = read(path, CSV)
    assert not reading.rejects and not reading.flags
    cells = kept(reading)
    assert reading.cells_read == len(cells) == 7 * 98
    assert cells["median_living_standard_filosofi2", "country", "FR-METRO"][0] == 23_080
    assert ("fiscal_persons_filosofi2", "other", "ZE2020-7625") in cells


def test_a_secret_value_says_so(tmp_path: Path) -> None:
    ile_de_france = [f"{code}001" for code in ("75", "77", "78", "91", "92", "93", "94", "95")]
    rows = [HEADER, *(f"{code};COM;PR_MD60;PT;0;C;O;2023;" for code in ile_de_france)]
    cells = kept(read(write(tmp_path, rows), CSV))
    assert cells["poverty_rate_60_filosofi2", "commune", "75001"] == (None, "C", "M", "2023")


def test_the_first_generation_keeps_its_codes(tmp_path: Path) -> None:
    cells = kept(read(write(tmp_path, whole("2021")), CSV))
    assert cells["poverty_rate_60", "departement", "31"][0] == Decimal("15.9")


@pytest.mark.parametrize(
    ("old", "new", "row"),
    [
        ("09;DEP;MED_SL;EUR_YR;0;F;A;2023;23080", "09;DEP;MED_SL;EUR_YR;0;F;A;2023;230800", True),
        ("09;DEP;D9_SL;EUR_YR;0;F;A;2023;41030", "09;DEP;D9_SL;EUR_YR;0;F;A;2023;410300", True),
        ("09;DEP;PR_MD60;PT;0;F;A;2023;15.9", "09;DEP;PR_MD60;PT;0;F;A;2023;15,9", True),
        ("09;DEP;PR_MD60;PT;0;F;A;2023;15.9", "9;DEP;PR_MD60;PT;0;F;A;2023;15.9", True),
        ("09;DEP;PR_MD60;PT;0;F;A;2023;15.9", "09;DEP;PR_MD60;PT;0;F;A;2023", True),
        ("09;DEP;PR_MD60;PT;0;F;A;2023;15.9", "09;DEP;PR_MD60;PT;0;F;A;2023;", True),
        ("09;DEP;", "11;DEP;", True),
        ("FILOSOFI_MEASURE", "MESURE", False),
        ("OBS_VALUE", "VALEUR", False),
    ],
)
def test_a_changed_file_is_told(tmp_path: Path, old: str, new: str, row: bool) -> None:
    rows = [line.replace(old, new) for line in whole()]
    reading = read(write(tmp_path, rows), CSV)
    told = [*reading.rejects, *reading.flags]
    assert told
    if row and old != "09;DEP;":
        line = next(index for index, (one, other) in enumerate(zip(rows, whole(), strict=True)) if one != other) + 1
        assert line in {one.row for one in told}


def test_a_missing_departement_is_named(tmp_path: Path) -> None:
    rows = [line for line in whole() if not line.startswith("46;DEP")]
    assert any("Lot (46)" in one.found for one in read(write(tmp_path, rows), CSV).rejects)


def test_reference_populations_add_up(tmp_path: Path) -> None:
    header = HEADER.replace("FILOSOFI_MEASURE", "POPREF_MEASURE")
    departements = [code for code in names("departement") if not code.startswith("97")]
    values = {"PMUN": 100, "PCAP": 2, "PTOT": 102}
    rows = [
        header,
        *(f"{code};DEP;{one};PS;0;F;A;2023;{value}" for code in departements for one, value in values.items()),
    ]
    reading = read(write(tmp_path, rows), CSV)
    assert not reading.rejects
    assert kept(reading)["reference_population_municipal", "departement", "31"][3] == "2023-01-01"
    rows[3] = rows[3].replace("102", "112")
    assert [one.row for one in read(write(tmp_path, rows), CSV).rejects] == [4]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=300), st.sampled_from(["", HEADER + "\n", '{"identifier": "DS_FILOSOFI_CC", "observations": '])
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes, head: str) -> None:
    path = tmp_path / "melodi"
    path.write_bytes(head.encode() + content)
    for layout in LAYOUTS:
        layout.recognise(path)
        layout.edition(path)
        reading = Reading(new_connection(), path.name)
        layout.read(path, reading)
        assert reading.rejects or reading.cells_kept
