"""The marts of one release, read-only: rows that know their table and their key."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.connect import LOCKED_DOWN
from dagster_project.query import rows_of
from dagster_project.release.keys import keys_of

KEY_SEPARATOR = "|"


class Row(dict[str, Any]):
    """A row of a mart, by column name."""

    def __init__(self, mart: str, key: tuple[str, ...], values: dict[str, Any]) -> None:
        super().__init__(values)
        self.mart = mart
        self.key = KEY_SEPARATOR.join(str(values[column]) for column in key)


class Marts:
    """What the pages are made from."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.keys = keys_of(connection)

    @classmethod
    @contextmanager
    def opened(cls, database: Path) -> "Iterator[Marts]":
        """The marts of a released file, which is only read."""
        with duckdb.connect(str(database.resolve()), read_only=True, config=dict(LOCKED_DOWN)) as connection:
            yield cls(connection)

    def table(self, mart: str, where: str = "true", *values: object, order: str | None = None) -> list[Row]:
        """The rows of a mart that answer a condition, in key order unless another is asked for."""
        key = self.keys[mart]
        columns = order or ", ".join(f'"{column}"' for column in key)
        found = rows_of(self._connection, f"select * from marts.{mart} where {where} order by {columns}", *values)
        return [Row(mart, key, row) for row in found]

    def of(self, mart: str, level: str, code: str, also: str = "", *, order: str | None = None) -> list[Row]:
        """The rows of a mart that are of one territory; `also` is SQL that follows this condition."""
        return self.table(mart, f"territory_level = ? and territory_code = ? {also}", level, code, order=order)

    def rows(self, sql: str, *values: object) -> list[dict[str, Any]]:
        """The rows of any query on the marts."""
        return rows_of(self._connection, sql, *values)
