"""Reference populations of communes."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.insee.reference_population import LAYOUTS
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.nomenclature import names
from tests.readers.insee.reading_of import number, reading_of

(LAYOUT,) = LAYOUTS
NEW = ["REG", "Région", "DEP", "CODARR", "CODCAN", "CODCOM", "COM", "Commune", "PMUN", "PCAP", "PTOT"]
OLD = ["CODREG", "REG", "CODDEP", "CODARR", "CODCAN", "CODCOM", "COM", "PMUN", "PCAP", "PTOT"]
EACH = 360
Rows = list[list[str]]


def invented(*, old: bool = False) -> Rows:
    return [row.copy() for row in _invented(old=old)]


@cache
def _invented(*, old: bool) -> Rows:
    """360 communes a département, Mayotte aside, 1,900 inhabitants each."""
    rows = [OLD if old else NEW]
    regions = names("region")
    for departement, region in departement_regions().items():
        if departement == "976":
            continue
        for rank in range(1, (99 if len(departement) == 3 else EACH) + 1):
            # The third digit of an overseas département is the first of its CODCOM.
            short = f"{departement[2]}{rank:02d}" if len(departement) == 3 else f"{rank:03d}"
            code, name = f"{departement[:2]}{short}", f"Commune-{departement}-{rank}"
            middle = [short, name] if old else [short, code, name]
            counts = [f"{1900 + rank % 7}", f"{rank % 11}", f"{1900 + rank % 7 + rank % 11}"]
            rows.append([region, regions[region], departement, "1", "01", *middle, *counts])
    return rows


def write(path: Path, rows: Rows, delimiter: str = ";", end: str = "\n", encoding: str = "utf-8") -> Path:
    path.write_text("".join(delimiter.join(row) + end for row in rows), encoding=encoding, newline="")
    return path


def rank_of(rows: Rows, code: str) -> int:
    return next(index for index, row in enumerate(rows) if row[6] == code)


@pytest.mark.parametrize("old", [False, True], ids=["since 2021", "before"])
@pytest.mark.parametrize(("delimiter", "end", "encoding"), [(";", "\n", "utf-8"), (",", "\r\n", "utf-8-sig")])
def test_both_editions_are_read_whole(tmp_path: Path, old: bool, delimiter: str, end: str, encoding: str) -> None:
    rows = invented(old=old)
    path = write(tmp_path / "populations_reference_2023.csv", rows, delimiter, end, encoding)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2023"
    reading = reading_of(LAYOUT, path)
    assert (reading.rejects, reading.flags) == ([], [])
    assert reading.cells_read == reading.cells_kept == 3 * (len(rows) - 1)
    lot = "from reading where territory_code = '46042' and indicator_code = 'reference_population_municipal'"
    assert number(reading, f"select value::int {lot}") == 1900
    assert number(reading, f"select territory_label {lot}") == "Commune-46-42"
    assert number(reading, f"select period_code {lot}") == "2023-01-01"
    assert number(reading, "select count(*) from reading where territory_code = '97101'") == 3


def cell(code: str, name: str, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[rank_of(rows, code)][NEW.index(name)] = value

    return change


def swap(one: str, other: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[0] = [{one: other, other: one}.get(name, name) for name in NEW]

    return change


@pytest.mark.parametrize(
    ("change", "rule", "column"),
    [
        (cell("46042", "PMUN", "19000"), "PMUN + PCAP = PTOT", "K"),
        (cell("46042", "PMUN", "1900,5"), "effectif", "I"),
        (cell("46042", "PCAP", ""), "effectif", "J"),
        (cell("46042", "PTOT", "nd"), "effectif", "K"),
        (cell("46042", "CODCOM", "42"), "code de commune", "F"),
        (cell("46042", "COM", "46043"), "codes accordés", "G"),
        (cell("46042", "DEP", "47"), "département et région accordés", "C"),
        (cell("46042", "REG", "75"), "département et région accordés", "C"),
        (cell("46042", "Région", "Normandie"), "nom de région", "B"),
        (swap("PMUN", "PCAP"), "PMUN et PCAP permutées", "I"),
        (swap("PMUN", "PTOT"), "PMUN + PCAP = PTOT", "I"),
        (lambda rows: rows.append(rows[7]), "commune en double", "F"),
        (lambda rows: rows.__delitem__(slice(20_000, None)), "complétude", "F"),
        (lambda rows: rows.__setitem__(0, [*NEW[:-1], "PTOTAL"]), "en-tête", None),
        (lambda rows: rows.__setitem__(0, [*NEW[:-1], "PCAP"]), "en-tête", "K"),
        (lambda rows: rows.__setitem__(9, rows[9][:-1]), "largeur", None),
    ],
)
def test_refused(tmp_path: Path, change: Callable[[Rows], object], rule: str, column: str | None) -> None:
    rows = invented()
    change(rows)
    reading = reading_of(LAYOUT, write(tmp_path / "populations_2023.csv", rows))
    assert (rule, column) in {(one.rule, one.column_letter) for one in reading.rejects}
    assert reading.cells_read == reading.cells_kept + reading.cells_set_aside


def test_a_missing_departement_is_refused_by_name(tmp_path: Path) -> None:
    rows = [row for row in invented() if row[2] != "46"]
    reading = reading_of(LAYOUT, write(tmp_path / "populations_2023.csv", rows))
    assert "Lot (46) absent" in {one.found for one in reading.rejects}


def test_a_commune_larger_than_any_is_pointed_at(tmp_path: Path) -> None:
    rows = invented()
    at = rank_of(rows, "46042")
    rows[at][8:] = ["1900000", "9", "1900009"]
    reading = reading_of(LAYOUT, write(tmp_path / "populations_2023.csv", rows))
    assert [(one.row, one.column_letter) for one in reading.flags] == [(at + 1, "I")]


def test_a_year_nobody_states_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "edition"
    folder.mkdir()
    reading = reading_of(LAYOUT, write(folder / "communes.csv", invented()[:3]))
    assert [one.rule for one in reading.rejects] == ["millésime"]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"{';'.join(NEW)}\n{text}".encode())))
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any_2023.csv"
    path.write_bytes(content)
    LAYOUT.recognise(path)
    LAYOUT.edition(path)
    assert reading_of(LAYOUT, path).rejects
