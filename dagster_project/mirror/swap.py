"""What readers see becomes the release, in one transaction; until its commit they see what they saw.

A table whose structure is the same keeps its place: rows that differ are deleted and inserted, and no reader waits for
that, whatever he does and for however long. A table that is new, or whose structure changed, is made apart, and takes
its place at the very end.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from psycopg.sql import SQL, Identifier

from dagster_project.errors import BilanError
from dagster_project.mirror import record
from dagster_project.mirror.access import make_readers, open_to_readers
from dagster_project.mirror.places import APART, take_places
from dagster_project.mirror.release import Table
from dagster_project.mirror.server import Connection
from dagster_project.mirror.structure import (
    add_foreign_key,
    comment,
    create_table,
    exists,
    foreign_keys,
    place,
    same_structure,
)


@dataclass
class Changes:
    """What changed for readers: rows removed and added in the tables that stay, tables made or made anew, and gone."""

    removed: int = 0
    added: int = 0
    made: int = 0
    gone: int = 0


def swap(connection: Connection, fresh: dict[Table, Table], prove: Callable[[Table, Table], None]) -> Changes:
    """Make readers see each table of a release, of which a fresh copy is given, once it is proved where they read it.

    Raises:
        BilanError: a table of that name is not a mirror's, something else needs a table that must be replaced, or
            somebody keeps such a table open.
    """
    with connection.transaction():
        before, after = record.read(connection), {table.full_name for table in fresh}
        _refuse_what_is_not_ours(connection, [table for table in fresh if table.full_name not in before])
        make_readers(connection)
        schemas = sorted({table.schema for table in fresh})
        _make_schemas(connection, schemas)

        changes, apart = Changes(), _set_apart(connection, fresh, before)
        for table, new in fresh.items():
            if table in apart:
                _make(connection, apart[table], new)
            else:
                _change_rows(connection, table, new, changes)
        for made in apart.values():
            for key in made.foreign_keys:
                connection.execute(add_foreign_key(made, key))
        for table in fresh:
            readable = apart.get(table, table)
            connection.execute(comment(readable))
            connection.execute(SQL("analyze {}").format(place(readable)))
            prove(table, readable)

        gone = before - after
        take_places(connection, apart, gone)
        open_to_readers(connection, schemas, after)
        record.write(connection, after)
    changes.made, changes.gone = len(apart), len(gone)
    return changes


def _refuse_what_is_not_ours(connection: Connection, tables: Sequence[Table]) -> None:
    if strangers := [".".join(table.full_name) for table in tables if exists(connection, table)]:
        raise BilanError(
            f"Cette base contient déjà {', '.join(strangers)}, que « bilan mirror » n'a pas fait : donnez une autre "
            "base, ou supprimez-les."
        )


def _make_schemas(connection: Connection, schemas: Iterable[str]) -> None:
    for schema in schemas:
        if connection.execute("select from pg_namespace where nspname = %s", [schema]).fetchone() is None:
            connection.execute(SQL("create schema {}").format(Identifier(schema)))


def _set_apart(connection: Connection, fresh: dict[Table, Table], before: set[tuple[str, str]]) -> dict[Table, Table]:
    """The tables to make anew, each with the place where it is made: whose structure changes, and all that are bound to
    one of those, or to a table that goes, by foreign keys."""
    bonds = {
        frozenset({(schema, name), (schema, key.other_table)})
        for schema, name in before
        for key in foreign_keys(connection, schema, name)
    } | {frozenset({table.full_name, (table.schema, key.other_table)}) for table in fresh for key in table.foreign_keys}
    leaving = before - {table.full_name for table in fresh}
    leaving |= {table.full_name for table, new in fresh.items() if not _may_stay(connection, table, new)}
    while bound := {name for bond in bonds if bond & leaving for name in bond} - leaving:
        leaving |= bound
    return {table: replace(table, schema=APART + table.schema) for table in fresh if table.full_name in leaving}


def _may_stay(connection: Connection, table: Table, new: Table) -> bool:
    return (
        bool(table.primary_key)
        and same_structure(connection, table, new)
        and foreign_keys(connection, *table.full_name) == set(table.foreign_keys)
    )


def _change_rows(connection: Connection, table: Table, new: Table, changes: Changes) -> None:
    here, there, key = place(table), place(new), table.primary_key
    same = SQL(" and ").join(
        SQL("{} = {}").format(Identifier("served", column), Identifier("gone", column)) for column in key
    )
    delete = SQL("delete from {} as served using (select * from {} except select * from {}) as gone where {}")
    insert = SQL("insert into {} select * from {} except select * from {}")
    changes.removed += connection.execute(delete.format(here, here, there, same)).rowcount
    changes.added += connection.execute(insert.format(here, there, here)).rowcount


def _make(connection: Connection, made: Table, new: Table) -> None:
    _make_schemas(connection, [made.schema])
    connection.execute(create_table(made))
    connection.execute(SQL("insert into {} select * from {}").format(place(made), place(new)))
