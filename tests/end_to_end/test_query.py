"""`bilan query`: the same rows as a table, CSV, JSON or Parquet, each with its way of saying a number and nothing."""

import csv
import io
import json
import os
import signal
import time
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Timer

import duckdb
import pytest

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.query import query_to_parquet, run_query
from dagster_project.settings import Settings

RATES = """
    select territory_name, year, poverty_rate_pct, known_from, censored from marts.poverty_rate
    where territory_code in ('09', '11') and territory_level = 'departement' and poverty_rate_pct is not null order by 1
"""


def test_json_says_numbers_as_numbers_and_nothing_as_null(published: Settings) -> None:
    rows = json.loads(run_query(published, RATES, "json"))
    assert rows[0] == {
        "territory_name": "Ariège",
        "year": 2021,
        "poverty_rate_pct": 19.0,
        "known_from": "2026-11-22",
        "censored": None,
    }
    assert [type(row["poverty_rate_pct"]) for row in rows] == [float, float]


@pytest.mark.parametrize("number", ["17940580.00", "0.1", "-390949", "9999999999999.99"])
def test_a_number_in_json_reads_back_as_itself(published: Settings, number: str) -> None:
    text = run_query(published, f"select {number}::decimal(24, 2) as n", "json")
    assert json.loads(text, parse_float=Decimal)[0]["n"] == Decimal(number)


def test_a_number_json_readers_would_change_is_a_text(published: Settings) -> None:
    text = run_query(published, "select 1234567890123456789.12::decimal(24, 2) as n", "json")
    assert json.loads(text) == [{"n": "1234567890123456789.12"}]


def test_csv_and_table_say_the_same_rows(published: Settings) -> None:
    lines = list(csv.reader(io.StringIO(run_query(published, RATES, "csv"))))
    assert lines[1] == ["Ariège", "2021", "19.0", "2026-11-22", ""]
    table = run_query(published, RATES, "table").splitlines()
    assert table[2].split() == ["Ariège", "2021", "19.0", "2026-11-22"]
    assert table[-1] == "(2 lignes)"


def test_parquet_keeps_types_and_nothing(published: Settings, tmp_path: Path) -> None:
    (tmp_path / "rates.parquet").write_bytes(query_to_parquet(published, RATES))
    found = duckdb.sql(f"from '{tmp_path / 'rates.parquet'}'")
    assert [str(kind) for kind in found.types] == ["VARCHAR", "INTEGER", "DECIMAL(5,1)", "DATE", "VARCHAR"]
    assert found.fetchall()[0] == ("Ariège", 2021, Decimal("19.0"), date(2026, 11, 22), None)


def test_parquet_holds_more_rows_than_are_written_at_once(published: Settings, tmp_path: Path) -> None:
    sql = "select range as n, case when range % 3 > 0 then [range, 1] end as list, range::varchar as t from range(1203)"
    (tmp_path / "many.parquet").write_bytes(query_to_parquet(published, sql))
    assert duckdb.sql(f"from '{tmp_path / 'many.parquet'}'").fetchall() == duckdb.sql(sql).fetchall()


def test_parquet_of_no_row_has_its_columns(published: Settings, tmp_path: Path) -> None:
    (tmp_path / "none.parquet").write_bytes(query_to_parquet(published, "select 1::bigint as n where false"))
    assert duckdb.sql(f"describe from '{tmp_path / 'none.parquet'}'").fetchall()[0][:2] == ("n", "BIGINT")


@pytest.mark.parametrize("form", ["csv", "json"])
def test_columns_of_the_same_name_are_refused_where_a_reader_would_lose_one(published: Settings, form: str) -> None:
    sql = "select 1 as a, 2 as b, 3 as a"
    for write in (lambda: run_query(published, sql, form), lambda: query_to_parquet(published, sql)):
        with pytest.raises(WrongUseError, match="« a »"):
            write()
    with pytest.raises(WrongUseError, match="« A »"):
        query_to_parquet(published, 'select 1 as a, 2 as "A"')
    assert run_query(published, sql, "table").splitlines()[2].split() == ["1", "2", "3"]


@pytest.mark.parametrize(("sql", "found"), [("", 0), (" ; ", 0), ("-- rien", 0), ("select 1; select 2", 2)])
def test_a_query_is_one_statement(published: Settings, sql: str, found: int) -> None:
    with pytest.raises(WrongUseError, match=f"une instruction SQL, et une seule ; trouvé : {found}"):
        run_query(published, sql, "table")


def test_a_pivot_is_one_statement_though_duckdb_makes_several_of_it(published: Settings) -> None:
    sql = "pivot (select territory_code, population from marts.population) on territory_code using sum(population);"
    assert run_query(published, sql, "csv").splitlines()[1] == "5985697"
    with pytest.raises(WrongUseError, match="trouvé : 2"):
        run_query(published, f"{sql} select 2", "csv")


def test_a_person_who_stops_a_query_is_not_told_that_it_took_too_long(published: Settings) -> None:
    endless = "select count(*) from range(1000000) a, range(1000000) b where hash(a.range, b.range) = 1"
    person = Timer(0.2, os.kill, [os.getpid(), signal.SIGINT])
    started = time.monotonic()
    person.start()
    with pytest.raises(KeyboardInterrupt):
        run_query(published, endless, "csv", seconds=10)
    assert time.monotonic() - started < 5
    with pytest.raises(BilanError, match=r"au bout de 0\.2 s"):
        run_query(published, endless, "csv", seconds=0.2)
