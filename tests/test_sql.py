"""Numbers read and written through fewer digits are those of the cast alone."""

import duckdb
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dagster_project.sql import decimal_of, text_of

LONG = "decimal(24, 6)"
NUMBERS = st.decimals(-(10**17), 10**17, allow_nan=False, places=8).map(str) | st.floats(allow_nan=False).map(repr)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.none() | NUMBERS | st.text(max_size=4), max_size=12))
@example(["999999999999.999999", "999999999999.9999999", "1000000000000", "-0", " 7 ", "1e-7", "0.0000005", "1e30"])
def test_a_decimal_is_read_and_written_as_the_cast_alone_does(texts: list[str | None]) -> None:
    with duckdb.connect() as connection:
        connection.execute("create table t as select unnest(?::varchar[]) as t", [texts])
        read = decimal_of("t", LONG, "try_cast")
        assert (
            connection.execute(f"select t from t where {read} is distinct from try_cast(t as {LONG})").fetchall() == []
        )
        connection.execute(f"create table n as select try_cast(t as {LONG}) as n from t")
        written = text_of("n", LONG)
        assert connection.execute(f"select n from n where {written} is distinct from n::varchar").fetchall() == []


def test_a_text_that_is_no_number_is_an_error_of_the_cast() -> None:
    with pytest.raises(duckdb.ConversionException, match="abc"):
        duckdb.sql(f"select {decimal_of('t', LONG)} from (select 'abc' as t)").fetchall()


@pytest.mark.parametrize("data_type", ["DECIMAL(18,2)", "decimal(5, 1)", "bigint", "date", "DECIMAL(38,20)"])
def test_what_has_few_digits_or_too_many_decimals_is_cast(data_type: str) -> None:
    assert text_of("x", data_type) == "x::varchar"
