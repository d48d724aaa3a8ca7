"""A restricted edition is read and checked; what it says is in no table people open, no manifest and no history."""

from pathlib import Path

import pytest

from dagster_project.calpae_template import write_template
from dagster_project.inbox import INBOX
from dagster_project.query import open_release, rows_of
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.readers.calpae.filled import Book
from tests.readers.calpae.test_workbook import ASE, PERSON, VALUES, WHO

SECRET = 42_719


@pytest.fixture
def with_calpae(workshop: Settings, tmp_path: Path) -> Settings:
    """A département's workbook, with a number found nowhere else, dropped as a person would."""
    book = Book(write_template(tmp_path / "modele.xlsx", level="departement", code="31", year=2024))
    answers = VALUES | {ASE: VALUES[ASE] | {"H6": SECRET}}
    book.write({(sheet, at): value for sheet, cells in answers.items() for at, value in cells.items()})
    book.write({(WHO, at): value for at, value in PERSON.items()})
    (workshop.raw / INBOX).mkdir(exist_ok=True)
    book.save(workshop.raw / INBOX / "calpae-31.xlsx")
    return workshop


def test_what_a_restricted_edition_says_stays_in_the_core(with_calpae: Settings) -> None:
    outcome = run_refresh(with_calpae, tell=lambda line: None)
    assert not outcome.refused
    with open_release(with_calpae) as marts:
        masked = rows_of(
            marts,
            "select value, obs_status from marts.calpae_indicator "
            "where territory_code = '31' and territory_level = 'departement'",
        )
    assert masked
    assert {(row["value"], row["obs_status"]) for row in masked} == {(None, "M")}
    release = with_calpae.served.resolve().parent
    written = [*release.rglob("*"), *with_calpae.history.rglob("*")]
    for path in written:
        if path.is_file() and path.suffix not in (".duckdb", ".parquet"):
            assert str(SECRET).encode() not in path.read_bytes(), path
    with open_release(with_calpae) as marts:
        tables = [row["table_name"] for row in rows_of(marts, "select table_name from duckdb_tables()")]
        for table in tables:
            found = rows_of(marts, f"select count(*) as n from marts.{table} as t where t::varchar like '%{SECRET}%'")
            assert found[0]["n"] == 0, table
