"""The table of datasets, and when their editions are late."""

from datetime import date
from urllib.parse import urlsplit

import pytest

from dagster_project.catalogue import _NAME
from dagster_project.connectors.calendar import Calendar, is_stale, next_expected
from dagster_project.connectors.fetch import choose
from dagster_project.connectors.producers import SOURCES, Source
from dagster_project.readers import LAYOUTS, OFFICIAL_MODULES, official_layout


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_each_line_of_the_table(source: Source) -> None:
    address = urlsplit(source.site.base)
    assert address.scheme == "https" and source.site.holds(str(address.hostname))
    assert _NAME.match(source.publisher) and _NAME.match(source.dataset)
    assert source.layout not in LAYOUTS, "a table filled by hand is not published by anybody"
    assert set(source.calendar.months) <= set(range(1, 13)) and source.calendar.months


def test_names_are_those_of_one_dataset() -> None:
    assert len({source.name for source in SOURCES}) == len(SOURCES)
    assert choose(["insee"]) == [source for source in SOURCES if source.publisher == "insee"]
    assert choose(None) == list(SOURCES)


def test_publishers_are_those_of_the_readers() -> None:
    read = [source for source in SOURCES if source.layout in OFFICIAL_MODULES]
    assert [official_layout(source.layout).publisher for source in read] == [source.publisher for source in read]


def test_another_address() -> None:
    moved = SOURCES[0].at("http://127.0.0.1:8000")
    assert moved.site.domains == ("127.0.0.1",) and moved.name == SOURCES[0].name


def test_over_indebtedness_asks_for_metropolitan_departements() -> None:
    [source] = choose(["banque_de_france"])
    where = str(getattr(source.catalogue, "where", ""))
    assert where.count("SUREN.DEPOT") == 96
    assert all(f'"IFI.M.D{code}.SUREN.DEPOT"' in where for code in ("01", "2A", "95"))
    assert source.site.key_variable == "BILAN_KEY_BANQUE_DE_FRANCE"


QUARTERLY = Calendar((3, 6, 9, 12), grace_days=15)


@pytest.mark.parametrize(
    ("published", "due"),
    [
        (date(2026, 6, 17), date(2026, 10, 15)),
        (date(2026, 12, 18), date(2027, 4, 15)),
        (date(2026, 7, 3), date(2026, 10, 15)),
    ],
)
def test_due_after(published: date, due: date) -> None:
    assert QUARTERLY.due_after(published) == due


def test_yearly_edition_is_due_a_year_later() -> None:
    assert Calendar((2,), grace_days=1).due_after(date(2023, 2, 15)) == date(2024, 3, 1), "a leap year"


def test_late_or_expected() -> None:
    source = next(one for one in SOURCES if one.layout == "insee_bdm_sdmx")
    published = date(2026, 6, 17)
    assert next_expected(source, published, date(2026, 7, 1)) == date(2026, 10, 15)
    assert not is_stale(source, published, date(2026, 10, 15))
    assert is_stale(source, published, date(2026, 10, 16))
    assert next_expected(source, published, date(2026, 10, 16)) == date(2027, 1, 15)
    assert next_expected(source, date(2020, 1, 1), date(2026, 10, 16)) == date(2027, 1, 15)
