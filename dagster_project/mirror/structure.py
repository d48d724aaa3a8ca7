"""The structure of tables in PostgreSQL: how they are made, and whether what is there is what is wanted.

A table is wherever its schema and name say: the copy of a release's table in another schema is that table, elsewhere.
"""

from collections.abc import Iterable
from typing import Any

from psycopg.sql import SQL, Composed, Identifier, Literal

from dagster_project.mirror.release import ForeignKey, Table
from dagster_project.mirror.server import Connection
from dagster_project.mirror.types import postgresql_type

TEMPORARY = "pg_temp"
_COLUMNS = """
    select attname::text, format_type(atttypid, atttypmod), attnotnull from pg_attribute
    where attrelid = to_regclass(%s) and attnum > 0 and not attisdropped order by attnum
"""
_KEYS = """
    select pg_get_constraintdef(oid) from pg_constraint
    where conrelid = to_regclass(%s) and contype in ('p', 'u') order by 1
"""
_FOREIGN_KEYS = """
    select
        array(select attname::text from unnest(conkey) with ordinality as key(attnum, rank)
              join pg_attribute using (attnum) where attrelid = conrelid order by rank),
        (select relname::text from pg_class where oid = confrelid),
        array(select attname::text from unnest(confkey) with ordinality as key(attnum, rank)
              join pg_attribute using (attnum) where attrelid = confrelid order by rank)
    from pg_constraint where conrelid = to_regclass(%s) and contype = 'f'
"""


def place(table: Table) -> Identifier:
    """Where a table is."""
    return Identifier(*table.full_name)


def names(columns: Iterable[str]) -> Composed:
    """Column names, separated by commas."""
    return SQL(", ").join(map(Identifier, columns))


def exists(connection: Connection, table: Table) -> bool:
    """Whether anything, a table or not, is in that place."""
    return connection.execute("select to_regclass(%s)", [place(table).as_string()]).fetchone() != (None,)


def same_structure(connection: Connection, one: Table, other: Table) -> bool:
    """Whether what is in two places has the same columns, in the same order, and the same keys."""

    def found(table: Table) -> list[list[Any]]:
        return [connection.execute(query, [place(table).as_string()]).fetchall() for query in (_COLUMNS, _KEYS)]

    return found(one) == found(other)


def create_table(table: Table) -> Composed:
    """Make a table, with its keys; foreign keys come once every table is there."""
    parts = [
        SQL("{} {} {}").format(
            Identifier(column.name),
            SQL(str(postgresql_type(column.data_type))),
            SQL("not null" if column.required else ""),
        )
        for column in table.columns
    ]
    if table.primary_key:
        parts.append(SQL("primary key ({})").format(names(table.primary_key)))
    parts += [SQL("unique ({})").format(names(columns)) for columns in table.unique]
    return SQL("create table {} ({})").format(place(table), SQL(", ").join(parts))


def comment(table: Table) -> Composed:
    """Say what a table and each of its columns mean, as the release says it."""
    said = [SQL("comment on table {} is {}").format(place(table), Literal(table.comment))]
    said += [
        SQL("comment on column {} is {}").format(Identifier(*table.full_name, column.name), Literal(column.comment))
        for column in table.columns
    ]
    return SQL("; ").join(said)


def foreign_keys(connection: Connection, schema: str, name: str) -> set[ForeignKey]:
    """The foreign keys of what is in a place."""
    rows = connection.execute(_FOREIGN_KEYS, [Identifier(schema, name).as_string()]).fetchall()
    return {ForeignKey(tuple(columns), other, tuple(others)) for columns, other, others in rows}


def add_foreign_key(table: Table, key: ForeignKey) -> Composed:
    """Declare a foreign key; it is checked at the end of each transaction, once every table has changed."""
    return SQL("alter table {} add foreign key ({}) references {} ({}) deferrable initially deferred").format(
        place(table), names(key.columns), Identifier(table.schema, key.other_table), names(key.other_columns)
    )
