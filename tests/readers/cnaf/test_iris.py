"""CAF recipients by IRIS: an invented file in their layout, the genuine one, and what must be refused."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.cnaf.iris import LAYOUTS
from dagster_project.readers.nomenclature import names
from tests.readers.cnaf.reading_of import DATA, pointed, read, told

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "data_CAF_2019_IRIS.csv"
NAME = "data_CAF_2019_IRIS.csv"
COLUMNS = (
    "CODGEO;NOTE;A;PERCOU;AI;AM;ACSSENF;ACAVENF;AC3ENF;ENF;ENF_2;ENF_3_5;ENF_6_10;ENF_11_14;ENF_15_17;ENF_18_24;"
    "A_ETUD;A_NETUD_24;AAL;AAPL;AAAH;APPA;ARSAS"
)
HEADER = COLUMNS.split(";")
# Parts of a thousand recipients.
SHARES = (1000, 2230, 510, 150, 55, 285, 83, 890, 136, 137, 236, 181, 120, 80, 95, 91, 555, 251, 84, 300, 145)
Lines = list[list[str]]


def invented() -> Lines:
    """Two IRIS a département; the second is secret in one of three."""
    lines = []
    for rank, code in enumerate(code for code in names("departement") if not code.startswith("97") or code == "974"):
        for number in (1, 2):
            iris = f"{code}001".ljust(5, "0")[:5] + f"010{number}"
            if number == 2 and rank % 3 == 0:
                lines.append([iris, "3", *[""] * len(SHARES)])
            else:
                lines.append([iris, "0", *(str(share * (1 + rank % 4)) for share in SHARES)])
    return lines


def written(lines: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    return ("\r\n".join(";".join(line) for line in [header, *lines]) + "\r\n").encode()


CELLS = (97 * 2 - 33) * 21


def test_every_cell_is_kept(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, written(invented()), NAME)
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == CELLS
    assert reading.connection.execute(
        "select territory_level, territory_code, period_code, value, unit, source_row from reading "
        "where indicator_code = 'caf_rsa_recipients' and source_column = 'W' and source_row = 3 or "
        "(indicator_code = 'caf_rsa_recipients' and source_row = 2)"
    ).fetchall() == [("iris", "010010101", "2019-12-31", 145, "household", 2)]


def test_the_genuine_file(tmp_path: Path) -> None:
    if not GENUINE.exists():
        pytest.skip("the genuine file is not beside the project")
    reading = read(LAYOUT, tmp_path, GENUINE.read_bytes(), NAME)
    assert LAYOUT.recognise(GENUINE).is_certain and LAYOUT.edition(GENUINE).label == "2019"
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 251_156
    assert reading.connection.execute(
        "select count(*), min(value), sum(value) from reading where indicator_code = 'caf_recipients'"
    ).fetchall() == [(12318, 100, 7_660_194)]


def _with_labels(lines: Lines) -> bytes:
    """As in 2016: names of places, and a narrow blank between thousands."""
    places = [[line[0], "Centre", line[0][:5], "Ville", "240100883", "84", *line[1:]] for line in lines]
    spaced = [
        [*line[:7], *(f"{int(cell):,}".replace(",", "\u202f") if cell else "" for cell in line[7:])] for line in places
    ]
    return (
        "\ufeff" + written(spaced, [HEADER[0], "LIBGEO", "DEPCOM", "LIBCOM", "EPCI", "REG", *HEADER[1:]]).decode()
    ).encode()


@pytest.mark.parametrize(
    "vary",
    [
        _with_labels,
        lambda lines: written(lines).replace(b"\r\n", b"\n"),
        lambda lines: written(lines) + b"\r\n" + b";" * 22 + b"\r\n",
        lambda lines: written([line[::-1] for line in lines], HEADER[::-1]),
        lambda lines: written([[cell + " " for cell in line] for line in lines]),
    ],
)
def test_harmless_variants(tmp_path: Path, vary: Callable[[Lines], bytes]) -> None:
    reading = read(LAYOUT, tmp_path, vary(invented()), NAME)
    assert told(reading) == []
    assert reading.cells_kept == CELLS


def _with(row: int, column: str, text: str) -> Callable[[Lines], bytes]:
    def change(lines: Lines) -> bytes:
        lines[row - 2][HEADER.index(column)] = text
        return written(lines)

    return change


def _exchanged(left: str, right: str) -> Callable[[Lines], bytes]:
    names_ = {left: right, right: left}
    return lambda lines: written(lines, [names_.get(name, name) for name in HEADER])


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (_with(2, "AI", "x"), 2, "E"),
        (_with(2, "AI", "12.5"), 2, "E"),
        (_with(2, "AI", "-510"), 2, "E"),
        (_with(2, "AI", "5100"), 2, "E"),
        (_with(2, "AM", "4"), 2, "F"),
        (_with(2, "A", "99"), 2, "C"),
        (_with(2, "A", "10000"), 2, "C"),
        (_with(2, "ENF_2", "236"), 2, "J"),
        (_with(2, "APPA", "3000"), 2, "V"),
        (_with(2, "PERCOU", "223"), 2, "C"),
        (_with(2, "NOTE", "9"), 2, "B"),
        (_with(2, "NOTE", "3"), 2, "B"),
        (_with(2, "CODGEO", "10010101"), 2, "A"),
        (_exchanged("AI", "AM"), 1, "F"),
        (_exchanged("A", "PERCOU"), 2, "D"),
        (_exchanged("AAAH", "ARSAS"), 1, "W"),
        (_exchanged("ENF_6_10", "ENF_11_14"), 1, "N"),
        (lambda lines: written(lines, [*HEADER[:-1], "RSA"]), 1, "W"),
        (lambda lines: written([*lines, lines[0]]), 196, "A"),
        (lambda lines: written(lines[:-2]), None, "A"),
        (lambda lines: written(lines)[:-20], 195, None),
    ],
)
def test_faults_are_pointed_at(
    tmp_path: Path, change: Callable[[Lines], bytes], row: int | None, column: str | None
) -> None:
    reading = read(LAYOUT, tmp_path, change(invented()), NAME)
    assert (row, column) in pointed(reading), told(reading)


def test_a_missing_departement_is_named(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, written(invented()[:-2]), NAME)
    assert any("La Réunion (974)" in message for message in told(reading))


def test_the_year_is_in_the_name(tmp_path: Path) -> None:
    assert any("l'année" in message for message in told(read(LAYOUT, tmp_path, written(invented()), "iris.csv")))


def test_refused_cells_are_not_kept(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, _with(2, "AAAH", "x")(invented()), NAME)
    assert (reading.cells_read, reading.cells_kept, len(reading.rejects)) == (CELLS, CELLS - 1, 1)


@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=120).map(lambda text: (";".join(HEADER) + "\n" + text).encode())
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    assert read(LAYOUT, tmp_path, content, NAME).rejects
    LAYOUT.recognise(tmp_path / NAME)
