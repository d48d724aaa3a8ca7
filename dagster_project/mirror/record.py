"""Which tables of a database are the mirror's: it changes no other."""

from collections.abc import Iterable

from dagster_project.mirror.server import Connection

_MAKE = """
    create schema bilan_mirror;
    create table bilan_mirror.copied_table (schema_name text, table_name text, primary key (schema_name, table_name));
    comment on table bilan_mirror.copied_table is
        'Les tables que « bilan mirror » a faites ici, et qu''il remplace : à ne pas modifier'
"""


def read(connection: Connection) -> set[tuple[str, str]]:
    """Schema and name of each table an earlier mirror made; the record is made if there is none."""
    if connection.execute("select to_regclass('bilan_mirror.copied_table')").fetchone() == (None,):
        connection.execute(_MAKE)
    rows = connection.execute("select schema_name, table_name from bilan_mirror.copied_table")
    return {(schema, name) for schema, name in rows}


def write(connection: Connection, tables: Iterable[tuple[str, str]]) -> None:
    """Set down the tables that are the mirror's from now on."""
    connection.execute("delete from bilan_mirror.copied_table")
    with connection.cursor() as cursor:
        cursor.executemany("insert into bilan_mirror.copied_table values (%s, %s)", list(tables))
