from datetime import date

import pytest

from dagster_project.readers.periods import first_day, period_code


@pytest.mark.parametrize(
    ("start", "end", "code"),
    [
        ("2021-01-01", "2021-12-31", "2021"),
        ("2021-07-01", "2021-09-30", "2021-Q3"),
        ("2020-02-01", "2020-02-29", "2020-02"),
        ("2021-01-01", "2021-01-01", "2021-01-01"),
        ("2021-02-01", "2021-04-30", "2021-02-01/2021-04-30"),
        ("2019-01-01", "2021-12-31", "2019-01-01/2021-12-31"),
    ],
)
def test_shortest_exact_name(start: str, end: str, code: str) -> None:
    assert period_code(date.fromisoformat(start), date.fromisoformat(end)) == code
    assert first_day(code) == start


def test_a_period_not_said_has_no_name() -> None:
    assert period_code(None, None) == ""
