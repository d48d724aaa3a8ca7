"""The tables of a release: the database people open, and each table again as a file."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.release.digest import content_digest
from dagster_project.release.stage import MARTS, primary_key, published_models

# Read by every driver from 1.1 to 2.0, whatever version writes it.
STORAGE_VERSION = "v1.0.0"


def content_digests(stage: Path) -> dict[str, str | None]:
    """The digest of every published table, as the stage holds it; None for a table of run facts."""
    with duckdb.connect(str(stage), read_only=True) as connection:
        return {model["name"]: content_digest(connection, model) for model in published_models()}


def write_database(stage: Path, database: Path) -> None:
    """Copy every published table of the stage into a new database, in key order, with its keys and comments."""
    with duckdb.connect() as connection:
        connection.execute(f"attach {quoted(str(stage))} as stage (read_only)")
        connection.execute(f"attach {quoted(str(database))} as bilan (storage_version '{STORAGE_VERSION}')")
        connection.execute("use stage")
        connection.execute(f"create schema bilan.{MARTS}")
        for model in published_models():
            connection.execute(";".join(_definition(connection, model)))
            connection.execute(f'insert into bilan.{MARTS}."{model["name"]}" {_ordered_rows(model)}')
        connection.execute("checkpoint bilan")


def export_tables(database: Path, folder: Path) -> None:
    """Write every published table as a Parquet file."""
    parquet = folder / "parquet"
    parquet.mkdir()
    with duckdb.connect(str(database), read_only=True) as connection:
        for model in published_models():
            file = quoted(str(parquet / f"{model['name']}.parquet"))
            connection.execute(f"copy ({_ordered_rows(model)}) to {file} (format parquet)")


def row_counts(database: Path) -> dict[str, int]:
    """How many rows each published table holds."""
    counts = {}
    with duckdb.connect(str(database), read_only=True) as connection:
        for model in published_models():
            row = connection.execute(f'select count(*) from {MARTS}."{model["name"]}"').fetchone()
            assert row is not None
            counts[model["name"]] = row[0]
    return counts


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def _ordered_rows(model: dict[str, Any]) -> str:
    order = ", ".join(f'"{column}"' for column in primary_key(model))
    return f'select * from {MARTS}."{model["name"]}" order by {order}'


def _definition(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> Iterable[str]:
    """The statements that make the same table, with its keys and its French comments, in the released file."""
    target = f"""bilan.{MARTS}."{model["name"]}\""""
    (sql,) = connection.execute(
        "select sql from duckdb_tables() where database_name = 'stage' and schema_name = ? and table_name = ?",
        [MARTS, model["name"]],
    ).fetchall()[0]
    _, _, body = sql.partition("(")
    yield f"create table {target}({body}"
    yield f"comment on table {target} is {quoted(model['description'])}"
    for column in model["columns"].values():
        yield f'comment on column {target}."{column["name"]}" is {quoted(column["description"])}'
