"""CNAF benefits by commune and by département: invented files in their layout, the genuine extract, planted faults."""

from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from benchmarks.read_communes import compare
from dagster_project.readers.cells import CELL_COLUMNS, Reading
from dagster_project.readers.cnaf.benefits import LAYOUTS
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import OfficialLayout
from tests.readers.cnaf.reading_of import DATA, pointed, read, told
from tests.readers.connection import new_connection

COMMUNES, DEPARTEMENTS = LAYOUTS
GENUINE = DATA / "cnaf_s_ben_com_sample.csv"
HEADER = ["dtreffre", "numcomdo", "nomcom", "indfoy_rsa", "indmtt_rsa", "indfoy_ppa", "indmtt_ppa"]
PLACES = [("01004", "AMBERIEU"), ("2A006", "ALATA"), ("2B033", "BASTIA"), ("31555", "TOULOUSE"), ("75101", "PARIS 1")]
PLACES += [(f"34{number:03d}", f"COMMUNE {number}") for number in range(1, 46)]
Lines = list[list[str]]


def invented() -> Lines:
    """Three Decembers of fifty communes, and the residents no commune was found for."""
    lines = []
    for year in (2022, 2023, 2024):
        for rank, (code, name) in enumerate([*PLACES, ("", "")]):
            rsa, ppa = 5 * (rank + 2 + year % 3), 10 * (rank + 3 + year % 2)
            lines.append([f"{year}-12", code, name, str(rsa), str(rsa // 5 * 2500), str(ppa), str(ppa // 5 * 900)])
    return lines


def written(lines: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    return ("\r\n".join(";".join(line) for line in [header, *lines]) + "\r\n").encode("utf-8-sig")


CELLS = 3 * 51 * 4


def test_every_cell_is_kept(tmp_path: Path) -> None:
    reading = read(COMMUNES, tmp_path, written(invented()))
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == CELLS
    described = reading.connection.execute(f"describe {reading.table}").fetchall()
    assert [name for name, *_ in described] == [column.name for column in CELL_COLUMNS]
    rows = reading.connection.execute(
        "select indicator_code, territory_level, territory_code, period_code, value, unit, printed_text, printed_step, "
        f"source_row, source_column from {reading.table} where source_row in (3, 52) order by source_row, source_column"
    ).fetchall()
    assert rows[0] == (
        "cnaf_rsa_households", "commune", "2A006", "2022-12", Decimal(15), "household", "15", Decimal(5), 3, "D"
    )  # fmt: skip
    assert rows[1][:5] == ("cnaf_rsa_amount", "commune", "2A006", "2022-12", Decimal(7500))
    assert {row[1:3] for row in rows[4:]} == {("other", "unlocated")}
    no_commune = f"select distinct territory_code from {reading.table} where territory_level = 'other' order by 1"
    assert reading.connection.execute(no_commune).fetchall() == [("75101",), ("unlocated",)], "a borough is none"


def test_the_view_goes_into_the_common_table(tmp_path: Path) -> None:
    reading = read(COMMUNES, tmp_path, written(invented()))
    reading.connection.execute(f"insert into reading select * from {reading.table}")
    assert reading.connection.execute("select count(*) from reading").fetchall() == [(CELLS,)]


def test_recognition_and_edition(tmp_path: Path) -> None:
    path = tmp_path / "s_ben_com_f.csv"
    path.write_bytes(written(invented()))
    assert COMMUNES.recognise(path).is_certain and not DEPARTEMENTS.recognise(path).is_certain
    assert COMMUNES.edition(path).label == "2024-12"
    path.write_bytes(departements())
    assert DEPARTEMENTS.recognise(path).is_certain and not COMMUNES.recognise(path).is_certain


def test_the_genuine_extract(tmp_path: Path) -> None:
    if not GENUINE.exists():
        pytest.skip("the genuine extract is not beside the project")
    reading = read(COMMUNES, tmp_path, GENUINE.read_bytes())
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 4548 * 4
    unlocated = reading.connection.execute(
        f"select sum(value) from {reading.table} where indicator_code = 'cnaf_rsa_households' "
        "and territory_code = 'unlocated'"
    ).fetchone()
    assert unlocated == (33605,)
    bordeaux = reading.connection.execute(
        f"select value from {reading.table} where territory_code = '33063' and period_code = '2024-12' "
        "and indicator_code in ('cnaf_rsa_households', 'cnaf_prime_activite_households', 'cnaf_ppa_households') "
        "order by value"
    ).fetchall()
    assert bordeaux == [(9260,), (26745,)]


@pytest.mark.parametrize("name", ["[SD] s_ben_com_f.csv", "SD_s_ben_com_f.csv"])
def test_semi_definitive_files_are_provisional(tmp_path: Path, name: str) -> None:
    """Also under the name they have once they were dropped and archived."""
    reading = read(COMMUNES, tmp_path, written(invented()), name)
    assert told(reading) == []
    assert reading.connection.execute(f"select distinct obs_status, marker from {reading.table}").fetchall() == [
        ("P", "*")
    ]


def test_semi_definitive_files_of_departements_are_provisional(tmp_path: Path) -> None:
    reading = read(DEPARTEMENTS, tmp_path, departements(), "[SD] s_ben_dep.csv")
    assert told(reading) == []
    found = f"select distinct obs_status, marker from {reading.table} order by all"
    assert reading.connection.execute(found).fetchall() == [("M", "0"), ("P", "*")], (
        "what was not counted stays unknown"
    )


@pytest.mark.parametrize(
    "vary",
    [
        lambda lines: written(lines).decode("utf-8-sig").replace("\r\n", "\n").encode(),
        lambda lines: written(lines) + b"\r\n;;;;;;\r\n;;;;;;\r\n\r\n",
        lambda lines: written([line[::-1] for line in lines], HEADER[::-1]),
        lambda lines: written([[f'"{cell}"' for cell in line] for line in lines]),
        lambda lines: written([[line[0] + "-01", *line[1:]] for line in lines]),
        lambda lines: written([[*line[:3], *(cell + ".0" for cell in line[3:])] for line in lines]),
        lambda lines: written([[line[0], *(cell + " " for cell in line[1:])] for line in lines]),
        lambda lines: written([[*line[:2], *line[3:]] for line in lines], [*HEADER[:2], *HEADER[3:]]),
    ],
)  # fmt: skip
def test_harmless_variants(tmp_path: Path, vary: Callable[[Lines], bytes]) -> None:
    reading = read(COMMUNES, tmp_path, vary(invented()))
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == CELLS


def _with(row: int, column: int, text: str) -> Callable[[Lines], bytes]:
    def change(lines: Lines) -> bytes:
        lines[row - 2][column] = text
        return written(lines)

    return change


def _header(old: str, new: str) -> Callable[[Lines], bytes]:
    return lambda lines: written(lines, [new if name == old else name for name in HEADER])


def _exchanged_headers(lines: Lines) -> bytes:
    return written(lines, [*HEADER[:3], "indfoy_ppa", "indmtt_rsa", "indfoy_rsa", "indmtt_ppa"])


def _exchanged_codes(lines: Lines) -> bytes:
    lines[120][1], lines[140][1] = lines[140][1], lines[120][1]
    return written(lines)


def _pasted(lines: Lines) -> bytes:
    return written(
        [*lines[:102], *([month[0], *line[1:]] for month, line in zip(lines[102:], lines[51:], strict=False))]
    )


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (_with(10, 0, "2022-13"), 10, "A"),
        (_with(10, 0, "déc-22"), 10, "A"),
        (_with(10, 0, ""), 10, "A"),
        (_with(2, 1, "1004"), 2, "B"),
        (_with(10, 1, "34003000"), 10, "B"),
        (_with(10, 3, "x"), 10, "D"),
        (_with(10, 3, "52"), 10, "D"),
        (_with(10, 3, "12.5"), 10, "D"),
        (_with(10, 3, "12,5"), 10, "D"),
        (_with(10, 3, "-50"), 10, "D"),
        (_with(10, 4, "25 000"), 10, "E"),
        (_with(10, 4, "25050"), 10, "E"),
        (_with(10, 4, "250000"), 10, "E"),
        (_with(10, 3, "500"), 10, "E"),
        (_with(60, 3, "1500"), 60, "D"),
        (_with(10, 4, "99999999999999999999999"), 10, "E"),
        (_with(10, 2, '"ALATA'), None, None),
        (lambda lines: written([*lines, lines[7]]), 155, "B"),
        (lambda lines: written([*lines, lines[1]]), 155, "B"),
        (lambda lines: written([*lines, lines[50]]), 155, "B"),
        (lambda lines: written([*lines[:5], lines[5][:4], *lines[6:]]), 7, None),
        (lambda lines: written([*lines[:5], [*lines[5], "3"], *lines[6:]]), 7, None),
        (lambda lines: written(lines)[:-12], 154, None),
        (lambda lines: written(lines[:-9]), 145, "A"),
        (_header("indfoy_rsa", "indfoy_rsx"), 1, "D"),
        (_header("indfoy_rsa", "indfoy_ppa"), 1, "F"),
        (_header("numcomdo", "commune"), 1, "B"),
        (_exchanged_headers, 1, "E"),
        (_exchanged_codes, 122, "C"),
        (_pasted, 104, "A"),
        (lambda lines: written([]), None, None),
        (lambda lines: written(lines).decode().encode("utf-16"), None, None),
        (lambda lines: written(lines).replace(b"ALATA", b"ALAT\xc9"), None, None),
    ],
)  # fmt: skip
def test_faults_are_pointed_at(
    tmp_path: Path, change: Callable[[Lines], bytes], row: int | None, column: str | None
) -> None:
    reading = read(COMMUNES, tmp_path, change(invented()))
    assert told(reading)
    assert row is None or (row, column) in pointed(reading), told(reading)


@pytest.mark.parametrize(("column", "refused", "aside"), [(3, 1, 3), (0, 0, 4)])
def test_cells_of_a_refused_line_are_accounted_for(tmp_path: Path, column: int, refused: int, aside: int) -> None:
    reading = read(COMMUNES, tmp_path, _with(10, column, "x")(invented()))
    assert (reading.cells_read, reading.cells_kept, reading.cells_set_aside) == (CELLS, CELLS - 4, aside)
    assert reading.cells_read == reading.cells_kept + reading.cells_set_aside + refused


def test_lines_are_numbered_past_a_refused_one(tmp_path: Path) -> None:
    lines = invented()
    lines[3][0], lines[8][3] = "2022-14", "53"
    assert {(5, "A"), (10, "D")} <= pointed(read(COMMUNES, tmp_path, written(lines)))


def test_the_benchmark_reads_what_it_makes(capsys: pytest.CaptureFixture[str]) -> None:
    compare(rows=70_000, rounds=1, plain_memory="500MB")
    assert "ratio" in capsys.readouterr().out


def departements(change: Callable[[Lines], None] | None = None, header: str | None = None) -> bytes:
    """Three months of the 101 départements, exact, and a technical line."""
    lines = []
    for month in (5, 6, 7):
        for rank, (code, name) in enumerate(names("departement").items()):
            rsa, aah = 3001 + 211 * rank + 7 * month, 2003 + 97 * rank + 3 * month
            figures = [rsa, rsa * 507, aah, aah * 911, 0]
            lines.append([f"2017-{month:02d}", code, name, *map(str, figures)])
        lines.append([f"2017-{month:02d}", "XX", "", "1", "400", "", "", "0"])
    if change:
        change(lines)
    return written(
        lines, (header or "dtreffre;numdep;nomdep;indfoy_rsa;indmtt_rsa;indben_aah;indmtt_aah;indfoy_asf").split(";")
    )


def test_departements(tmp_path: Path) -> None:
    reading = read(DEPARTEMENTS, tmp_path, departements())
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 3 * (101 * 5 + 3)
    assert reading.connection.execute(
        "select distinct value, marker, obs_status from reading where indicator_code = 'cnaf_asf_households'"
    ).fetchall() == [(None, "0", "M")]
    assert reading.connection.execute(
        "select territory_level, territory_code, value, printed_step from reading "
        "where source_row = 103 and source_column = 'E'"
    ).fetchall() == [("other", "XX", 400, None)]


def _cell(row: int, column: int, text: str) -> Callable[[Lines], None]:
    def change(lines: Lines) -> None:
        lines[row - 2][column] = text

    return change


def _drop_66(lines: Lines) -> None:
    lines[:] = [line for line in lines if line[:2] != ["2017-06", "66"]]


def _repeat_month(lines: Lines) -> None:
    for at in range(102):
        lines[102 + at][3:] = lines[at][3:]


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (_cell(10, 0, "2017-13"), 10, "A"),
        (_cell(10, 1, "1"), 10, "C"),
        (_cell(10, 1, "96"), 10, "B"),
        (_cell(10, 2, "Aude"), 10, "C"),
        (_cell(10, 3, "12.5"), 10, "D"),
        (_cell(10, 3, "-12"), 10, "D"),
        (_cell(10, 3, "s"), 10, "D"),
        (_cell(150, 3, "45000"), 150, "D"),
        (_cell(150, 4, "123"), 150, "E"),
        (_repeat_month, 104, "A"),
        (lambda lines: lines.append(lines[3]), 308, "B"),
    ],
)
def test_faults_of_departements_are_pointed_at(
    tmp_path: Path, change: Callable[[Lines], None], row: int, column: str
) -> None:
    reading = read(DEPARTEMENTS, tmp_path, departements(change))
    assert (row, column) in pointed(reading), told(reading)


def test_a_missing_departement_is_named(tmp_path: Path) -> None:
    reading = read(DEPARTEMENTS, tmp_path, departements(_drop_66))
    assert any("66 Pyrénées-Orientales absent en 2017-06" in message for message in told(reading))


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.name)
@given(
    content=st.one_of(
        st.binary(max_size=300),
        st.text(max_size=120).map(lambda text: ";".join(HEADER).encode() + b"\n" + text.encode()),
        st.text(max_size=120).map(lambda text: b"dtreffre;numdep;indfoy_rsa\n" + text.encode()),
    )
)
@example(content=";".join(HEADER).encode() + b"\n0\r")  # DuckDB's own reader loses its way in this one.
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, layout: OfficialLayout, content: bytes) -> None:
    path = tmp_path / "any.csv"
    path.write_bytes(content)
    layout.recognise(path)
    layout.edition(path)
    reading = Reading(new_connection(), path.name)
    layout.read(path, reading)
    assert reading.rejects or reading.cells_kept == reading.cells_read - reading.cells_set_aside
