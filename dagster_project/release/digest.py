"""Content digests: the same values give the same digest, whatever the order, the threads or the file they are in.

Each row is written with a separator between its values and a mark for NULL, and hashed with MD5; the digest of a table
is the hash of its columns, its row count, the sum of its rows' hashes, taken as two integers of 64 bits whose sums
never overflow, and the length of each column of text, so that no text passes from a column to the next. Why a sum: it
needs neither an order nor memory, so that sixty million rows are digested in one pass, by any number of threads, in
the memory of one row; rows have a key, so none can hide behind another; and a changed value goes unseen with a chance
of 2^-128. Somebody who *chooses* rows could make two tables with one sum: against tampering, the SHA-256 of each file
stands in the manifest.

Only DuckDB is imported: a fresh process recomputes a release's digests in a fraction of a second.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from dagster_project.sql import text_of

if TYPE_CHECKING:
    import duckdb

# Their text depends on the session's time zone.
_SESSION_TYPES = ("timestamp with time zone", "timestamptz", "time with time zone", "timetz")
_SEPARATOR, _NULL = "chr(31)", "chr(30)"
_HALVES = ("sum((hash >> 64)::ubigint)", "sum((hash & 18446744073709551615::uhugeint)::ubigint)")
# What a manifest calls this way of digesting: one that names another is proved by its files.
METHOD = "md5-sum"


def content_digest(connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str]) -> str:
    """Digest of the values of some columns, given by name with their types, of a table, given as SQL writes it.

    A column counts with its name and type: a renamed column is a change of content.
    """
    found = connection.execute(f"select {', '.join(_parts(columns))} from {_hashed(table, columns)}").fetchone()
    assert found is not None
    return _sealed(columns, found)


def checksum(connection: "duckdb.DuckDBPyConnection", table: str) -> str:
    """Row count and sum of DuckDB's own hashes of the rows of a table: what a faithful copy shares with its original.

    Ten times cheaper than a digest, and worth nothing to another version of DuckDB.
    """
    found = connection.execute(f"select count(*), sum(hash(*columns(*))) from {table}").fetchone()
    assert found is not None
    return f"{found[0]}:{found[1]}"


def _parts(columns: Mapping[str, str]) -> list[str]:
    """What is summed over rows, in SQL: their number, the halves of their hashes, the lengths of their texts."""
    lengths = [f'''sum(strlen("{name}"))''' for name in sorted(columns) if columns[name].lower() == "varchar"]
    return ["count(*)", *_HALVES, *lengths]


def _hashed(table: str, columns: Mapping[str, str]) -> str:
    unstable = [name for name, data_type in columns.items() if data_type.lower() in _SESSION_TYPES]
    assert not unstable, f"{table}: the text of {unstable} depends on the session"
    texts = (text_of(f'"{name}"', columns[name]) for name in sorted(columns))
    row = ", ".join(f"coalesce({text}, {_NULL})" for text in texts)
    return f"(select *, md5_number(concat_ws({_SEPARATOR}, {row})) as hash from {table})"


def _sealed(columns: Mapping[str, str], parts: Sequence[int | None]) -> str:
    named = [(name, columns[name]) for name in sorted(columns)]
    return hashlib.sha256(repr((named, tuple(parts))).encode()).hexdigest()
