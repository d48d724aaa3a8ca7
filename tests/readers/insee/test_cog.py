"""The official geographic code: communes, départements, regions, and what happened to communes."""

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.cog import LAYOUTS
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection
from tests.readers.insee.reading_of import number, reading_of

COMMUNES, DEPARTEMENTS, REGIONS, MOVES = LAYOUTS
DATA = PROJECT.parent / "shared" / "data" / "insee_cog"
genuine = pytest.mark.skipif(not DATA.exists(), reason="fichiers de l'Insee absents de cette machine")

HEADER = ["TYPECOM", "COM", "REG", "DEP", "CTCD", "ARR", "TNCC", "NCC", "NCCENR", "LIBELLE", "CAN", "COMPARENT"]
_SIDES = [f"{name}_{side}" for side in ("AV", "AP") for name in ("TYPECOM", "COM", "TNCC", "NCC", "NCCENR", "LIBELLE")]
MOVE_HEADER = ["MOD", "DATE_EFF", *_SIDES]
Rows = list[list[str]]


def communes() -> Rows:
    return [row.copy() for row in _communes()]


@cache
def _communes() -> Rows:
    rows = [HEADER]
    for code, region in departement_regions().items():
        for rank in range(1, 99 if len(code) == 3 else 361):
            commune = f"{code}{rank:02d}" if len(code) == 3 else f"{code}{rank:03d}"
            name = f"Village-{commune}"
            rows.append(["COM", commune, region, code, f"{code}D", f"{code}1", "0", name.upper(), name, name, "", ""])
    for kind in ("COMD", "COMA"):
        rows.append([kind, "46361", "", "", "", "", "0", "ANCIEN", "Ancien", "Ancien", "", "46042"])
    return rows


def moves() -> Rows:
    return [
        MOVE_HEADER,
        [
            "32",
            "2019-01-01",
            "COM",
            "46361",
            "0",
            "ANCIEN",
            "Ancien",
            "Ancien",
            "COM",
            "46042",
            "0",
            "V",
            "V",
            "Village",
        ],
        ["10", "1950-05-06", "COM", "46042", "0", "V", "V", "Vilage", "COM", "46042", "0", "V", "V", "Village"],
    ]


def write(path: Path, rows: Rows, *, quote: str = "", end: str = "\n", encoding: str = "utf-8") -> Path:
    lines = (",".join(f"{quote}{value}{quote}" for value in row) for row in rows)
    path.write_text("".join(line + end for line in lines), encoding=encoding, newline="")
    return path


@pytest.mark.parametrize("lower", [False, True], ids=["capitals", "2020"])
@pytest.mark.parametrize(("quote", "end", "encoding"), [("", "\n", "utf-8"), ('"', "\r\n", "utf-8-sig")])
def test_communes_are_read_whole(tmp_path: Path, lower: bool, quote: str, end: str, encoding: str) -> None:
    rows = communes()
    if lower:
        rows[0] = [name.lower() for name in HEADER]
    path = write(tmp_path / "v_commune_2024.csv", rows, quote=quote, end=end, encoding=encoding)
    assert COMMUNES.recognise(path).is_certain
    assert not any(layout.recognise(path).is_certain for layout in (DEPARTEMENTS, REGIONS, MOVES))
    assert COMMUNES.edition(path).label == "2024"
    reading = reading_of(COMMUNES, path)
    assert (reading.rejects, reading.flags, reading.nomenclature) == ([], [], ("cog_territory",))
    assert reading.cells_read == number(reading, "select count(*) from cog_territory") == len(rows) - 1
    assert reading.connection.execute(
        "select * from cog_territory where territory_code = '46361' order by type"
    ).fetchall() == [
        ("other", "46361", "Ancien", "76", "46", "46042", "COMA", 2024),
        ("other", "46361", "Ancien", "76", "46", "46042", "COMD", 2024),
    ]


def cell(row: int, name: str, value: str) -> Callable[[Rows], None]:
    def change(rows: Rows) -> None:
        rows[row - 1] = [value if one == name else old for one, old in zip(rows[0], rows[row - 1], strict=True)]

    return change


def header(name: str, value: str) -> Callable[[Rows], None]:
    return lambda rows: rows.__setitem__(0, [value if one == name else one for one in rows[0]])


@pytest.mark.parametrize(
    ("change", "rule", "row"),
    [
        (cell(9, "TYPECOM", "COX"), "type de commune", 9),
        (cell(9, "COM", "1008"), "code de commune", 9),
        (cell(9, "COM", "02008"), "code et département accordés", 9),
        (cell(9, "COM", "01001"), "commune en double", 9),
        (cell(9, "REG", "76"), "département et région accordés", 9),
        (cell(9, "DEP", ""), "département et région accordés", 9),
        (cell(9, "LIBELLE", ""), "libellé", 9),
        (cell(9, "COMPARENT", "01001"), "commune mère", 9),
        (header("COMPARENT", "PARENT"), "en-tête", 1),
        (header("TNCC", "COM"), "en-tête", 1),
        (lambda rows: rows.__delitem__(slice(9000, None)), "complétude", None),
        (lambda rows: rows[-1].__setitem__(11, "99999"), "commune mère", 36_000),
        (lambda rows: rows[-1].__setitem__(3, "46"), "département", 36_000),
    ],
)
def test_communes_refused(tmp_path: Path, change: Callable[[Rows], object], rule: str, row: int | None) -> None:
    rows = communes()
    change(rows)
    reading = reading_of(COMMUNES, write(tmp_path / "v_commune_2024.csv", rows))
    wanted = len(rows) if row == 36_000 else row
    assert (rule, wanted) in {(one.rule, one.row) for one in reading.rejects}
    if reading.cells_read:
        kept = number(reading, "select count(*) from cog_territory")
        assert isinstance(kept, int) and reading.cells_read == kept + reading.cells_set_aside


def test_moves_are_read_whole(tmp_path: Path) -> None:
    path = write(tmp_path / "v_mvt_commune_2024.csv", moves(), quote='"')
    assert MOVES.recognise(path).is_certain
    reading = reading_of(MOVES, path)
    assert (reading.rejects, reading.cells_read, reading.nomenclature) == ([], 2, ("cog_move",))
    found = reading.connection.execute(
        "select * replace (effective_on::varchar as effective_on) from cog_move"
    ).fetchall()
    assert found[0] == ("32", "2019-01-01", "COM", "46361", "Ancien", "COM", "46042", "Village")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (cell(2, "MOD", "99"), "modalité"),
        (cell(2, "DATE_EFF", "2019-13-01"), "date d'effet"),
        (cell(2, "COM_AV", "4636"), "code de commune"),
        (cell(2, "TYPECOM_AP", "X"), "type"),
        (cell(2, "LIBELLE_AP", ""), "libellé"),
        (lambda rows: rows.append(rows[1]), "événement en double"),
        (header("COM_AP", "COM"), "en-tête"),
    ],
)
def test_moves_refused(tmp_path: Path, change: Callable[[Rows], object], rule: str) -> None:
    rows = moves()
    change(rows)
    reading = reading_of(MOVES, write(tmp_path / "mvtcommune2024.csv", rows))
    assert rule in {one.rule for one in reading.rejects}


@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.text(max_size=200).map(lambda text: f"{','.join(HEADER)}\n{text}".encode())),
)
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any_2024.csv"
    path.write_bytes(content)
    for one in LAYOUTS:
        one.recognise(path)
        one.edition(path)
        reading = Reading(new_connection(), path.name)
        one.read(path, reading)
        assert reading.rejects


@genuine
@pytest.mark.parametrize(
    ("name", "layout", "rows"),
    [
        ("commune_2021.csv", COMMUNES, 37_742),
        ("departement2021.csv", DEPARTEMENTS, 101),
        ("v_departement_2024.csv", DEPARTEMENTS, 101),
        ("etalab_decoupage_departements.json", DEPARTEMENTS, 109),
        ("region2021.csv", REGIONS, 18),
        ("v_region_2024.csv", REGIONS, 18),
        ("etalab_decoupage_regions.json", REGIONS, 26),
    ],
)
def test_the_genuine_files(name: str, layout: object, rows: int) -> None:
    path = DATA / name
    (known,) = [one for one in LAYOUTS if one.recognise(path).is_certain]
    assert known is layout
    reading = reading_of(known, path)
    assert (reading.rejects, reading.flags, reading.set_aside) == ([], [], {})
    assert reading.cells_read == number(reading, "select count(*) from cog_territory") == rows


@genuine
def test_the_genuine_communes() -> None:
    connection = reading_of(COMMUNES, DATA / "commune_2021.csv").connection
    counts = dict(connection.execute("select type, count(*) from cog_territory group by type").fetchall())
    assert counts == {"COM": 34_965, "COMD": 2_215, "COMA": 517, "ARM": 45}
    occitanie = "select count(*) from cog_territory where type = 'COM' and region_code = '76'"
    assert connection.execute(occitanie).fetchone() == (4_454,)


@genuine
@pytest.mark.parametrize(
    ("found", "put", "rule"),
    [
        ('"nom":"Lot",', '"nom":"Lots",', "code et nom accordés"),
        ('"code":"46"', '"code":"47"', "code et nom accordés"),
        ('"region":"76"', '"region":"75"', "département et région accordés"),
        ('"zone":"metro"', '"zone":"metropole"', "zone"),
    ],
)
def test_a_departement_of_another_name_or_region_is_refused(tmp_path: Path, found: str, put: str, rule: str) -> None:
    path = tmp_path / "departements.json"
    text = json.dumps(json.loads((DATA / "etalab_decoupage_departements.json").read_bytes()), ensure_ascii=False)
    text = text.replace(": ", ":").replace(", ", ",")
    assert found in text
    path.write_text(text.replace(found, put, 1), encoding="utf-8")
    assert rule in {one.rule for one in reading_of(DEPARTEMENTS, path).rejects}


@genuine
@pytest.mark.parametrize(("found", "put"), [("46,76", "46,75"), (",Lot\n", ",Lots\n"), ("46,76", "47,76")])
def test_a_departement_line_that_disagrees_is_refused(tmp_path: Path, found: str, put: str) -> None:
    path = tmp_path / "departement2021.csv"
    text = (DATA / "departement2021.csv").read_text(encoding="utf-8")
    assert found in text
    path.write_text(text.replace(found, put, 1), encoding="utf-8")
    assert reading_of(DEPARTEMENTS, path).rejects
