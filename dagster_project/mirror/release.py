"""What a release holds, as its own database says: tables, columns, keys, comments. Nothing of PostgreSQL."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.errors import BilanError
from dagster_project.mirror.types import is_list, postgresql_type
from dagster_project.release.digest import content_digest
from dagster_project.release.keys import MARTS, keys_of
from dagster_project.sql import identifier, quoted


@dataclass(frozen=True)
class Column:
    """A column: its type is DuckDB's; `required` means never NULL."""

    name: str
    data_type: str
    required: bool
    comment: str | None


@dataclass(frozen=True)
class ForeignKey:
    """Columns whose values are those of other columns, of a table of the same schema."""

    columns: tuple[str, ...]
    other_table: str
    other_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A published table."""

    schema: str
    name: str
    comment: str | None
    columns: tuple[Column, ...]
    primary_key: tuple[str, ...]
    unique: tuple[tuple[str, ...], ...]
    foreign_keys: tuple[ForeignKey, ...]

    @property
    def full_name(self) -> tuple[str, str]:
        return self.schema, self.name

    @property
    def types(self) -> dict[str, str]:
        return {column.name: column.data_type for column in self.columns}


def published_tables(release: duckdb.DuckDBPyConnection) -> list[Table]:
    """Every table of a release.

    Raises:
        BilanError: a column has a type that is not mirrored; the message names them all.
    """
    tables = [_table(release, *row) for row in release.execute(_TABLES).fetchall()]
    unknown = [
        f"{table.schema}.{table.name}.{column.name} ({column.data_type})"
        for table in tables
        for column in table.columns
        if postgresql_type(column.data_type) is None
    ]
    if unknown:
        raise BilanError(f"Ces colonnes ont un type que le miroir ne sait pas copier : {', '.join(unknown)}.")
    return tables


def digest(release: duckdb.DuckDBPyConnection, table: Table) -> str:
    """The digest of every value of a table, in any order."""
    return content_digest(release, _name(table), table.types)


def digest_of_csv(release: duckdb.DuckDBPyConnection, table: Table, path: Path) -> str:
    """The same of the rows PostgreSQL wrote as CSV, lists as JSON lists of texts."""
    texts = ", ".join(f"{quoted(column.name)}: 'VARCHAR'" for column in table.columns)
    values = ", ".join(_read_back(column) for column in table.columns)
    rows = (
        f"(select {values} from read_csv({quoted(str(path))}, columns = {{{texts}}}, auto_detect = false, "
        "header = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', allow_quoted_nulls = false, "
        f"parallel = false, max_line_size = {_LONGEST_LINE}))"
    )
    return content_digest(release, rows, table.types)


def write_csv(release: duckdb.DuckDBPyConnection, table: Table, path: Path) -> None:
    """Write the rows of a table as PostgreSQL reads CSV: a NULL is empty, every text is quoted."""
    values = ", ".join(_written(column) for column in table.columns)
    texts = [column.name for column in table.columns if column.data_type == "VARCHAR" or is_list(column.data_type)]
    quotes = f", force_quote ({', '.join(map(identifier, texts))})" if texts else ""
    release.execute(
        f"copy (select {values} from {_name(table)}) to {quoted(str(path))} (format csv, header false{quotes})"
    )


_LONGEST_LINE = 64 << 20
_SAME_TEXT = ("VARCHAR", "DECIMAL", "INTEGER", "BIGINT", "DATE")
_TABLES = """
    select schema_name, table_name, comment from duckdb_tables()
    where database_name = current_database() and not internal order by all
"""
_COLUMNS = """
    select column_name, data_type, not is_nullable, comment from duckdb_columns()
    where database_name = current_database() and schema_name = ? and table_name = ? order by column_index
"""
_KEYS = """
    select constraint_type, constraint_column_names, referenced_table, referenced_column_names from duckdb_constraints()
    where database_name = current_database() and schema_name = ? and table_name = ?
    order by constraint_type, constraint_column_names
"""


def _table(release: duckdb.DuckDBPyConnection, schema: str, name: str, comment: str | None) -> Table:
    columns = tuple(Column(*row) for row in release.execute(_COLUMNS, [schema, name]).fetchall())
    keys = release.execute(_KEYS, [schema, name]).fetchall()
    primary = [tuple(columns) for kind, columns, *_ in keys if kind == "PRIMARY KEY"]
    if schema == MARTS and not primary:
        primary = [key for table, key in keys_of(release).items() if table == name]
    return Table(
        schema,
        name,
        comment,
        columns,
        primary[0] if primary else (),
        tuple(tuple(columns) for kind, columns, *_ in keys if kind == "UNIQUE"),
        tuple(_foreign_keys(keys)),
    )


def _foreign_keys(keys: list[tuple[str, list[str], str, list[str]]]) -> Iterator[ForeignKey]:
    for kind, columns, other_table, other_columns in keys:
        if kind == "FOREIGN KEY":
            yield ForeignKey(tuple(columns), other_table, tuple(other_columns))


def _name(table: Table) -> str:
    return f"{identifier(table.schema)}.{identifier(table.name)}"


def _written(column: Column) -> str:
    """A list becomes the text of a PostgreSQL array, each element quoted; anything else is written as it is."""
    name = identifier(column.name)
    if not is_list(column.data_type):
        return name
    escaped = r"""'"' || replace(replace(one::varchar, '\', '\\'), '"', '\"') || '"'"""
    elements = f"list_transform({name}, lambda one: coalesce({escaped}, 'NULL'))"
    return f"case when {name} is not null then '{{' || array_to_string({elements}, ',') || '}}' end as {name}"


def _read_back(column: Column) -> str:
    """The value; or its text, where both databases write the same: a digest is of texts, and casts cost more."""
    name = identifier(column.name)
    if column.data_type.startswith(_SAME_TEXT) and not is_list(column.data_type):
        return name
    text = f"{name}::json::varchar[]" if is_list(column.data_type) else name
    return f"({text})::{column.data_type} as {name}"
