"""The CALPAE workbook: what the template locks, what the reader takes, and every cell it refuses by name."""

import csv
import datetime
import random
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree
from python_calamine import CalamineWorkbook

from dagster_project.calpae_template import write_template
from dagster_project.errors import WrongUseError
from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.workbook import LAYOUTS
from dagster_project.readers.cells import Reading
from dagster_project.settings import DBT_PROJECT
from tests.readers.calpae.filled import Book, Content, Fault, Formula

ASE, RSA, WHO = form.ASE, form.RSA, form.IDENTIFICATION
LAYOUT = LAYOUTS[0]
# The rows of a département's workbook, and sound answers to all of them.
VALUES: dict[str, dict[str, float]] = {
    ASE: {"H6": 310, "H7": 240, "H8": 200, "H9": 180, "H10": 150, "H11": 96},
    RSA: {
        "H6": 6400, "H7": 2368, "H8": 1751, "I8": 3026, "H9": 796, "H10": 224, "I10": 680, "H11": 1275, "I11": 4100,
        "H12": 671, "I12": 1525, "H13": 31.5,
    },
}  # fmt: skip
PERSON: dict[str, Content] = {
    "B8": "Camille Exemple",
    "B9": "Direction des solidarités",
    "B10": "camille@exemple.fr",
    "B11": datetime.date(2025, 3, 28),
}
Change = Callable[[Book], None]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("calpae")


@pytest.fixture(scope="module")
def filled(folder: Path) -> Path:
    """A département's workbook, filled soundly."""
    book = Book(write_template(folder / "template.xlsx", level="departement", code="31", year=2024))
    book.write({(sheet, at): value for sheet, cells in VALUES.items() for at, value in cells.items()})
    book.write({(WHO, at): value for at, value in PERSON.items()})
    return book.save(folder / "filled.xlsx")


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


@pytest.fixture(scope="module")
def read(folder: Path, filled: Path, connection: duckdb.DuckDBPyConnection) -> Callable[..., Reading]:
    """Read the filled workbook, once changed."""

    def read_changed(change: Change | None = None, start: Path = filled) -> Reading:
        book = Book(start)
        if change:
            change(book)
        reading = Reading(connection, "calpae.xlsx")
        LAYOUT.read(book.save(folder / "changed.xlsx"), reading)
        return reading

    return read_changed


def cells_of(reading: Reading) -> list[dict[str, Any]]:
    reading.flush()
    found = reading.connection.execute(f"select * from {reading.table}")
    names = [column[0] for column in found.description or ()]
    return [dict(zip(names, row, strict=True)) for row in found.fetchall()]


def putting(sheet: str, at: str, content: Content) -> Change:
    return lambda book: book.write({(sheet, at): content})


def is_counted(reading: Reading) -> bool:
    return reading.cells_read == reading.cells_kept + reading.cells_set_aside + len(reading.rejects)


# --- a sound workbook


def test_a_filled_workbook_comes_back_whole(read: Callable[..., Reading]) -> None:
    reading = read()
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    cells = {cell["indicator_code"]: cell for cell in cells_of(reading)}
    assert len(cells) == reading.cells_kept == 14 + 4 + 11
    values = {code: cell["value"] for code, cell in cells.items()}
    assert values["ase_leavers"] == 310 and values["ase_leavers_supported"] == 240
    assert values["ase_leavers_supported_pct"] == Decimal("77.4")
    assert values["rsa_new_recipients_supported_pct"] == Decimal("37.0")
    assert values["rsa_first_meetings_pct"] == Decimal("12.4")
    assert values["rsa_oriented_within_month_base"] == 3026
    assert values["rsa_contract_delay"] == Decimal("31.5")
    delay = cells["rsa_contract_delay"]
    assert (delay["unit"], delay["printed_text"], delay["printed_step"]) == ("week", "31.5", Decimal("0.1"))
    base = cells["rsa_first_meetings_within_two_weeks_base"]
    assert (base["source_sheet"], base["source_row"], base["source_column"]) == (RSA, 10, "I")
    assert {(cell["territory_level"], cell["territory_code"], cell["territory_label"]) for cell in cells.values()} == {
        ("departement", "31", "Haute-Garonne")
    }
    assert {(cell["period_code"], cell["period_label"], cell["obs_status"]) for cell in cells.values()} == {
        ("2024", "au 31 décembre 2024", "A")
    }
    assert {cell["population_group"] for cell in cells.values()} == {"all"}
    assert reading.set_aside == {
        "Base reprise d'une autre ligne de la feuille": 7,
        "Identification : qui a rempli, et quand (reste dans le classeur)": 4,
    }


def test_what_it_is_and_which_edition(filled: Path) -> None:
    assert LAYOUT.recognise(filled).is_certain
    facts = LAYOUT.edition(filled)
    assert (facts.label, facts.published_on) == ("2024-departement-31", datetime.date(2025, 3, 28))


def test_codes_units_and_names_are_those_of_the_warehouse(read: Callable[..., Reading]) -> None:
    from dagster_project.quality.expectations import UNITS  # seconds to load, not to be spent on collecting tests

    with (DBT_PROJECT / "seeds" / "indicators.csv").open(encoding="utf-8") as file:
        seed = {
            row["indicator_code"]: row["unit"] for row in csv.DictReader(file) if row["subject"] == "calpae_indicator"
        }
    units = {cell["indicator_code"]: cell["unit"] for cell in cells_of(read())}
    assert set(seed) <= set(units)
    assert {code: units[code] for code in seed} == seed
    assert set(units.values()) <= set(UNITS)


def test_a_region_answers_by_territory(folder: Path, read: Callable[..., Reading]) -> None:
    path = write_template(folder / "region.xlsx", level="region", code="76", year=2024)
    asked = form.territories_asked("region", "76")
    assert [territory.level for territory in asked] == ["departement"] * 13 + ["epci"] * 3 + ["region"]

    def fill(book: Book, total: float) -> None:
        book.write({(ASE, f"H{6 + 6 * index}"): 100 + index for index in range(13)})
        book.write({(ASE, f"H{6 + 6 * 13}"): 7, (ASE, f"H{6 + 6 * 16}"): total})

    whole = sum(100 + index for index in range(13)) + 7
    reading = read(lambda book: fill(book, whole), path)
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    assert [(cell["territory_level"], cell["territory_code"]) for cell in cells_of(reading)][-2:] == [
        ("epci", asked[13].code),
        ("region", "76"),
    ]
    assert reading.set_aside["Non rempli : ni valeur, ni signe"] == 17 * 14 - 15
    (refused,) = read(lambda book: fill(book, whole - 1), path).rejects
    assert (refused.sheet, refused.row, refused.column_letter) == (ASE, 102, "H")
    (flagged,) = read(lambda book: fill(book, whole + 1), path).flags
    assert (flagged.sheet, flagged.row, flagged.rule) == (ASE, 102, "somme de la région")
    assert LAYOUT.edition(path).label == "2024-region-76"


def test_each_region_and_departement_has_its_template(folder: Path) -> None:
    for code in ("01", "11", "84", "94"):
        assert LAYOUT.recognise(write_template(folder / "any.xlsx", level="region", code=code, year=2030)).is_certain
    for code in ("01", "2A", "976"):
        assert LAYOUT.recognise(
            write_template(folder / "any.xlsx", level="departement", code=code, year=2030)
        ).is_certain


@pytest.mark.parametrize(
    ("level", "code", "year"),
    [("departement", "20", 2024), ("region", "99", 2024), ("region", "76", 24), ("x", "76", 2024)],
)
def test_no_template_for_no_territory_or_no_year(folder: Path, level: Any, code: str, year: int) -> None:
    with pytest.raises(WrongUseError):
        write_template(folder / "none.xlsx", level=level, code=code, year=year)


def test_a_date_that_cannot_be_dates_nothing(filled: Path, folder: Path) -> None:
    book = Book(filled)
    book.write({(WHO, "B11"): "28/03/2052"})
    assert LAYOUT.edition(book.save(folder / "later.xlsx")).published_on is None


# --- typed by hand


@pytest.mark.parametrize(
    ("at", "typed", "value"),
    [
        ("H6", "6 400", 6400),
        ("H6", "6\u00a0400", 6400),
        ("H6", " 6\u202f400  ", 6400),
        ("H6", "6400", 6400),
        ("H6", "6400,0", 6400),
        ("H6", 6400.0, 6400),
        ("H13", "31,5", Decimal("31.5")),
        ("H13", "31.5 ", Decimal("31.5")),
        ("H13", 31, 31),
        ("H13", "0", 0),
    ],
)
def test_tolerated(read: Callable[..., Reading], at: str, typed: Content, value: Decimal | int) -> None:
    reading = read(putting(RSA, at, typed))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    row = int(at[1:])
    assert [cell["value"] for cell in cells_of(reading) if (cell["source_row"], cell["source_column"]) == (row, "H")][
        -1
    ] == value


@pytest.mark.parametrize("typed", ["NR", "NR non renseigné", " nr ", "Nr  Non Renseigne"])
def test_a_marker_is_a_value_that_is_not_known(read: Callable[..., Reading], typed: str) -> None:
    reading = read(lambda book: book.write({(ASE, "H9"): None, (ASE, "J9"): typed}))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    (cell,) = [cell for cell in cells_of(reading) if cell["indicator_code"] == "ase_leavers_housed"]
    assert (cell["value"], cell["marker"], cell["obs_status"], cell["source_column"]) == (None, "NR", "M", "J")
    assert not [cell for cell in cells_of(reading) if cell["indicator_code"] == "ase_leavers_housed_pct"]


def test_a_blank_is_counted_and_is_not_zero(read: Callable[..., Reading]) -> None:
    reading = read(lambda book: book.write({(ASE, "H9"): None, (ASE, "L9"): "Enquête en cours"}))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    assert reading.set_aside["Non rempli : ni valeur, ni signe"] == 1
    assert reading.set_aside["Commentaire : reste dans le classeur"] == 1
    assert not [cell for cell in cells_of(reading) if cell["indicator_code"].startswith("ase_leavers_housed")]


def test_a_base_that_is_not_known_leaves_the_value(read: Callable[..., Reading]) -> None:
    reading = read(putting(RSA, "I8", " "))
    assert not reading.rejects
    assert is_counted(reading)
    assert [(flag.row, flag.column_letter, flag.rule) for flag in reading.flags] == [(8, "I", "base manquante")]


def test_zero_out_of_zero_has_no_percentage(read: Callable[..., Reading]) -> None:
    reading = read(lambda book: book.write({(RSA, "H8"): 0, (RSA, "I8"): "0"}))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    assert reading.set_aside["Pourcentage sans objet : il manque la valeur ou la base"] == 1


def test_more_housed_than_supported_is_pointed_at(read: Callable[..., Reading]) -> None:
    reading = read(putting(ASE, "H9", 250))
    assert not reading.rejects
    assert [(flag.row, flag.column_letter, flag.rule) for flag in reading.flags] == [
        (9, "H", "partie au-dessus du tout")
    ]


def test_percentages_shown_by_the_spreadsheet_are_accepted(read: Callable[..., Reading]) -> None:
    shown: dict[tuple[str, str], Content] = {
        (ASE, "I7"): Formula("IF(ISNUMBER(H6),H6,0)", 310), (ASE, "K7"): Formula("ROUND(100*H7/I7,1)", 77.4),
        (RSA, "K8"): 57.9,
    }  # fmt: skip
    reading = read(lambda book: book.write(shown))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)


# --- refused, cell by cell

REFUSED_CELLS: list[tuple[str, str, Content, str]] = [
    (RSA, "H6", "environ 6400", "sans texte"),
    (RSA, "H6", "6 400 personnes", "sans texte"),
    (RSA, "H6", "6400*", "sans texte"),
    (RSA, "H6", "NR", "sans texte"),
    (RSA, "H6", "6 40", "sans texte"),
    (RSA, "H6", "-6400", "positif"),
    (RSA, "H6", -6400, "positif"),
    (RSA, "H6", 6400.5, "entier"),
    (RSA, "H6", "6400,5", "entier"),
    (RSA, "H6", "6.400", "d'une façon"),
    (RSA, "H6", "6,400", "d'une façon"),
    (RSA, "H6", 1e15, "au plus"),
    (RSA, "H6", True, "un nombre"),
    (RSA, "H6", datetime.date(2024, 6, 4), "un nombre"),
    (RSA, "H8", "58 %", "jamais un pourcentage"),
    (RSA, "H8", 3027, "sa base"),
    (RSA, "H9", 6401, "sa base"),
    (ASE, "H7", 311, "sa base"),
    (RSA, "I8", "beaucoup", "sans texte"),
    (RSA, "I8", -1, "positif"),
    (RSA, "I8", 3026.5, "entier"),
    (RSA, "H8", Fault("#REF!"), "erreur de formule"),
    (RSA, "I8", Fault("#VALUE!"), "erreur de formule"),
    (RSA, "J8", Fault("#N/A"), "erreur de formule"),
    (RSA, "K8", Fault("#DIV/0!"), "erreur de formule"),
    (RSA, "H8", Formula("1700+51", 1751), "tapée"),
    (RSA, "I8", Formula("SUM(A1:A3)", 3026), "tapée"),
    (RSA, "J8", Formula('"NR"', "NR"), "tapée"),
    (RSA, "J8", "inconnu", "l'un de"),
    (RSA, "H13", 521, "au plus"),
    (RSA, "H13", "31 semaines", "sans texte"),
    (RSA, "H13", "1,234", "d'une façon"),
    (RSA, "H8", None, "une valeur ou un signe"),
    (RSA, "K8", 99, "57,9"),
    (ASE, "I7", 300, "310"),
    (ASE, "K6", 12, "rien"),
    (RSA, "I13", 12, "rien"),
    (RSA, "E8", "Bénéficiaires orientés en deux mois", "« Bénéficiaires du RSA orientés en un mois"),
    (RSA, "F8", "foyers", "« personnes »"),
    (RSA, "C8", "Hérault", "« Haute-Garonne », le nom du code 31"),
    (RSA, "B8", "34", "31"),
    (RSA, "A8", "commune", "l'un de"),
    (RSA, "D8", "rsa_oriented", "rsa_oriented_within_month"),
    (RSA, "D8", Fault("#NAME?"), "rsa_oriented_within_month"),
    (RSA, "M8", "à revoir", "à droite"),
    (RSA, "H5", "Nombre", "« Valeur »"),
    (RSA, "M5", "2023", "aucune colonne"),
    (WHO, "B4", "région", "« département »"),
    (WHO, "B5", "34", "« 31 »"),
    (WHO, "B6", "Hérault", "« Haute-Garonne », le nom du code 31"),
    (WHO, "B7", "deux mille", "quatre chiffres"),
    (WHO, "B7", 24, "quatre chiffres"),
    (WHO, "B7", 2023, "l'année du modèle"),
    (WHO, "B7", None, "quatre chiffres"),
    (WHO, "B11", "fin mars", "jour/mois/année"),
    (WHO, "B11", "31/02/2025", "jour/mois/année"),
    (WHO, "B11", Formula("TODAY()", 45000), "formule"),
    (WHO, "B8", Fault("#REF!"), "texte d'origine"),
]


@pytest.mark.parametrize(("sheet", "at", "content", "said"), REFUSED_CELLS)
def test_refused_cell(read: Callable[..., Reading], sheet: str, at: str, content: Content, said: str) -> None:
    reading = read(putting(sheet, at, content))
    (refused,) = [one for one in reading.rejects if f"{one.column_letter}{one.row}" == at]
    assert len(reading.rejects) == 1, [one.message for one in reading.rejects]
    assert refused.sheet == sheet
    assert refused.advice
    assert f"feuille {sheet}, ligne {at[1:]}" in refused.message
    assert said in refused.message + refused.rule
    if at[0] in "HIJK" and int(at[1:]) > form.HEADER_ROW:
        assert is_counted(reading)


def test_a_value_beside_a_marker(read: Callable[..., Reading]) -> None:
    (refused,) = read(putting(RSA, "J8", "NR non renseigné")).rejects
    assert (refused.row, refused.column_letter, refused.found) == (8, "H", "1751 et NR")


@pytest.mark.parametrize(("at", "value", "refused"), [("H9", 223, "H10"), ("H11", 670, "H12")])
def test_a_part_above_its_whole(read: Callable[..., Reading], at: str, value: int, refused: str) -> None:
    reading = read(putting(RSA, at, value))
    assert [f"{one.column_letter}{one.row}" for one in reading.rejects] == [refused]
    assert f"au plus {value}" in reading.rejects[0].expected
    assert is_counted(reading)


def test_two_wrong_cells_are_both_named(read: Callable[..., Reading]) -> None:
    reading = read(lambda book: book.write({(ASE, "H7"): "beaucoup", (RSA, "J13"): "?"}))
    assert {(one.sheet, one.row, one.column_letter) for one in reading.rejects} == {(ASE, 7, "H"), (RSA, 13, "J")}


# --- refused, as a whole


def _merge(root: etree._Element) -> None:
    merged = etree.SubElement(root, "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}mergeCells")
    etree.SubElement(merged, "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}mergeCell", ref="H7:H9")


def _swap_headers(book: Book) -> None:
    book.write({(RSA, "H5"): "Base (dénominateur)", (RSA, "I5"): "Valeur"})


STRUCTURE: list[tuple[Change, str, str]] = [
    (lambda book: book.remove(ASE), "feuille absente", ASE),
    (lambda book: book.remove(RSA), "feuille absente", RSA),
    (lambda book: book.remove(WHO), "feuille absente", WHO),
    (lambda book: book.remove(form.HIDDEN), "modèle", "aucun modèle"),
    (lambda book: book.rename(RSA, "RSA"), "feuille absente", RSA),
    (lambda book: book.add("ASE (2)", like=ASE), "feuille en double", "ASE (2)"),
    (lambda book: book.insert_row(RSA, 9), "ligne insérée", "ligne 9"),
    (lambda book: book.insert_row(RSA, 9, copy_of=8), "ligne en double", "ligne 9"),
    (lambda book: book.insert_row(RSA, 3), "en-tête", "ligne 6"),
    (lambda book: book.delete_row(RSA, 9), "ligne absente", "Premiers rendez-vous fixés"),
    (lambda book: book.delete_row(RSA, 2), "en-tête", "ligne 4"),
    (lambda book: book.write({(RSA, "A20"): "note"}), "ligne inconnue", "ligne 20"),
    (lambda book: book.edit(ASE, _merge), "cellules fusionnées", "ligne 7"),
    (_swap_headers, "en-tête", "colonne H"),
    (lambda book: book.write({(form.HIDDEN, "B2"): "2"}), "version du modèle", "version 2"),
    (lambda book: book.write({(form.HIDDEN, "B5"): "deux mille"}), "identifiants du modèle", form.HIDDEN),
    (lambda book: book.write({(form.HIDDEN, "C6"): "34"}), "identifiants du modèle", form.HIDDEN),
    (lambda book: book.write({(WHO, "A7"): "Millésime"}), "identification", "Année"),
    (
        lambda book: book.write({(sheet, at): None for sheet, cells in VALUES.items() for at in cells}),
        "classeur non rempli",
        "aucune valeur",
    ),
]


@pytest.mark.parametrize(("change", "rule", "said"), STRUCTURE)
def test_refused_workbook(read: Callable[..., Reading], change: Change, rule: str, said: str) -> None:
    reading = read(change)
    assert {one.rule for one in reading.rejects} == {rule}, [one.message for one in reading.rejects]
    assert said in reading.rejects[0].message
    assert all(one.advice for one in reading.rejects)


def test_a_working_sheet_is_set_aside(read: Callable[..., Reading]) -> None:
    reading = read(lambda book: book.add("Brouillon", cells={("Brouillon", "A1"): "calculs", ("Brouillon", "B2"): 12}))
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)
    assert reading.set_aside["Feuille ajoutée « Brouillon » : elle reste dans le classeur"] == 2


@pytest.mark.parametrize(
    "change",
    [
        lambda book: book.remove(form.GUIDE),
        lambda book: book.write({(RSA, "A40"): "  ", (ASE, "H30"): ""}),
        lambda book: book.write({(WHO, "B11"): "28/03/2025"}),
        lambda book: book.write({(WHO, "B7"): "2024 "}),
        lambda book: book.write({(RSA, "B8"): 31, (RSA, "C8"): "HAUTE GARONNE"}),
    ],
)
def test_harmless(read: Callable[..., Reading], change: Change) -> None:
    reading = read(change)
    assert (reading.rejects, reading.flags) == ([], [])
    assert is_counted(reading)


@pytest.mark.parametrize(
    ("at", "content"), [("B10", "camille.exemple"), ("B11", datetime.date(2024, 11, 2)), ("B11", "28/03/2052")]
)
def test_identification_to_look_at(read: Callable[..., Reading], at: str, content: Content) -> None:
    reading = read(putting(WHO, at, content))
    assert not reading.rejects
    assert [f"{flag.column_letter}{flag.row}" for flag in reading.flags] == [at]
    assert is_counted(reading)


# --- hostile files


ODS = """<?xml version="1.0"?><office:document-content
xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"><office:body><office:spreadsheet>
<table:table table:name="Orientation RSA"><table:table-row><table:table-cell/></table:table-row></table:table>
</office:spreadsheet></office:body></office:document-content>"""
MANIFEST = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"/>'


def test_another_format_is_refused_by_name(folder: Path, connection: duckdb.DuckDBPyConnection) -> None:
    path = folder / "calpae.ods"
    with ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", ODS)
    reading = Reading(connection, "calpae.ods")
    LAYOUT.read(path, reading)
    assert [(one.found, one.rule) for one in reading.rejects] == [(".ods", "format")]
    assert LAYOUT.recognise(path).missing


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=300))
def test_any_bytes_are_refused(tmp_path: Path, connection: duckdb.DuckDBPyConnection, content: bytes) -> None:
    path = tmp_path / "any.xlsx"
    path.write_bytes(content)
    assert not LAYOUT.recognise(path).is_certain
    LAYOUT.edition(path)
    reading = Reading(connection, "any.xlsx")
    LAYOUT.read(path, reading)
    assert reading.rejects


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 200))
def test_any_damage_is_refused_or_read(
    filled: Path, folder: Path, connection: duckdb.DuckDBPyConnection, seed: int, length: int
) -> None:
    content = bytearray(filled.read_bytes())
    at = seed % len(content)
    content[at : at + length] = random.Random(seed).randbytes(length)
    path = folder / "damaged.xlsx"
    path.write_bytes(content)
    LAYOUT.recognise(path)
    LAYOUT.edition(path)
    reading = Reading(connection, "damaged.xlsx")
    LAYOUT.read(path, reading)
    assert reading.rejects or is_counted(reading)


XML_TEXT = st.text(st.characters(min_codepoint=32, max_codepoint=0x2FFF, exclude_categories=["Cs"]), max_size=12)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(["H6", "H8", "I8", "J8", "K8", "L8", "H13"]),
    st.one_of(XML_TEXT, st.floats(allow_nan=False, allow_infinity=False), st.integers(-100, 10**7), st.booleans()),
)
def test_anything_typed_is_kept_or_refused(read: Callable[..., Reading], at: str, content: Content) -> None:
    reading = read(putting(RSA, at, content))
    assert reading.rejects or is_counted(reading)
    assert all(one.advice for one in reading.rejects)


# --- the template itself


@pytest.fixture(scope="module")
def parts(folder: Path) -> Book:
    return Book(write_template(folder / "parts.xlsx", level="departement", code="31", year=2024))


def test_the_template_opens_and_its_hidden_sheet_is_hidden(folder: Path, parts: Book) -> None:
    workbook = CalamineWorkbook.from_path(parts.save(folder / "parts.xlsx"))
    assert workbook.sheet_names == [form.GUIDE, WHO, ASE, RSA, form.HIDDEN]
    assert b'name="_bilan" sheetId="5" state="veryHidden"' in parts.parts["xl/workbook.xml"]


def test_only_cells_to_fill_are_unlocked(parts: Book) -> None:
    styles = etree.fromstring(parts.parts["xl/styles.xml"])
    unlocked = {
        str(index)
        for index, style in enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
        if (protection := style.find("{*}protection")) is not None and protection.get("locked") == "0"
    }
    open_cells = {}
    for name, part in parts.sheets.items():
        root = etree.fromstring(parts.parts[part])
        protection = root.find("{*}sheetProtection")
        assert protection is not None and protection.get("sheet") == "1" and protection.get("password") is None, name
        open_cells[name] = {cell.get("r") for cell in root.iter("{*}c") if cell.get("s") in unlocked}
    assert open_cells[WHO] == {"B8", "B9", "B10", "B11"}
    assert open_cells[ASE] == {f"{letter}{row}" for letter in "HJL" for row in range(6, 12)}
    assert open_cells[RSA] == {f"{letter}{row}" for letter in "HJL" for row in range(6, 14)} | {
        "I8",
        "I10",
        "I11",
        "I12",
    }
    assert open_cells[form.GUIDE] == open_cells[form.HIDDEN] == set()


def test_lists_checks_and_formulas_are_there(parts: Book) -> None:
    root = etree.fromstring(parts.parts[parts.sheets[RSA]])
    checks = {str(one.get("sqref")): one for one in root.iter("{*}dataValidation")}
    assert {checks[f"J{row}"].findtext("{*}formula1") for row in range(6, 14)} == {
        f'"{",".join(form.MARKERS.values())}"'
    }
    assert {checks[f"H{row}"].get("type") for row in range(6, 13)} == {"whole"}
    assert checks["H13"].get("type") == "decimal"
    assert checks["H8"].findtext("{*}formula2") == f"IF(ISNUMBER(I8),I8,{form.LARGEST_COUNT})"
    assert all(one.get("showErrorMessage") == "1" and one.get("errorStyle") is None for one in checks.values())
    assert "nombre entier" in str(checks["I8"].get("error"))
    formulas = {
        str(cell.get("r")): cell.findtext("{*}f") for cell in root.iter("{*}c") if cell.find("{*}f") is not None
    }
    assert set(formulas) == {f"K{row}" for row in range(7, 13)} | {"I7", "I9"}
    assert formulas["I9"] == 'IF(ISNUMBER(H6),H6,"")'


def test_the_page_is_ready_to_print(parts: Book) -> None:
    for name in (WHO, ASE, RSA):
        setup = etree.fromstring(parts.parts[parts.sheets[name]]).find("{*}pageSetup")
        assert setup is not None and setup.get("paperSize") == "9" and setup.get("orientation") == "landscape"
    pane = etree.fromstring(parts.parts[parts.sheets[RSA]]).find("{*}sheetViews/{*}sheetView/{*}pane")
    assert pane is not None and pane.get("state") == "frozen" and pane.get("topLeftCell") == "D6"
    names = parts.parts["xl/workbook.xml"].decode()
    assert names.count("_xlnm.Print_Area") == 4 and names.count("_xlnm.Print_Titles") == 2
