"""The tables of a release: the database people open, and what each table holds."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.database import attaching, open_database
from dagster_project.errors import BilanError
from dagster_project.release.digest import Since, checksum, content_digest, digest_by_period
from dagster_project.release.keys import MARTS
from dagster_project.release.stage import digested_columns, primary_key, published_models
from dagster_project.sql import identifier, quoted

# Read by every driver from 1.1 to 2.0, whatever version writes it.
STORAGE_VERSION = "v1.0.0"
# An index is held in memory while it is made: a table of more rows has its key proved, and no index.
LONGEST_INDEX = 1_000_000
# The columns of a key that part a long table: a dataset and an indicator, of every table that long.
_LEADING = 2


@dataclass(frozen=True)
class Content:
    """What a table holds: the columns, with types, its content digest is made of; the checksum of a faithful copy.

    A table of run facts has neither, and no such columns. A long one also has what changed since parts of its digest
    were kept.
    """

    columns: dict[str, str]
    sha256: str | None = None
    checksum: str | None = None
    since: Since | None = None


def contents(stage: Path) -> dict[str, Content]:
    """What every published table of the stage holds. Parts of digests are kept in the stage for the next run."""
    with open_database(stage) as connection:
        return {model["name"]: _content(connection, model) for model in published_models()}


def _content(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> Content:
    table, columns = f'{MARTS}."{model["name"]}"', digested_columns(model)
    if not columns:
        return Content(columns)
    if model["config"]["meta"].get("digest_by_period"):
        return Content(columns, *digest_by_period(connection, model["name"], table, columns))
    return Content(columns, content_digest(connection, table, columns), checksum(connection, table))


def write_database(stage: Path, database: Path) -> None:
    """Copy every published table of the stage into a new database, in key order, with its comments.

    A table has its key as a constraint, or, beyond `LONGEST_INDEX` rows, proved only.

    Raises:
        BilanError: two rows of a table have the same key.
    """
    with attaching(spill=stage.parent / "spill") as connection:
        connection.execute(f"attach {quoted(str(stage))} as stage (read_only)")
        connection.execute(f"attach {quoted(str(database))} as bilan (storage_version '{STORAGE_VERSION}')")
        connection.execute("use stage")
        models = published_models()
        connection.begin()  # a commit reaches the disk: one for a thousand definitions, not one each
        connection.execute(f"create schema bilan.{MARTS}")
        for model in models:
            connection.execute(";".join(_definition(model)))
        connection.commit()
        for model in models:
            if rows_of(connection, f'{MARTS}."{model["name"]}"') <= LONGEST_INDEX:
                connection.execute(_insertion(model))
                _add_key(connection, model)
            else:
                _insert_by_parts(connection, model)
                _prove_key(connection, model)
        connection.execute("checkpoint bilan")


def row_counts(database: Path) -> dict[str, int]:
    """How many rows each published table holds."""
    counts = {}
    with open_database(database, read_only=True) as connection:
        for model in published_models():
            counts[model["name"]] = rows_of(connection, f'{MARTS}."{model["name"]}"')
    return counts


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    """How many rows a table holds, given as SQL writes it."""
    row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def _add_key(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> None:
    """Give a table its key once it is filled: half of what it costs to keep an index row by row."""
    key = ", ".join(map(identifier, primary_key(model)))
    try:
        connection.execute(f'alter table bilan.{MARTS}."{model["name"]}" add primary key ({key})')
    except duckdb.ConstraintException as error:
        raise _same_key(model, key, str(error)) from error


def _prove_key(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> None:
    """Each row's key comes strictly after the one before it: no two are the same, and all are in order.

    Rows are read as they were written, one pass in no memory to speak of.
    """
    columns = list(map(identifier, primary_key(model)))
    key = ", ".join(columns)
    is_partial = " or ".join(f"{column} is null" for column in columns)
    out_of_place = connection.execute(
        f"""
        select key
        from (
            select row({key}) as key, lag(row({key})) over () as key_before, {is_partial} as is_partial
            from bilan.{MARTS}."{model["name"]}"
        )
        where is_partial or key_before >= key
        limit 1
        """
    ).fetchone()
    if out_of_place:
        raise _same_key(model, key, str(out_of_place[0]))


def _same_key(model: dict[str, Any], key: str, found: str) -> BilanError:
    return BilanError(f"Table {model['name']} : deux lignes ont la même clé ({key}) : {found}")


def _insert_by_parts(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> None:
    """Insert the rows of each value of the key's first columns in turn, so that what is sorted at once stays short."""
    leading = [identifier(column) for column in primary_key(model)[:_LEADING]]
    columns = ", ".join(leading)
    parts = connection.execute(
        f'select distinct {columns} from {MARTS}."{model["name"]}" order by {columns}'
    ).fetchall()
    is_of_part = " and ".join(f"{column} is not distinct from ?" for column in leading)
    for part in parts:
        connection.execute(_insertion(model, f"where {is_of_part}"), part)


def _insertion(model: dict[str, Any], condition: str = "") -> str:
    """The statement that inserts the rows of a published table, all or some, in the order of its key."""
    order = ", ".join(map(identifier, primary_key(model)))
    table = f'{MARTS}."{model["name"]}"'
    return f"insert into bilan.{table} select * from {table} {condition} order by {order}"


def _definition(model: dict[str, Any]) -> Iterable[str]:
    """The statements that make a table with the columns of its contract and its French comments."""
    target = f"""bilan.{MARTS}."{model["name"]}\""""
    columns = [f'"{column["name"]}" {column["data_type"]}' for column in model["columns"].values()]
    yield f"create table {target} ({', '.join(columns)})"
    yield f"comment on table {target} is {quoted(model['description'])}"
    for column in model["columns"].values():
        yield f'comment on column {target}."{column["name"]}" is {quoted(column["description"])}'
