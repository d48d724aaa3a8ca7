"""The same content gives the same digests and the same files, however, whenever and wherever it was built."""

import csv
import json
import re
import shutil
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from dagster_project.formulas import neutral, neutral_sql
from dagster_project.hashing import file_sha256
from dagster_project.release.digest import checksum, content_digest, digest_by_period, sum_of_hashes
from dagster_project.release.exports import export_tables
from dagster_project.release.stage import published_models
from dagster_project.release.tables import contents, write_database
from dagster_project.settings import Settings

COLUMNS = {"k": "bigint", "name": "varchar", "amount": "decimal(12,2)"}
ROWS = 30_000


@pytest.fixture
def memory() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def table(connection: duckdb.DuckDBPyConnection, rows: str) -> tuple[str, str]:
    """The digest of some rows, and their checksum."""
    connection.execute("create or replace table t (k bigint, name varchar, amount decimal(12, 2))")
    connection.execute(f"insert into t {rows}")
    return content_digest(connection, "t", COLUMNS), checksum(connection, "t")


def test_a_digest_depends_on_no_order_thread_or_time_zone(memory: duckdb.DuckDBPyConnection) -> None:
    rows = f"select range, 'é' || range, range / 100 from range({ROWS})"
    expected = table(memory, rows)
    for threads, zone in ((1, "UTC"), (2, "Pacific/Kiritimati"), (4, "America/St_Johns")):
        memory.execute(f"set threads = {threads}")
        memory.execute(f"set timezone = '{zone}'")
        assert table(memory, f"from ({rows}) order by hash(range)") == expected


def test_a_checksum_sees_rows_that_change_alike(memory: duckdb.DuckDBPyConnection) -> None:
    """Two rows of a pair get the same last value: of 50,000 pairs, a sum of 16 bits misses one or so."""
    (missed,) = memory.execute(
        f"""
        with pair as (select range // 2 as pair, range as k, hash(range)::varchar as name from range(100000)),
        summed as (
            select pair, last is null as side, {sum_of_hashes("k, name, last")} % 65536 as sum
            from (select *, unnest([date '2026-11-02', null]) as last from pair)
            group by all
        )
        select count(*) from (select pair from summed group by pair having count(distinct sum) = 1)
        """
    ).fetchall()[0]
    assert missed < 10


@pytest.mark.parametrize(
    "other",
    [
        "values (1, 'a', 1), (2, null, null), (3, 'c', 3)",  # a value, unknown instead
        "values (1, 'a', 1), (2, '', null), (3, 'c', 3)",
        "values (1, 'a', 1), (2, 'b', 2)",
        "values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3), (3, 'c', 3)",
        "values (1, 'b', 1), (2, 'a', 2), (3, 'c', 3)",
        "values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3.01)",
        "values (1, 'a', 1), (2, 'b1:2', null), (3, 'c', 3)",
    ],
)
def test_another_content_has_another_digest(memory: duckdb.DuckDBPyConnection, other: str) -> None:
    (digest, summed), others = table(memory, "values (1, 'a', 1), (2, 'b', 2), (3, 'c', 3)"), table(memory, other)
    assert digest != others[0] and summed != others[1]


def test_names_and_types_count(memory: duckdb.DuckDBPyConnection) -> None:
    memory.execute("create table t as select 1 as a, 1 as b")
    digests = {content_digest(memory, "t", columns) for columns in ({"a": "int"}, {"b": "int"}, {"a": "bigint"})}
    assert len(digests) == 3


def test_no_text_passes_from_a_column_to_the_next(memory: duckdb.DuckDBPyConnection) -> None:
    columns = {"a": "varchar", "b": "varchar"}
    memory.execute("create table one as select 'x' || chr(31) || 'y' as a, 'z' as b")
    memory.execute("create table other as select 'x' as a, 'y' || chr(31) || 'z' as b")
    assert content_digest(memory, "one", columns) != content_digest(memory, "other", columns)
    assert checksum(memory, "one") != checksum(memory, "other")


KEPT = {"dataset": "varchar", "period_code": "varchar", "value": "decimal(24, 6)", "note": "varchar", "none": "varchar"}


@pytest.fixture
def periods(memory: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """A table of rows that have a dataset and a period: none yet."""
    declared = ", ".join(f'"{name}" {data_type}' for name, data_type in KEPT.items())
    memory.execute(f"create table t ({declared}); create schema core")
    return memory


def _fill(connection: duckdb.DuckDBPyConnection, period: str, values: Sequence[int | None]) -> None:
    """Put other rows in a period."""
    connection.execute("delete from t where period_code = ?", [period])
    for value in values:
        connection.execute("insert into t values ('d', ?, ?, 'note ' || ?, null)", [period, value, value])


def _held(connection: duckdb.DuckDBPyConnection) -> dict[str, list[object]]:
    rows = connection.execute("select period_code, list(value order by value) from t group by all").fetchall()
    return dict(rows)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from("abc"), st.lists(st.none() | st.integers(-9, 9), max_size=4)), max_size=5))
@example([])
@example([("a", [None]), ("b", [])])
def test_a_digest_by_period_is_that_of_the_whole_table_whatever_was_digested_before(
    periods: duckdb.DuckDBPyConnection, changes: list[tuple[str, list[int | None]]]
) -> None:
    digest_by_period(periods, "t", "t", KEPT)
    for period, values in [*changes, ("z", [])]:
        before, held = content_digest(periods, "t", KEPT), _held(periods)
        _fill(periods, period, values)
        is_changed = _held(periods) != held
        digest, summed, since = digest_by_period(periods, "t", "t", KEPT)
        assert (digest, summed) == (content_digest(periods, "t", KEPT), checksum(periods, "t"))
        assert since == (before, (("d", period),) if is_changed else ())


def test_a_period_whose_rows_are_the_same_is_not_digested_again(periods: duckdb.DuckDBPyConnection) -> None:
    _fill(periods, "a", [1, 2])
    _fill(periods, "b", [3])
    digest_by_period(periods, "t", "t", KEPT)
    periods.execute("update core.digest_part set parts = list_prepend(0, parts[2:])")
    _fill(periods, "b", [4])
    digest_by_period(periods, "t", "t", KEPT)
    found = periods.execute("select period_code, parts[1] from core.digest_part order by all").fetchall()
    assert found == [("a", 0), ("b", 1)]


def test_two_builds_of_the_same_raw_have_the_same_digests_and_the_same_bytes(
    published: Settings, stage: Path, tmp_path: Path
) -> None:
    """The stage is a second build, its database is written with rows in disorder and read by other threads."""
    release = published.served.resolve().parent
    manifest = json.loads((release / "manifest.json").read_text(encoding="utf-8"))
    own = Path(shutil.copy(stage, tmp_path / stage.name))
    found = {name: table.sha256 for name, table in contents(own).items()}
    assert found == {name: table["sha256"] for name, table in manifest["marts"].items()}

    disordered = tmp_path / "disordered.duckdb"
    with duckdb.connect(str(disordered), config={"threads": 4}) as connection:
        connection.execute(f"attach '{stage}' as stage (read_only)")
        connection.execute("create schema marts")
        for model in published_models():
            name = model["name"]
            connection.execute(
                f'create table marts."{name}" as from stage.marts."{name}" as t order by hash(t::varchar)'
            )
    write_database(disordered, tmp_path / "bilan.duckdb")
    export_tables(tmp_path / "bilan.duckdb", tmp_path, spill=tmp_path / "spill")
    facts_of_a_build = {name for name, table in manifest["marts"].items() if table["sha256"] is None}
    assert facts_of_a_build == {"release", "release_change"}
    compared = 0
    for kind in ("parquet", "csv"):
        for path in sorted((tmp_path / kind).iterdir()):
            if path.stem not in facts_of_a_build:
                assert file_sha256(path) == manifest["files"][f"{kind}/{path.name}"], path.name
                compared += 1
    assert compared == 2 * (len(manifest["marts"]) - len(facts_of_a_build))


def test_csv_is_what_a_french_spreadsheet_opens(published: Settings) -> None:
    path = published.served.resolve().parent / "csv" / "poverty_rate.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbfterritory_level;")
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file, delimiter=";"))
    occitanie = [row for row in rows if (row["territory_code"], row["year"]) == ("76", "2019")]
    assert "16,8" in {row["poverty_rate_pct"] for row in occitanie}
    assert {row["territory_name"] for row in occitanie} == {"Occitanie"}


def test_every_csv_says_what_its_table_says_and_carries_no_live_formula(published: Settings) -> None:
    folder = published.served.resolve().parent
    number = re.compile(r"^-?\d+(,\d+)?$")
    with duckdb.connect(str(folder / "bilan.duckdb"), read_only=True) as connection:
        for path in sorted((folder / "csv").iterdir()):
            described = connection.execute(f'from marts."{path.stem}"')
            names = [column[0] for column in described.description or []]
            values = described.fetchall()
            with path.open(encoding="utf-8-sig", newline="") as file:
                cells = list(csv.reader(file, delimiter=";"))
            assert cells[0] == names
            assert len(cells) == len(values) + 1, path.name
            for row, known in zip(cells[1:], values, strict=True):
                for cell, value in zip(row, known, strict=True):
                    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r")) or number.match(cell), (
                        path.name,
                        cell,
                    )
                    if isinstance(value, Decimal):
                        assert Decimal(cell.replace(",", ".")) == value
                    elif isinstance(value, str):
                        assert cell in (value, f"'{value}")
                    elif value is None:
                        assert cell == ""


HOSTILE = ["=1+1", "+33", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]
HARMLESS = ["Ariège", "", "35 070*", "1-2", " =1", "'"]


def test_a_text_that_begins_like_a_formula_is_neutralised_and_nothing_else(memory: duckdb.DuckDBPyConnection) -> None:
    for text in HOSTILE + HARMLESS:
        expected = f"'{text}" if text in HOSTILE else text
        assert neutral(text) == expected
        assert memory.execute(f"select {neutral_sql('?::varchar')}", [text]).fetchone() == (expected,)
    assert neutral(-5) == -5
    assert neutral(None) is None
