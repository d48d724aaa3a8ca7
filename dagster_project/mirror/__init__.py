"""The PostgreSQL mirror: a release copied into a database that many people query at once.

The release is loaded into temporary tables, then becomes what readers see in one transaction, proved before its commit.
A table whose structure did not change is changed row by row, and only where rows differ: readers are never blocked,
their transactions, prepared statements, views and rights go on, and a long one does not hold the mirror up. Only a
table whose structure changed is replaced, under a lock that is asked for briefly, and again; a transaction begun before
at the level REPEATABLE READ may then see it empty, which is PostgreSQL's own limit.

PostgreSQL's driver is optional: nothing here is imported before a mirror is asked for.
"""

from collections.abc import Callable
from importlib.util import find_spec

from dagster_project.errors import BilanError
from dagster_project.settings import Settings


def mirror(settings: Settings, url: str, release_id: str | None, tell: Callable[[str], None]) -> list[str]:
    """Copy a release (the one served) into the PostgreSQL database of a URL, and say what was done. French.

    An empty URL means what the environment says (PGHOST, PGDATABASE...), as for PostgreSQL's own tools.

    Raises:
        WrongUseError: no such release, or an unreadable URL.
        RefusedDataError: the release is damaged.
        LockHeldError: another mirror is under way in that database.
        BilanError: the driver is missing, or the server refused; readers see what they saw before.
    """
    if find_spec("psycopg") is None:
        raise BilanError(
            "Il manque le pilote de PostgreSQL : installez-le avec « uv sync --locked --extra postgresql »."
        )
    from dagster_project.mirror.copy import copy_release

    return copy_release(settings, url, release_id, tell)
