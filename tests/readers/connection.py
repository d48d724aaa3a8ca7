"""Where the tests read files: each on a connection of its own, whose tables no other sees."""

from functools import cache

import duckdb


def new_connection() -> duckdb.DuckDBPyConnection:
    """A connection to the one empty database of this process: one more database costs what reading a file does."""
    return _database().cursor()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()
