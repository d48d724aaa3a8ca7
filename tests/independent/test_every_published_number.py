"""Every published number, and every word beside it, is what plain Python finds in ``raw/``: all of them, both ways."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from dagster_project.settings import Settings
from tests.independent.comparison import Comparison, compare_all, published_keys, summary
from tests.independent.knowledge import Knowledge
from tests.independent.marts import expected_marts
from tests.richer import RicherStage


def recomputed(raw: Path, database: Path) -> Comparison:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = compare_all(connection, published_keys(connection), expected_marts(Knowledge.of(raw), raw))
    print(f"{database.parent.name}: {found.equal_numbers} of {found.numbers} numbers, {found.cells} cells")
    return found


def test_of_the_report(published: Settings) -> None:
    found = recomputed(published.raw, published.served)
    assert not found.differences, summary(found.differences)
    assert found.equal_numbers == found.numbers > 11_000


def test_of_an_archive_with_revisions_breaks_and_other_sources(richer_stage: RicherStage) -> None:
    found = recomputed(richer_stage.raw, richer_stage.stage)
    assert not found.differences, summary(found.differences)
    assert found.equal_numbers == found.numbers > 12_000


@pytest.fixture
def altered(richer_stage: RicherStage, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(str(richer_stage.copied_to(tmp_path))) as connection:
        yield connection


@pytest.mark.parametrize(
    "alteration",
    [
        "update marts.beneficiaries set beneficiaries = beneficiaries + 1 where territory_code = '09'",
        "update marts.budget_line set amount_eur = null where amount_eur = 0",
        "delete from marts.key_figure where source_line = 172",
        "insert into marts.measure select * replace ('zz' as measure_id) from marts.measure limit 1",
        "alter table marts.population add column more integer",
        "create table marts.more (n integer primary key)",
        "drop table marts.scheme_total",
    ],
)
def test_a_table_altered_is_seen(
    altered: duckdb.DuckDBPyConnection, richer_stage: RicherStage, alteration: str
) -> None:
    altered.execute(alteration)
    assert compare_all(altered, published_keys(altered), richer_stage.expected).differences
