"""What the pages are made of: exact numbers in French, cells that are no number, drawings that say what they hide."""

from datetime import date
from decimal import Decimal
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.catalogue import Sidecar
from dagster_project.readers.insee.filosofi_columns import GROUPS
from dagster_project.report import benefits, charts, french, maps
from dagster_project.report.charts import Point
from dagster_project.report.figures import figure_of
from dagster_project.report.headings import Headings
from dagster_project.report.marts import Row
from dagster_project.report.tables import Line, Table, as_csv

DECEMBERS = [date(2018, 12, 1), date(2019, 12, 1), date(2020, 12, 1), date(2021, 12, 1)]


def row(**values: object) -> Row:
    return Row("beneficiaries", ("territory_code",), {"territory_code": "30", "obs_status": "A"} | values)


def test_every_code_a_reader_may_meet_has_its_french_words() -> None:
    assert french.POPULATION_GROUPS.keys() >= {"all", *GROUPS.values()}
    maturities = set(get_args(Sidecar.model_fields["maturity"].annotation))
    assert maturities == french.MATURITIES.keys() == french.MATURITIES_OF_A_FIGURE.keys()


@given(st.decimals(min_value=-(10**17), max_value=10**17, places=6))
def test_a_number_reads_back_as_itself(value: Decimal) -> None:
    shown = french.number(french.trimmed(value))
    assert Decimal(shown.replace("\u202f", "").replace(",", ".").replace("\u2212", "-")) == value
    assert "," not in shown or not shown.endswith("0")


@pytest.mark.parametrize(
    ("value", "at_least", "shown"),
    [
        (Decimal("17940580.00"), 0, "17\u202f940\u202f580"),
        (Decimal("20.000000"), 1, "20,0"),
        (Decimal("-390949"), 0, "\u2212390\u202f949"),
        (Decimal("0.05"), 0, "0,05"),
        (0, 0, "0"),
    ],
)
def test_numbers_are_written_as_in_french(value: Decimal | int, at_least: int, shown: str) -> None:
    assert french.number(french.trimmed(value, at_least)) == shown


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("2021-12", "décembre 2021"),
        ("2021-Q1", "1er trimestre 2021"),
        ("2018-12-31/2019-12-31", "du 31 décembre 2018 au 31 décembre 2019"),
        ("", "période non précisée"),
    ],
)
def test_periods_are_words(code: str, words: str) -> None:
    assert french.period(code) == words


@pytest.mark.parametrize("conf_status", ["C", "D"])
def test_a_masked_cell_is_said_to_be_secret_and_never_a_zero(conf_status: str) -> None:
    figure = figure_of(row(beneficiaries=None, conf_status=conf_status), "beneficiaries", unit="household")
    assert (figure.text, figure.raw, figure.unit) == ("secret", "", "")
    assert "secret statistique" in str(figure.__html__())
    table = Table("Masqué", ["Territoire", "Foyers"], [Line("Gard", [figure])])
    assert as_csv(table).splitlines()[1] == "Gard;secret"


def test_a_provisional_number_is_marked_as_such() -> None:
    figure = figure_of(row(beneficiaries=31390, obs_status="P"), "beneficiaries")
    assert '<abbr class="st" title="provisoire">p</abbr>' in str(figure.__html__())
    assert "p : provisoire" in Table("T", ["a", "b"], [Line("Gard", [figure])]).legend


def test_a_printed_range_shows_both_ends() -> None:
    figure = figure_of(
        row(value=None, value_lower=Decimal("13.2"), value_upper=Decimal("14.7")), "value", unit="percent"
    )
    html = str(figure.__html__())
    assert 'data-col="value_lower">13,2</data> à <data value="14.7"' in html


def test_nothing_joins_the_two_sides_of_a_break() -> None:
    points = [Point(when, 100 + index) for index, when in enumerate(DECEMBERS)]
    joined, broken = charts.series(points, [], "Continu."), charts.series(points, [date(2020, 1, 1)], "Rompu.")
    assert [drawn.count('class="mark-line') for drawn in (joined, broken)] == [3, 2]
    assert "évolution non calculée" in benefits.evolution(points, [date(2020, 1, 1)])
    assert "+3,0" in benefits.evolution(points, [])


def test_a_provisional_month_is_drawn_hollow_and_dashed() -> None:
    final = [Point(when, 100) for when in DECEMBERS]
    provisional = [*final[:-1], Point(DECEMBERS[-1], 100, provisional=True)]
    assert "stroke-dasharray" not in charts.series(final, [], "Définitif.")
    drawn = charts.series(provisional, [], "Le dernier mois est provisoire.")
    assert "stroke-dasharray" in drawn and 'fill="var(--paper)"' in drawn


def test_nothing_is_computed_from_a_figure_in_a_gap() -> None:
    points = [Point(DECEMBERS[0], 303270, in_gap=True), Point(DECEMBERS[1], 466840)]
    assert "en écart, évolution non calculée" in benefits.evolution(points, [])


def test_a_drawing_takes_its_colours_from_the_page() -> None:
    drawn = charts.series([Point(when, 100) for when in DECEMBERS], [], "Quatre mois.")
    assert "var(--main)" in drawn and "#a000" not in drawn
    assert drawn.startswith("<svg") and 'aria-label="Quatre mois."' in drawn


def test_shades_part_the_departements_and_say_between_what_values() -> None:
    values = {code: Decimal(index) for index, code in enumerate(["09", "11", "12", "30", "31", "32", "34", "46"])}
    drawn, legend = maps.shaded(values, "Huit départements.")
    assert drawn.count("<path") == len(values)
    assert legend[0][1].startswith("0 à") and legend[-1][1].endswith("7")


def test_a_departement_overseas_is_not_on_the_map() -> None:
    assert maps.drawable({"30": 1, "48": 2})
    assert not maps.drawable({"30": 1, "974": 2})


def test_headings_in_capitals_are_read_in_small_letters_and_acronyms_stay() -> None:
    headings = Headings(["Bénéficiaires du RSA, Occitanie", "Les actions en Occitanie"])
    assert (
        headings.plain("ORIENTER LES BÉNÉFICIAIRES DU RSA EN OCCITANIE")
        == "Orienter les bénéficiaires du RSA en Occitanie"
    )
    assert headings.plain("DÉPLOYER DES POINTS CONSEILS BUDGETS (PCB)") == "Déployer des points conseils budgets (PCB)"
    assert headings.plain("Le mentorat") == "Le mentorat"
