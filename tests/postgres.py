"""A real PostgreSQL, private to the tests: in a folder of its own, reached through a socket there, by nobody else."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from tests.drills.faults import mounted

OWNER = "bilan"
PRIVATE = "prive"
PASSWORD = "Sesame-Quatorze-Ouvre"
_numbers = count(1)


@dataclass(frozen=True)
class Server:
    """A running server; `socket` is the folder of its socket."""

    socket: Path

    def url(self, database: str = "postgres", user: str = "postgres", **more: str) -> str:
        return make_conninfo(host=str(self.socket), dbname=database, user=user, **more)

    def new_database(self) -> str:
        """The URL of an empty database, for the account that owns it, which is no superuser but may make roles."""
        name = f"essai_{next(_numbers)}"
        self.execute(f"create database {name} owner {OWNER} encoding 'UTF8' template template0")
        return self.url(name, OWNER)

    @contextmanager
    def small_disk(self) -> Iterator[str]:
        """The URL of an empty database on a disk that has room for little more."""
        folder = self.socket / "small"
        folder.mkdir()
        with mounted(folder, 24):
            shutil.chown(folder, self.socket.owner())
            self.execute(f"create tablespace small location '{folder}'")
            self.execute(f"create database small owner {OWNER} encoding 'UTF8' template template0 tablespace small")
            yield self.url("small", OWNER)
            self.execute("drop database small")
            self.execute("drop tablespace small")

    def execute(self, sql: str) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(sql.encode())


def rows(url: str, sql: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as connection:
        return connection.execute(sql.encode()).fetchall()


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    initdb = _binary("initdb")
    if initdb is None:
        pytest.skip("no PostgreSQL server is installed here (initdb is not found)")
    folder = Path(tempfile.mkdtemp(prefix="bilan-pg-", dir="/tmp"))  # the path of a socket is short
    account = "nobody" if os.geteuid() == 0 else None
    if account:
        shutil.chown(folder, account)

    def run(*command: str) -> None:
        done = subprocess.run(command, user=account, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    data, control = str(folder / "data"), str(initdb.with_name("pg_ctl"))
    settings = f"-k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=32MB -c log_min_messages=fatal"
    try:
        run(str(initdb), "-D", data, "-U", "postgres", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C")
        access = folder / "data/pg_hba.conf"
        access.write_text(f"local all {PRIVATE} scram-sha-256\nlocal all all trust\n", encoding="utf-8")
        run(control, "-D", data, "-o", settings, "-l", str(folder / "log"), "-w", "start")
        try:
            server = Server(folder)
            server.execute(f"create role {OWNER} login createrole")
            server.execute(f"create role {PRIVATE} login createrole password '{PASSWORD}'")
            yield server
        finally:
            run(control, "-D", data, "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


def _binary(name: str) -> Path | None:
    found = shutil.which(name) or next(iter(sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))), None)
    return Path(found).resolve() if found else None
