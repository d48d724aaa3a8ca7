"""Tables made apart take their places, and those they replace, or that are no longer published, go.

That needs a lock no reader may hold: it is asked for briefly, so that nobody waits behind for more than an instant; not
had, it is given up, and asked for again a little later.
"""

import time
from collections.abc import Iterator, Mapping, Sequence, Set

from psycopg.errors import DeadlockDetected, DependentObjectsStillExist, LockNotAvailable
from psycopg.sql import SQL, Composed, Identifier

from dagster_project.errors import BilanError
from dagster_project.mirror.release import Table
from dagster_project.mirror.server import UNCHANGED, Connection
from dagster_project.mirror.structure import exists, place

APART = "bilan_new_"
_LOCK_TIMEOUT = "300ms"
_WAIT_S = 1.0
_TRIES = 60
_IN_THE_WAY = """
    select distinct coalesce(nullif(application_name, ''), 'sans nom'), pid, usename
    from pg_locks join pg_stat_activity using (pid)
    where locktype = 'relation' and granted and pid <> pg_backend_pid()
        and relation = any (array(select to_regclass(name) from unnest(%s::text[]) as name)) order by 1, 2
"""


def take_places(connection: Connection, apart: Mapping[Table, Table], gone: Set[tuple[str, str]]) -> None:
    """Put each table made apart in its place, and take away the tables gone; a try that fails undoes only itself.

    Raises:
        BilanError: something else depends on a table to replace, or somebody keeps one open.
    """
    leaving = [place(table) for table in apart if exists(connection, table)] + [Identifier(*name) for name in gone]
    statements = list(_statements(apart, leaving))
    for _ in range(_TRIES):
        try:
            with connection.transaction():
                connection.execute(SQL("set local lock_timeout = {}").format(_LOCK_TIMEOUT))
                for statement in statements:
                    connection.execute(statement)
        except (LockNotAvailable, DeadlockDetected):
            time.sleep(_WAIT_S)
        except DependentObjectsStillExist as error:
            raise BilanError(
                "La structure d'une table change, et d'autres objets de la base en dépendent : supprimez-les, "
                f"relancez, puis refaites-les. Le serveur dit : {error.diag.message_detail}. {UNCHANGED}"
            ) from error
        else:
            return
    raise BilanError(
        "La structure d'une table change, et des lecteurs la gardent ouverte : fermez leur transaction, puis relancez. "
        f"Ce sont : {_in_the_way(connection, leaving)}. {UNCHANGED}"
    )


def _statements(apart: Mapping[Table, Table], leaving: Sequence[Identifier]) -> Iterator[Composed]:
    if leaving:
        yield SQL("drop table if exists {}").format(SQL(", ").join(leaving))
    for table, made in apart.items():
        yield SQL("alter table {} set schema {}").format(place(made), Identifier(table.schema))
    for schema in sorted({made.schema for made in apart.values()}):
        yield SQL("drop schema {}").format(Identifier(schema))


def _in_the_way(connection: Connection, tables: Sequence[Identifier]) -> str:
    rows = connection.execute(_IN_THE_WAY, [[table.as_string() for table in tables]]).fetchall()
    return ", ".join(f"{name} (processus {pid}, compte {user})" for name, pid, user in rows) or "inconnus"
