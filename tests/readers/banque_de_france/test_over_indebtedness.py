"""Filings of over-indebtedness: an invented export in the layout of Webstat, and what must be refused in it."""

import csv
import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.banque_de_france.over_indebtedness import LAYOUTS
from dagster_project.readers.cells import Reading
from dagster_project.readers.nomenclature import names
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection

LAYOUT = LAYOUTS[0]
ANNUAL = PROJECT.parent / "shared" / "data" / "derived" / "surendettement.csv"
HEADER = "series_key;time_period;obs_value"
CODES = [code for code in names("departement") if not code.startswith("97")]
MONTHS = [f"{year}-{month:02d}" for year in (2019, 2020) for month in range(1, 13)]
Lines = list[list[str]]


def invented(annual: dict[str, int] | None = None) -> Lines:
    """Two years of every département, with a season, a spring of 2020 with few filings, and a little chance."""
    lines = []
    for rank, code in enumerate(CODES):
        level = (annual or {}).get(code, 120 + 24 * rank) / 12
        for at, month in enumerate(MONTHS):
            spring = 0.35 if month in ("2020-04", "2020-05") else 1
            season = 1 + 0.15 * math.sin(at) + 0.1 * math.sin(7 * at + 3 * rank)
            lines.append([f"IFI.M.D{code}.SUREN.DEPOT", month, str(round(level * season * spring))])
    return lines


def written(lines: Iterable[Sequence[str]], header: str = HEADER) -> bytes:
    return "\n".join([header, *(";".join(line) for line in lines)]).encode() + b"\n"


def read(folder: Path, content: bytes) -> Reading:
    path = folder / "surendettement.csv"
    path.write_bytes(content)
    reading = Reading(new_connection(), path.name)
    LAYOUT.read(path, reading)
    return reading


def test_every_cell_is_kept(tmp_path: Path) -> None:
    content = written(invented())
    reading = read(tmp_path, content)
    assert [reject.message for reject in reading.rejects + reading.flags] == []
    assert reading.cells_read == reading.cells_kept == 96 * 24
    row = reading.connection.execute(
        "select territory_level, territory_label, period_code, unit, printed_text, source_row, source_column "
        "from reading where territory_code = '31' and period_code = '2019-02'"
    ).fetchone()
    line = content.decode().splitlines()[int(row[5]) - 1] if row else ""
    assert row and row[:4] == ("departement", "Haute-Garonne", "2019-02", "application") and row[6] == "C"
    assert line == f"IFI.M.D31.SUREN.DEPOT;2019-02;{row[4]}"


def test_recognition_and_edition(tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    path.write_bytes(written(invented()))
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2020-12"
    path.write_text("a;b\n1;2\n")
    assert not LAYOUT.recognise(path).found


def test_levels_of_the_genuine_annual_sums_are_believable(tmp_path: Path) -> None:
    if not ANNUAL.exists():
        pytest.skip("no annual sums beside the project")
    with ANNUAL.open(encoding="utf-8") as file:
        annual = {row["dep_code"]: int(row["suren_depot_nb"]) for row in csv.DictReader(file) if row["annee"] == "2019"}
    assert annual["31"] == 2592
    reading = read(tmp_path, written(invented(annual)))
    assert not reading.rejects and not reading.flags


@pytest.mark.parametrize(
    "vary",
    [
        lambda lines: b"\xef\xbb\xbf" + written(lines).replace(b"\n", b"\r\n"),
        lambda lines: written(lines) + b"\n\n;;\n",
        lambda lines: written([line[::-1] for line in lines], "obs_value;time_period;series_key"),
        lambda lines: written([key, month + "-01", value + ".0"] for key, month, value in lines),
        lambda lines: written([f'"{cell}"' for cell in line] for line in lines),
        lambda lines: written(sorted(lines, key=lambda line: line[1])),
    ],
)
def test_harmless_variants(tmp_path: Path, vary: Callable[[Lines], bytes]) -> None:
    reading = read(tmp_path, vary(invented()))
    assert [reject.message for reject in reading.rejects + reading.flags] == []
    assert reading.cells_kept == 96 * 24


def _with(row: int, column: int, text: str) -> Callable[[Lines], bytes]:
    def change(lines: Lines) -> bytes:
        lines[row - 2][column] = text
        return written(lines)

    return change


def _exchanged(lines: Lines) -> bytes:
    lines[2][2], lines[90 * 24 + 2][2] = lines[90 * 24 + 2][2], lines[2][2]
    return written(lines)


def _pasted(lines: Lines) -> bytes:
    values = {line[0]: line[2] for line in lines if line[1] == "2020-02"}
    return written([key, month, values[key] if month == "2020-03" else value] for key, month, value in lines)


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (_with(10, 1, "2019-13"), 10, "B"),
        (_with(10, 1, "mars 2019"), 10, "B"),
        (_with(10, 1, "2019-01"), 10, "B"),
        (_with(10, 0, "IFI.M.D96.SUREN.DEPOT"), 10, "A"),
        (_with(10, 0, "IFI.M.D01.SUREN.DEPOT2"), 10, "A"),
        (_with(10, 2, "12,5"), 10, "C"),
        (_with(10, 2, "12.5"), 10, "C"),
        (_with(10, 2, "-4"), 10, "C"),
        (_with(10, 2, "1 204"), 10, "C"),
        (_with(10, 2, "118"), 10, "C"),
        (_with(90 * 24 + 6, 2, "20"), 90 * 24 + 6, "C"),
        (_exchanged, 4, "C"),
        (_pasted, 16, "C"),
        (lambda lines: written(lines[:-3]), 96 * 24 - 2, None),
        (lambda lines: written(lines)[:-30], None, None),
        (lambda lines: written(line for line in lines if "D66" not in line[0]), None, None),
        (lambda lines: written([*lines, lines[5]]), 96 * 24 + 2, "B"),
        (lambda lines: written(lines, "series_key;time_period;value"), 1, "C"),
        (lambda lines: written([*lines, ["IFI.M.FR.SUREN.DEPOT", "2020-01", "12"]]), 96 * 24 + 2, "C"),
    ],
)
def test_faults_are_pointed_at(
    tmp_path: Path, change: Callable[[Lines], bytes], row: int | None, column: str | None
) -> None:
    reading = read(tmp_path, change(invented()))
    found = [(reject.row, reject.column_letter) for reject in reading.rejects + reading.flags]
    assert found
    assert row is None or (row, column) in found


def test_a_missing_departement_is_named(tmp_path: Path) -> None:
    reading = read(tmp_path, written(line for line in invented() if "D66" not in line[0]))
    assert ["Pyrénées-Orientales" in reject.found for reject in reading.rejects] == [True]


def test_refused_cells_are_not_kept(tmp_path: Path) -> None:
    reading = read(tmp_path, _with(10, 2, "x")(invented()))
    assert (reading.cells_read, reading.cells_kept, len(reading.rejects)) == (96 * 24, 96 * 24 - 1, 1)
    reading = read(tmp_path, _with(10, 1, "x")(invented()))
    assert reading.cells_read == reading.cells_kept + reading.cells_set_aside


@given(st.one_of(st.binary(max_size=300), st.text(max_size=120).map(lambda text: f"{HEADER}\n{text}".encode())))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    reading = read(tmp_path, content)
    LAYOUT.recognise(tmp_path / "surendettement.csv")
    LAYOUT.edition(tmp_path / "surendettement.csv")
    assert reading.rejects
