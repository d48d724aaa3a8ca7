"""The key of each published table, read from a database alone: its constraint, or what its dictionary says.

A table too long for an index has no constraint. A release made before the dictionary told of keys has all of them.
"""

import duckdb

MARTS = "marts"


def keys_of(connection: duckdb.DuckDBPyConnection, database: str | None = None) -> dict[str, tuple[str, ...]]:
    """The key's columns, in order, by table, in a database that is attached; in the current one by default."""
    if database is None:
        database = connection.execute("select current_database()").fetchall()[0][0]
    keys = {}
    if _tells_of_keys(connection, database):
        keys = dict(
            connection.execute(
                "select table_name, list(column_name order by key_position) "
                f'from "{database}".{MARTS}.data_dictionary where key_position is not null and table_name in '
                "(select table_name from duckdb_tables() where database_name = ? and schema_name = ?) "
                "group by table_name",
                [database, MARTS],
            ).fetchall()
        )
    constraints = connection.execute(
        "select table_name, constraint_column_names from duckdb_constraints() "
        "where database_name = ? and schema_name = ? and constraint_type = 'PRIMARY KEY'",
        [database, MARTS],
    ).fetchall()
    return {table: tuple(columns) for table, columns in (keys | dict(constraints)).items()}


def _tells_of_keys(connection: duckdb.DuckDBPyConnection, database: str) -> bool:
    found = connection.execute(
        "select 1 from duckdb_columns() where database_name = ? and schema_name = ? and table_name = 'data_dictionary' "
        "and column_name = 'key_position'",
        [database, MARTS],
    ).fetchone()
    return found is not None
