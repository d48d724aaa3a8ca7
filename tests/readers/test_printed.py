"""What a printed figure says, and every way a French report writes one."""

import contextlib
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.readers.printed import UnreadableFigureError, read_printed, says


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 985 697", "5985697"),
        ("35 070*", "35070"),
        ("0*", "0"),
        ("16,8 %", "16.8"),
        ("7,9 %", "7.9"),
        ("6,34 M€", "6340000"),
        ("33,5M€", "33500000"),
        ("1,74 M €", "1740000"),
        ("3 Mds€", "3000000000"),
        ("7,4 milliards d'euros", "7400000000"),
        ("5,5 millions d'€", "5500000"),
        ("1 748 €", "1748"),
        ("+2,1%", "2.1"),
        ("-4 %", "-4"),
        ("2^{ème}", "2"),
        ("4^e", "4"),
        ("deuxième", "2"),
        ("Trois", "3"),
        ("une centaine", "100"),
        ("cinquantaine", "50"),
        ("24h/24", "24"),
        ("7 jours/7", "7"),
        ("deux ans et demi", "2.5"),
        ("un enfant sur huit", "12.5"),
        ("Un habitant sur deux", "50"),
        ("moitié", "50"),
        ("9.8", "9.8"),
    ],
)
def test_value(text: str, value: str) -> None:
    assert says(text, Decimal(value), None, None)


@pytest.mark.parametrize(
    ("text", "lower", "upper"),
    [
        ("6,1% à 5,1 %", "5.1", "6.1"),
        ("18-25", "18", "25"),
        ("6 mois et un an", "6", "12"),
        ("une à trois", "1", "3"),
        ("1 € par petit déjeuner à 1,3 €", "1", "1.3"),
    ],
)
def test_range(text: str, lower: str, upper: str) -> None:
    assert says(text, None, Decimal(lower), Decimal(upper))


def test_fractions_agree_to_six_decimals() -> None:
    assert says("deux tiers", Decimal("66.666667"), None, None)


def test_a_blank_says_nothing_and_nothing_is_not_zero() -> None:
    assert says("", None, None, None)
    assert not says("", Decimal(0), None, None)
    assert not says("0", None, None, None)


def test_the_mark_and_the_step_are_kept() -> None:
    printed = read_printed("35 070*")
    assert printed.marker == "*"
    assert printed.step == 1
    assert read_printed("16,8 %").step == Decimal("0.1")
    assert read_printed("6,34 M€").step == 10_000


@pytest.mark.parametrize("text", ["néant", "de 1 à 2 puis 3", "n.d."])
def test_unreadable(text: str) -> None:
    with pytest.raises(UnreadableFigureError):
        read_printed(text)


@given(st.integers(0, 10**12), st.sampled_from([" ", "\u00a0", "\u202f", ""]), st.sampled_from(["", "*", " €", " %"]))
def test_any_whole_number_reads_back(number: int, separator: str, suffix: str) -> None:
    printed = f"{number:,}".replace(",", separator) + suffix
    assert says(printed, Decimal(number), None, None)


@given(st.decimals(0, 10**6, places=2), st.sampled_from([(" M€", 10**6), (" Mds€", 10**9), ("", 1)]))
def test_any_scaled_number_reads_back(number: Decimal, scale: tuple[str, int]) -> None:
    word, factor = scale
    assert says(str(number).replace(".", ",") + word, number * factor, None, None)


@given(st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(UnreadableFigureError):
        read_printed(text)
