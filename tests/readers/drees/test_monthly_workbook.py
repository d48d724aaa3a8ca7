"""The monthly workbook of DREES: the genuine one, an invented one, and what must be refused or pointed at."""

import csv
import tempfile
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.cells import Reading
from dagster_project.readers.drees.monthly_workbook import LAYOUTS
from dagster_project.readers.nomenclature import names
from dagster_project.readers.table import column_letter
from dagster_project.settings import PROJECT
from tests.readers.drees.workbook import DATA, Rows, is_accounted_for, load, places, read, write

LAYOUT = LAYOUTS[0]
GENUINE = DATA / "Données mensuelles des prestations de solidarité.xlsx"
EXTRACT = PROJECT / "raw" / "drees" / "monthly_benefits" / "2020-12" / "occitanie.csv"
GROWTH = "Evolution en glissement annuel (en %)"
BENEFITS = {
    "RSA": "Nombre d'allocataires du RSA",
    "AAH": "Nombre d'allocataires de l'AAH",
    "ASS": "Nombre d'allocataires de l'ASS",
    "Prime d'activité": "Nombre d'allocataires de la prime d'activité",
    "Aides au logement": "Nombre d'allocataires d'une aide au logement",
    "Contrat d'engagement jeune": "Nombre de bénéficiaires du contrat d'engagement jeune (CEJ)",
}
needs_genuine = pytest.mark.skipif(not GENUINE.exists(), reason="fichier authentique de la DREES absent")
Sheets = dict[str, Rows]
MONTHS = 15
PROVISIONAL = 10
LAST = 7 + MONTHS


def _count(benefit: int, departement: int, month: int) -> int:
    return 1000 + 700 * benefit + 130 * departement + 10 * ((month * (departement + 3)) % 17) + 10 * month


def _months(number: int) -> list[date]:
    return [date(2020 + index // 12, index % 12 + 1, 1) for index in range(number)]


def invented() -> Sheets:
    """A later edition: other sheet numbers, a benefit that came since, text and years that change."""
    months = _months(MONTHS)
    codes = sorted(names("departement"))
    sheets: Sheets = {"Sommaire": [["Sommaire"]]}
    country: Rows = [["Tableau 1 : Effectifs des prestations sociales par mois "], [], ["Sommaire"], []]
    country.append(["", *[cell for name in BENEFITS for cell in (name, "")]])
    country.append(["", *["Effectif", GROWTH] * len(BENEFITS)])
    totals = [
        [sum(_count(benefit, place, month) for place in range(len(codes))) for month in range(len(months))]
        for benefit in range(len(BENEFITS))
    ]
    for month, start in enumerate(months):
        row: list[object] = [start]
        for counts in totals:
            text = f"{round(counts[month], -2):,}".replace(",", " ")
            row.append(f"{text}*" if month >= PROVISIONAL else round(counts[month], -2))
            row.append(100 * (counts[month] / counts[month - 12] - 1) if month >= 12 else "nd")
        country.append(row)  # type: ignore[arg-type]
    sheets["Tableau 1"] = country
    for benefit, title in enumerate(BENEFITS.values()):
        rows: Rows = [[f"Tableau {benefit + 3} : {title} par département et par mois"], [], ["Sommaire"], []]
        rows.append(["Numéro", *[cell for code in codes for cell in (_numeric(code), "")]])
        rows.append(["Département", *[cell for code in codes for cell in (names("departement")[code], "")]])
        rows.append(["", *["Effectif", GROWTH] * len(codes)])
        for month, start in enumerate(months):
            label = (
                f"{('nov', 'déc', 'janv', 'févr', 'mars')[month - PROVISIONAL]}-{start:%y}*"
                if month >= PROVISIONAL
                else start
            )
            line: list[object] = [label]
            for place in range(len(codes)):
                now = _count(benefit, place, month)
                line += [now, 100 * (now / _count(benefit, place, month - 12) - 1) if month >= 12 else "nd"]
            rows.append(line)  # type: ignore[arg-type]
        rows += [["nd : non disponible."], ["* Données provisoires (traitements DREES)."]]
        sheets[f"Tableau {benefit + 3}"] = rows
    return sheets


def _numeric(code: str) -> float | str:
    return float(code) if code.isdigit() else code


@pytest.fixture(scope="module")
def genuine() -> Reading:
    return read(LAYOUT, GENUINE)


@needs_genuine
def test_the_genuine_workbook_is_recognised_and_read_whole(genuine: Reading) -> None:
    assert LAYOUT.recognise(GENUINE).is_certain
    assert LAYOUT.edition(GENUINE).label == "2020-12"
    assert LAYOUT.edition(GENUINE).published_not_after == date(2020, 12, 22)
    assert not genuine.rejects
    assert not genuine.flags
    assert (genuine.cells_read, genuine.cells_kept, genuine.cells_set_aside) == (59_931, 32_137, 27_794)


@needs_genuine
def test_the_genuine_workbook_says_what_was_transcribed_of_it(genuine: Reading) -> None:
    read_cells = {
        tuple(map(str, row))
        for row in genuine.connection.execute(
            """
            select indicator_code, territory_level, territory_code, territory_label, period_start, period_end,
                value::bigint, unit, obs_status, printed_text, source_sheet, source_row, source_column
            from reading
            where territory_level = 'departement' and period_code in ('2018-12', '2019-12')
                and territory_code in ('09', '11', '12', '30', '31', '32', '34', '46', '48', '65', '66', '81', '82')
                and indicator_code <> 'garantie_jeunes_entries'
            """
        ).fetchall()
    }
    columns = [
        "indicator_code",
        "territory_level",
        "territory_code",
        "territory_label",
        "period_start",
        "period_end",
        "value",
        "unit",
        "obs_status",
        "printed_text",
        "source_sheet",
        "source_row",
        "source_column",
    ]
    with EXTRACT.open(encoding="utf-8") as file:
        transcribed = {tuple(row[column] for column in columns) for row in csv.DictReader(file)}
    assert len(transcribed) == 13 * 2 * 6
    assert read_cells == transcribed


@needs_genuine
def test_golden_sums_of_occitanie(genuine: Reading) -> None:
    sums = genuine.connection.execute(
        """
        select indicator_code, period_code, sum(value)::bigint from reading
        where territory_code in ('09', '11', '12', '30', '31', '32', '34', '46', '48', '65', '66', '81', '82')
            and territory_level = 'departement' and period_code in ('2018-12', '2019-12')
            and indicator_code <> 'garantie_jeunes_entries'
        group by all
        """
    ).fetchall()
    assert {(code, period): value for code, period, value in sums} == {
        ("rsa_recipients", "2018-12"): 190_440,
        ("rsa_recipients", "2019-12"): 192_420,
        ("aah_recipients", "2018-12"): 124_830,
        ("aah_recipients", "2019-12"): 128_750,
        ("ass_recipients", "2018-12"): 38_920,
        ("ass_recipients", "2019-12"): 36_360,
        ("garantie_jeunes_recipients", "2018-12"): 9_887,
        ("garantie_jeunes_recipients", "2019-12"): 11_572,
        ("aides_logement_recipients", "2018-12"): 665_250,
        ("aides_logement_recipients", "2019-12"): 662_780,
        ("prime_activite_recipients", "2018-12"): 333_700,
        ("prime_activite_recipients", "2019-12"): 466_840,
    }


@needs_genuine
def test_provisional_months_are_marked(genuine: Reading) -> None:
    rows = genuine.connection.execute(
        """
        select obs_status, marker, printed_step::integer, count(*) from reading
        where indicator_code = 'rsa_recipients' and period_code >= '2020-05' group by all order by all
        """
    ).fetchall()
    assert rows == [("A", None, 10, 101), ("A", None, 100, 1), ("P", "*", 10, 505), ("P", "*", 100, 5)]


@needs_genuine
def test_counts_ten_times_off_are_pointed_at(tmp_path: Path) -> None:
    """In the first year, in the middle, in the last month; too large and too small."""
    sheets = load(GENUINE)
    faults = {
        ("Tableau 2", 8, "BL"): 10,
        ("Tableau 3", 31, "R"): 10,
        ("Tableau 5", 43, "ED"): 0.1,
        ("Tableau 6", 53, "AL"): 10,
    }
    for (sheet, row, letters), times in faults.items():
        column = next(index for index in range(203) if column_letter(index) == letters)
        cell = sheets[sheet][row - 1][column]
        sheets[sheet][row - 1][column] = float(round(cell * times))  # type: ignore[operator, arg-type]
    reading = read(LAYOUT, write(tmp_path / "x10.xlsx", sheets))
    assert set(places(reading)) == set(faults)
    assert is_accounted_for(reading)


@needs_genuine
def test_an_older_month_pasted_again_is_pointed_at(tmp_path: Path) -> None:
    sheets = load(GENUINE)
    rows = sheets["Tableau 5"]
    rows[42] = [rows[42][0], *rows[30][1:]]
    reading = read(LAYOUT, write(tmp_path / "pasted.xlsx", sheets))
    assert ("Tableau 5", 43) in {(sheet, row) for sheet, row, _ in places(reading)}


def test_an_invented_later_edition_is_read(tmp_path: Path) -> None:
    path = write(tmp_path / "invented.xlsx", invented(), modified="2022-05-31")
    reading = read(LAYOUT, path)
    assert LAYOUT.recognise(path).is_certain
    assert LAYOUT.edition(path).label == "2022-05"
    assert not places(reading)
    assert is_accounted_for(reading)
    assert reading.cells_kept == MONTHS * (101 + 1) * len(BENEFITS)
    row = reading.connection.execute(
        "select value, unit, obs_status, marker, period_label from reading where indicator_code = 'cej_recipients' "
        "and territory_code = '01' and territory_level = 'departement' and period_code = '2020-12'"
    ).fetchone()
    assert row == (_count(5, 0, 11), "person", "P", "*", "déc-20*")


Change = Callable[[Sheets], object]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda s: [row.append("") for row in s["Tableau 3"]], id="trailing blanks"),
        pytest.param(lambda s: s["Tableau 3"].extend([[], [" "], []]), id="blank rows"),
        pytest.param(lambda s: s.update({"Feuil1": s.pop("Tableau 3")}), id="sheet renamed and moved"),
        pytest.param(
            lambda s: [row.__setitem__(slice(1, 5), row[3:5] + row[1:3]) for row in s["Tableau 4"][4:LAST]],
            id="columns moved",
        ),
        pytest.param(lambda s: s["Tableau 4"][4].__setitem__(1, "01"), id="code as text"),
        pytest.param(lambda s: s["Tableau 4"][5].__setitem__(1, "Ain**"), id="starred name"),
        pytest.param(lambda s: s["Tableau 4"].insert(2, []), id="a blank row above"),
        pytest.param(
            lambda s: s.update(
                {"Tableau 9": [["Tableau 9 : Effectifs des prestations sociales par mois, données CVS"], [], [1.0]]}
            ),
            id="seasonally adjusted",
        ),
        pytest.param(
            lambda s: s.update(
                {
                    "Tableau 9": [
                        ["Tableau 9 : Nombre d'étudiants boursiers, repas à 1 euro, par région et par mois"],
                        [],
                        [1.0],
                    ]
                }
            ),
            id="students",
        ),
    ],
)
def test_harmless_variants_are_read(tmp_path: Path, change: Change) -> None:
    sheets = invented()
    change(sheets)
    reading = read(LAYOUT, write(tmp_path / "variant.xlsx", sheets))
    assert not places(reading)
    assert is_accounted_for(reading)
    assert reading.cells_kept == MONTHS * (101 + 1) * len(BENEFITS)


def _swap(rows: Rows, row: int, first: int, second: int) -> Rows:
    rows[row][first], rows[row][second] = rows[row][second], rows[row][first]
    return rows


@pytest.mark.parametrize(
    ("change", "where"),
    [
        pytest.param(lambda s: _swap(s["Tableau 3"], 4, 1, 3), ("Tableau 3", 6, "B"), id="codes swapped"),
        pytest.param(lambda s: _swap(s["Tableau 3"], 5, 1, 3), ("Tableau 3", 6, "B"), id="names swapped"),
        pytest.param(lambda s: _swap(s["Tableau 3"], 6, 1, 2), ("Tableau 3", 7, "B"), id="headers swapped"),
        pytest.param(lambda s: s["Tableau 3"][9].__setitem__(3, 12.5), ("Tableau 3", 10, "D"), id="half a person"),
        pytest.param(lambda s: s["Tableau 3"][9].__setitem__(3, -10), ("Tableau 3", 10, "D"), id="negative"),
        pytest.param(lambda s: s["Tableau 3"][9].__setitem__(3, "beaucoup"), ("Tableau 3", 10, "D"), id="words"),
        pytest.param(lambda s: s["Tableau 3"][9].__setitem__(3, ""), ("Tableau 3", 10, "D"), id="hole"),
        pytest.param(
            lambda s: s["Tableau 3"][LAST - 1].__setitem__(3, ""), ("Tableau 3", LAST, "D"), id="hole at the end"
        ),
        pytest.param(lambda s: s["Tableau 3"][9].__setitem__(0, "13-2020"), ("Tableau 3", 10, "A"), id="month 13"),
        pytest.param(lambda s: s["Tableau 3"].pop(12), ("Tableau 3", 13, "A"), id="a month lost"),
        pytest.param(lambda s: s["Tableau 3"].insert(12, s["Tableau 3"][12]), ("Tableau 3", 14, "A"), id="row twice"),
        pytest.param(
            lambda s: s["Tableau 3"].__delitem__(slice(LAST - 3, LAST)), ("Tableau 3", LAST - 3, "A"), id="truncated"
        ),
        pytest.param(
            lambda s: s["Tableau 3"].__delitem__(slice(7, 9)), ("Tableau 3", LAST - 2, "A"), id="head cut off"
        ),
        pytest.param(
            lambda s: [row.__delitem__(slice(1, 3)) for row in s["Tableau 3"][4:LAST]],
            ("Tableau 3", 5, None),
            id="a département lost",
        ),
        pytest.param(
            lambda s: [row.extend(row[1:3]) for row in s["Tableau 3"][4:LAST]],
            ("Tableau 3", 5, "GV"),
            id="column twice",
        ),
        pytest.param(lambda s: s["Tableau 3"][4].__setitem__(1, 99.0), ("Tableau 3", 5, "B"), id="unknown code"),
        pytest.param(lambda s: s.pop("Tableau 3"), (None, None, None), id="a sheet lost"),
        pytest.param(lambda s: s.pop("Tableau 1"), (None, None, None), id="the national sheet lost"),
        pytest.param(lambda s: s.update({"Tableau 9": s["Tableau 3"]}), ("Tableau 9", 1, "A"), id="a sheet twice"),
        pytest.param(
            lambda s: s["Tableau 3"][0].__setitem__(0, "Tableau 3 : Autre prestation par département et par mois"),
            ("Tableau 3", 1, "A"),
            id="unknown title",
        ),
        pytest.param(
            lambda s: s["Tableau 1"][4].__setitem__(3, "Autre prestation"), ("Tableau 1", 5, "D"), id="unknown benefit"
        ),
        pytest.param(
            lambda s: s["Tableau 3"][LAST - 1].__setitem__(3, 113_000), ("Tableau 3", LAST, "D"), id="ten times"
        ),
        pytest.param(lambda s: s["Tableau 1"][8].__setitem__(1, 10), ("Tableau 1", 9, "B"), id="wrong national count"),
        pytest.param(lambda s: s["Tableau 3"][20].__setitem__(4, 55.5), ("Tableau 3", 21, "D"), id="wrong growth"),
        pytest.param(
            lambda s: s["Tableau 3"][20].__setitem__(slice(1, None), s["Tableau 3"][8][1:]),
            ("Tableau 3", 21, "B"),
            id="last year's values",
        ),
        pytest.param(
            lambda s: [_swap(s["Tableau 3"], row, 1, 101) for row in range(7, LAST)],
            ("Tableau 3", 20, "CX"),
            id="counts of two columns swapped",
        ),
    ],
)
def test_faults_are_refused_or_pointed_at(
    tmp_path: Path, change: Change, where: tuple[str | None, int | None, str | None]
) -> None:
    sheets = invented()
    change(sheets)
    reading = read(LAYOUT, write(tmp_path / "fault.xlsx", sheets))
    assert where in places(reading)


def test_another_workbook_is_not_recognised(tmp_path: Path) -> None:
    path = write(tmp_path / "other.xlsx", {"Tableau 1": [["Autre tableau par mois"], [1.0]]})
    assert not LAYOUT.recognise(path).found


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=400).flatmap(lambda tail: st.sampled_from([tail, b"PK\x03\x04" + tail])))
def test_any_bytes_are_refused(content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "any.xlsx"
        path.write_bytes(content)
        assert not LAYOUT.recognise(path).is_certain
        assert LAYOUT.edition(path).published_on is None
        assert read(LAYOUT, path).rejects
