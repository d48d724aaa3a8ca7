"""The connection to PostgreSQL: opened without ever saying a password, one mirror at a time, refusals in French."""

import os
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from dagster_project.errors import BilanError, LockHeldError, WrongUseError

Connection = psycopg.Connection[tuple[Any, ...]]

_OLDEST = 130000
_ODD_PORT = re.compile(r"[^\d,]")
# "bilan", as a number: the advisory lock of the mirrors of a database.
_LOCK = int.from_bytes(b"bilan")
# A mirror that was killed is noticed by the server within a second, where it can: its lock is waited for a little more.
_SESSION = """
    select set_config(name, value, false) from (values
        ('client_connection_check_interval', '1s'), ('statement_timeout', '0'), ('lock_timeout', '5s'),
        ('idle_in_transaction_session_timeout', '0'), ('search_path', 'pg_catalog'), ('datestyle', 'ISO'),
        ('client_encoding', 'UTF8')
    ) as wanted(name, value) join pg_settings using (name)
"""
_HOLDER = f"""
    select application_name, usename from pg_locks join pg_stat_activity using (pid)
    where locktype = 'advisory' and granted and objsubid = 1
        and database = (select oid from pg_database where datname = current_database())
        and (classid::bigint << 32) + objid::bigint = {_LOCK}
"""
UNCHANGED = "Rien n'a changé pour les lecteurs."


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """A connection to the database of a URL, or of the environment, and the only mirror at work in it.

    Raises:
        WrongUseError: the URL cannot be read; the message does not repeat it.
        LockHeldError: another mirror is under way in that database.
        BilanError: the server cannot be reached, or refuses something.
    """
    _refuse_unreadable(url)
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=10, application_name=_this_process())
    except psycopg.Error as error:
        raise BilanError(
            "Connexion à PostgreSQL impossible : vérifiez l'adresse, la base, le compte et le mot de passe "
            f"(PGPASSWORD ou ~/.pgpass). Le serveur ou son pilote dit : {_one_line(error)}"
        ) from error
    with connection:
        try:
            _prepare(connection)
            yield connection
        except psycopg.Error as error:
            raise BilanError(_sentence(error, connection)) from error


def whereabouts(connection: Connection) -> str:
    """Where a connection leads, for people. Never the password."""
    info = connection.info
    return f"base « {info.dbname} », serveur {info.host or 'local'}, port {info.port}"


def _refuse_unreadable(url: str) -> None:
    """The driver would repeat part of a password in which a character was left as it is."""
    try:
        parts: dict[str, Any] | None = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        parts = None
    if parts is None or "@" in f"{parts.get('host')}{parts.get('dbname')}" or _ODD_PORT.search(parts.get("port", "")):
        raise WrongUseError(
            "L'adresse de la base ne se lit pas : donnez postgresql://compte@serveur:5432/base. Dans un mot de passe, "
            "écrivez @ : / ? # et % ainsi : %40 %3A %2F %3F %23 et %25, ou placez-le dans PGPASSWORD ou ~/.pgpass."
        )
    if not parts and not any(name in os.environ for name in ("PGHOST", "PGDATABASE", "PGSERVICE")):
        raise WrongUseError(
            "Dites où copier : « bilan mirror postgresql://compte@serveur/base », ou PGHOST, PGDATABASE, PGUSER."
        )


def _prepare(connection: Connection) -> None:
    if connection.info.server_version < _OLDEST:
        raise BilanError(f"PostgreSQL {_OLDEST // 10000} ou plus récent est nécessaire.")
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise BilanError(f"La base est en {encoding} : il en faut une en UTF8 (CREATE DATABASE … ENCODING 'UTF8').")
    connection.execute(_SESSION)
    try:
        connection.execute("select pg_advisory_lock(%s)", [_LOCK])
    except psycopg.errors.LockNotAvailable as error:
        holder = connection.execute(_HOLDER).fetchone() or ("", "")
        raise LockHeldError(
            f"Une autre copie est en cours dans cette base ({holder[0] or 'inconnue'}, compte {holder[1]}) : "
            "attendez qu'elle finisse."
        ) from error


def _this_process() -> str:
    return f"bilan mirror, processus {os.getpid()} de {socket.gethostname()}"


def _sentence(error: psycopg.Error, connection: Connection) -> str:
    if connection.broken:
        return "La connexion est tombée : relancez. Les lecteurs ont une version entière, d'avant ou nouvelle."
    match error:
        case psycopg.errors.DiskFull():
            return f"Le disque du serveur PostgreSQL est plein : libérez de la place, puis relancez. {UNCHANGED}"
        case psycopg.errors.InsufficientPrivilege():
            return (
                f"Droits insuffisants dans PostgreSQL : le compte « {connection.info.user} » doit pouvoir créer des "
                f"schémas dans la base « {connection.info.dbname} » (GRANT CREATE ON DATABASE) ; ceux qui y sont déjà "
                f"doivent être à lui. Le serveur dit : {_one_line(error)}. {UNCHANGED}"
            )
        case psycopg.errors.LockNotAvailable():
            return f"Quelqu'un tient un verrou dans la base, sur ce qui est à copier : relancez plus tard. {UNCHANGED}"
    return f"PostgreSQL refuse la copie : {_one_line(error)}. {UNCHANGED}"


def _one_line(error: psycopg.Error) -> str:
    said = error.diag.message_primary or str(error)
    return " ".join(said.split())
