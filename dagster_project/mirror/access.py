"""Who may read the mirror: whoever is a member of one role, which may do nothing else."""

from collections.abc import Iterable

from psycopg.errors import DuplicateObject, InsufficientPrivilege
from psycopg.sql import SQL, Identifier

from dagster_project.errors import BilanError
from dagster_project.mirror.server import UNCHANGED, Connection

READERS = "bilan_lecture"
_ROLE = Identifier(READERS)


def make_readers(connection: Connection) -> None:
    """Make the role of the readers, if the server has none; nobody logs in with it, accounts are made members.

    Raises:
        BilanError: it is missing, and this account may not make roles.
    """
    if connection.execute("select from pg_roles where rolname = %s", [READERS]).fetchone() is not None:
        return
    try:
        with connection.transaction():
            connection.execute(SQL("create role {} nologin").format(_ROLE))
    except DuplicateObject:
        return  # made meanwhile, by the mirror of another database of the server
    except InsufficientPrivilege as error:
        raise BilanError(
            f"Le rôle {READERS} manque, et ce compte ne peut pas le créer : demandez à qui administre le serveur "
            f"« CREATE ROLE {READERS} NOLOGIN; », puis relancez. {UNCHANGED}"
        ) from error


def open_to_readers(connection: Connection, schemas: Iterable[str], tables: Iterable[tuple[str, str]]) -> None:
    """Let the readers read these tables, and what this account would add to their schemas; never write."""
    for schema in map(Identifier, schemas):
        connection.execute(SQL("grant usage on schema {} to {}").format(schema, _ROLE))
        connection.execute(
            SQL("alter default privileges in schema {} grant select on tables to {}").format(schema, _ROLE)
        )
    for table in tables:
        connection.execute(SQL("grant select on {} to {}").format(Identifier(*table), _ROLE))
