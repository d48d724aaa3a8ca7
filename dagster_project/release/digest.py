"""Content digests: the same values give the same digest, whatever the order, the threads or the file they are in.

Each row is written with a separator between its values and a mark for NULL, and hashed with MD5; the digest of a table
is the hash of its columns, its row count, the sum of its rows' hashes, taken as two integers of 64 bits whose sums
never overflow, and the length of each column of text, so that no text passes from a column to the next. Why a sum: it
needs neither an order nor memory, so that sixty million rows are digested in one pass, by any number of threads, in
the memory of one row; rows have a key, so none can hide behind another; and a changed value goes unseen with a chance
of 2^-128. Somebody who *chooses* rows could make two tables with one sum: against tampering, the SHA-256 of each file
stands in the manifest.

A sum also adds up: a long table is digested period by period, and a period whose rows are those of the run before is
not digested again (`digest_by_period`). The checksum that tells is a sum of hashes of 64 bits: it lets an accident
through once in 2^64; what somebody chose to let through, `bilan verify` finds, for it digests every row.

Only DuckDB is imported: a fresh process recomputes a release's digests in a fraction of a second.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from dagster_project.sql import text_of

if TYPE_CHECKING:
    import duckdb

# Their text depends on the session's time zone.
_SESSION_TYPES = ("timestamp with time zone", "timestamptz", "time with time zone", "timetz")
_SEPARATOR, _NULL = "chr(31)", "chr(30)"
_HALVES = ("sum((hash >> 64)::ubigint)", "sum((hash & 18446744073709551615::uhugeint)::ubigint)")
# What a manifest calls this way of digesting: one that names another is proved by its files.
METHOD = "md5-sum"

Parts = Sequence[int | None]
# A dataset and the code of a period.
Period = tuple[str, str]


def sum_of_hashes(columns: str) -> str:
    """The sum over rows of DuckDB's hashes of some columns, in SQL.

    Hashed twice: in a hash of several values the last counts as it is, and rows where it changes alike could cancel.
    """
    return f"sum(hash(hash({columns})))"


_CHECKSUM = f"count(*) as rows, {sum_of_hashes('*columns(*)')} as hashes"


def content_digest(connection: "duckdb.DuckDBPyConnection", table: str, columns: Mapping[str, str]) -> str:
    """Digest of the values of some columns, given by name with their types, of a table, given as SQL writes it.

    A column counts with its name and type: a renamed column is a change of content.
    """
    found = connection.execute(f"select {', '.join(_parts(columns))} from {_hashed(table, columns)}").fetchone()
    assert found is not None
    return _sealed(columns, found)


class Since(NamedTuple):
    """The content digest a table had when parts of it were last kept, and its periods that are not the same since."""

    sha256: str
    changed: tuple[Period, ...]


def digest_by_period(
    connection: "duckdb.DuckDBPyConnection", name: str, table: str, columns: Mapping[str, str]
) -> tuple[str, str, Since]:
    """The same digest, and the checksum, of a table whose rows have a dataset and a period; and what changed in it.

    Every row is read for the checksum of its period; texts are written and hashed only where ``core.digest_part`` has
    no parts of a digest with that checksum.
    """
    connection.execute(
        f"""
        create table if not exists core.digest_part
            (mart varchar, dataset varchar, period_code varchar, rows bigint, hashes hugeint, parts hugeint[]);
        create or replace temp table period_held as
            select '{name}' as mart, dataset, period_code, {_CHECKSUM} from {table} group by all;
        create or replace temp table part_kept as from core.digest_part where mart = '{name}';
        create or replace temp table period_changed as
            (select mart, dataset, period_code, rows, hashes from period_held except
                select mart, dataset, period_code, rows, hashes from part_kept)
            union all
            (select mart, dataset, period_code, null, null from part_kept
                anti join period_held using (dataset, period_code))
        """
    )
    before = _kept(connection, name, columns)
    rows = f"(select held.* from {table} as held semi join period_changed using (dataset, period_code))"
    connection.execute(
        f"""
        delete from core.digest_part as part using period_changed as period
            where part.mart = period.mart and part.dataset = period.dataset and part.period_code = period.period_code;
        insert into core.digest_part
        select mart, dataset, period_code, rows, hashes, parts
        from period_changed
        inner join (
            select dataset, period_code, [{", ".join(_parts(columns))}] as parts
            from {_hashed(rows, columns)} group by all
        ) using (dataset, period_code)
        """
    )
    changed = connection.execute("select dataset, period_code from period_changed order by all").fetchall()
    whole = connection.execute("select sum(rows), sum(hashes) from period_held").fetchone()
    return _kept(connection, name, columns), _written(whole), Since(before, tuple(changed))


def _kept(connection: "duckdb.DuckDBPyConnection", name: str, columns: Mapping[str, str]) -> str:
    """The digest the kept parts of a table give."""
    found = connection.execute("select parts from core.digest_part where mart = ?", [name]).fetchall()
    return _sealed(columns, _added([parts for (parts,) in found], len(_parts(columns))))


def checksum(connection: "duckdb.DuckDBPyConnection", table: str) -> str:
    """Row count and sum of DuckDB's own hashes of the rows of a table: what a faithful copy shares with its original.

    Ten times cheaper than a digest, and worth nothing to another version of DuckDB.
    """
    return _written(connection.execute(f"select {_CHECKSUM} from {table}").fetchone())


def _written(checksum: tuple[int | None, ...] | None) -> str:
    assert checksum is not None
    return ":".join(str(part or 0) for part in checksum)


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


def _added(several: Sequence[Parts], length: int) -> Parts:
    """The parts of some tables as those of all their rows: as in SQL, a sum of nothing is null, a count is not."""
    if not several:
        return (0, *[None] * (length - 1))
    return [
        None if all(part is None for part in one) else sum(part for part in one if part is not None)
        for one in zip(*several, strict=True)
    ]


def _sealed(columns: Mapping[str, str], parts: Parts) -> str:
    named = [(name, columns[name]) for name in sorted(columns)]
    return hashlib.sha256(repr((named, tuple(parts))).encode()).hexdigest()
