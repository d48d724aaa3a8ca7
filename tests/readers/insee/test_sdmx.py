"""Series of the databank as its web service gives them."""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.insee.sdmx import LAYOUTS
from dagster_project.settings import PROJECT
from tests.readers.insee.reading_of import number, reading_of

(LAYOUT,) = LAYOUTS
GENUINE = PROJECT.parent / "shared" / "data" / "insee_api" / "bdm_series_sample.xml"
genuine = pytest.mark.skipif(not GENUINE.exists(), reason="fichier de l'Insee absent de cette machine")

MESSAGE = """<?xml version='1.0' encoding='UTF-8'?>{doctype}
<message:StructureSpecificData xmlns:message="http://www.sdmx.org/resources/sdmxml/schemas/v2_1/message">
<message:Header><message:Prepared>2022-01-10T11:27:31</message:Prepared><message:Sender id="FR1"/></message:Header>
<message:DataSet>{series}</message:DataSet></message:StructureSpecificData>"""
SERIES = (
    '<Series IDBANK="001515911" FREQ="T" TITLE_FR="Taux de chômage localisé par département - Lot" '
    'LAST_UPDATE="2021-12-22" UNIT_MEASURE="POURCENT" UNIT_MULT="0" REF_AREA="D46" DECIMALS="1">'
    '<Obs TIME_PERIOD="2021-Q3" OBS_VALUE="7.9" OBS_STATUS="A" OBS_QUAL="SD" DATE_JO="2021-12-23"/>'
    '<Obs TIME_PERIOD="2021-Q2" OBS_VALUE="7.8" OBS_STATUS="A" OBS_QUAL="DEF"/>'
    '<Obs TIME_PERIOD="2021-Q1" OBS_VALUE="NaN" OBS_STATUS="O" OBS_QUAL="DEF"/></Series>'
)


def write(path: Path, series: str = SERIES, doctype: str = "") -> Path:
    path.write_text(MESSAGE.format(series=series, doctype=doctype), encoding="utf-8")
    return path


def test_a_series_is_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "bdm.xml")
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).published_on == date(2021, 12, 22)
    reading = reading_of(LAYOUT, path)
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.connection.execute(
        "select indicator_code, territory_level, territory_code, period_code, value::varchar, obs_status, marker,"
        " source_sheet, source_row from reading order by source_row"
    ).fetchall() == [
        ("unemployment_rate", "departement", "46", "2021-Q3", "7.900000", "P", "SD", "001515911", 1),
        ("unemployment_rate", "departement", "46", "2021-Q2", "7.800000", "A", None, "001515911", 2),
        ("unemployment_rate", "departement", "46", "2021-Q1", None, "M", "O", "001515911", 3),
    ]


@pytest.mark.parametrize(
    ("found", "put", "rule", "row"),
    [
        ("001515911", "001515912", "série", None),
        ("001515911", "1515911", "identifiant de série", None),
        ("D46", "D47", "série", None),
        ("département - Lot", "département - Gers", "série", None),
        ("Taux de chômage localisé", "Nombre de chômeurs", "série", None),
        ("POURCENT", "NOMBRE", "unité", None),
        ('UNIT_MULT="0"', 'UNIT_MULT="3"', "unité", None),
        ("2021-Q2", "2021-Q5", "période", 2),
        ("2021-Q2", "2021-06", "période", 2),
        ("2021-Q2", "2021-Q3", "doublon", 2),
        ("2021-Q1", "2020-Q1", "suite des périodes", 2),
        ('"7.8"', '"108"', "valeur", 2),
        ('"7.8"', '"7,8"', "valeur", 2),
        ('"7.8"', '"7.81"', "valeur", 2),
        ('"7.8"', '""', "valeur", 2),
        ('OBS_STATUS="O"', 'OBS_STATUS="Z"', "code de qualité", 3),
        ("2021-12-23", "2021-02-30", "date de parution", 1),
        ("</Series>", "", "xml", None),
    ],
)
def test_refused(tmp_path: Path, found: str, put: str, rule: str, row: int | None) -> None:
    reading = reading_of(LAYOUT, write(tmp_path / "bdm.xml", SERIES.replace(found, put)))
    assert (rule, row) in {(one.rule, one.row) for one in reading.rejects}
    assert reading.cells_read >= reading.cells_kept + reading.cells_set_aside


def test_the_same_series_twice_is_refused(tmp_path: Path) -> None:
    reading = reading_of(LAYOUT, write(tmp_path / "bdm.xml", SERIES * 2))
    assert [one.rule for one in reading.rejects] == ["série en double"]


def test_a_slip_of_the_decimal_point_is_pointed_at(tmp_path: Path) -> None:
    reading = reading_of(LAYOUT, write(tmp_path / "bdm.xml", SERIES.replace('"7.8"', '"78"')))
    assert (len(reading.flags), reading.flags[0].row or 0) >= (1, 2)


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>',
        '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/hostname">]>',
        '<!DOCTYPE x SYSTEM "http://localhost:1/x.dtd">',
    ],
)
def test_a_dtd_is_refused(tmp_path: Path, doctype: str) -> None:
    reading = reading_of(LAYOUT, write(tmp_path / "bdm.xml", doctype=doctype))
    assert [one.rule for one in reading.rejects] == ["xml"]
    assert reading.cells_kept == 0


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(st.characters(codec="utf-8"), max_size=60).map(
            lambda text: MESSAGE.format(series=text, doctype="").encode()
        ),
    )
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.xml"
    path.write_bytes(content)
    LAYOUT.recognise(path)
    LAYOUT.edition(path)
    assert reading_of(LAYOUT, path).rejects


@genuine
def test_the_genuine_answer() -> None:
    assert LAYOUT.recognise(GENUINE).is_certain
    assert LAYOUT.edition(GENUINE).label == "2026-01-15"
    reading = reading_of(LAYOUT, GENUINE)
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.cells_read == reading.cells_kept == 432
    assert number(reading, "select value::varchar from reading where period_code = '2025-12'") == "119.760000"
    assert (
        number(reading, "select distinct indicator_code from reading") == "consumer_price_index_2015_excluding_tobacco"
    )


@genuine
def test_a_price_ten_times_too_high_is_pointed_at(tmp_path: Path) -> None:
    path = tmp_path / "bdm.xml"
    path.write_text(GENUINE.read_text(encoding="utf-8").replace('"119.89"', '"1198.9"'), encoding="utf-8")
    assert [one.row for one in reading_of(LAYOUT, path).flags] == [3]
