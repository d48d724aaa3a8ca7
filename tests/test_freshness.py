"""An edition is late, or awaited, by its producer's own calendar."""

from datetime import date, timedelta

from dagster_project.automation import awaited_from
from dagster_project.catalogue import load_catalogue
from dagster_project.connectors.calendar import Calendar
from dagster_project.freshness import ages, calendar_of
from dagster_project.settings import PROJECT

QUARTERLY = Calendar((3, 6, 9, 12), grace_days=15)
CATALOGUE = load_catalogue(PROJECT / "raw")


def test_a_dataset_is_late_once_the_next_edition_is_due() -> None:
    (unemployment,) = (dataset for dataset in CATALOGUE if dataset.name == "insee/unemployment")
    (soon,) = ages([unemployment], date(2024, 3, 1))
    (late,) = ages([unemployment], date(2024, 6, 1))
    assert (soon.is_late, soon.days) == (False, 72)
    assert soon.next_expected is not None
    assert soon.next_expected > date(2024, 3, 1)
    assert late.is_late
    assert "EN RETARD" in late.sentence


def test_a_report_keeps_no_calendar() -> None:
    reports = [dataset for dataset in CATALOGUE if dataset.name.startswith("dreets_occitanie/")]
    assert all(not age.is_late and age.next_expected is None for age in ages(reports, date(2030, 1, 1)))


def test_the_longest_wait_is_that_of_the_calendar() -> None:
    assert QUARTERLY.longest_wait == QUARTERLY.due_after(date(2030, 3, 1)) - date(2030, 3, 1)
    assert timedelta(days=90) < QUARTERLY.longest_wait < timedelta(days=150)
    assert calendar_of("insee/unemployment") is not None
    assert calendar_of("dreets_occitanie/report_credits") is None


def test_producers_are_asked_when_they_publish_or_owe_something() -> None:
    assert "insee/unemployment" in awaited_from("insee", CATALOGUE, date(2024, 3, 20))
    assert "insee/unemployment" not in awaited_from("insee", CATALOGUE, date(2024, 2, 1))
    assert "insee/unemployment" in awaited_from("insee", CATALOGUE, date(2025, 2, 1))
