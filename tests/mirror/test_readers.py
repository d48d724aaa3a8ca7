"""Readers of the mirror while it changes, or is killed: no error, no mixture of two releases, nobody waits."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import psycopg
import pytest

from dagster_project.errors import BilanError
from dagster_project.mirror import mirror, places
from dagster_project.settings import Settings
from tests.mirror.releases import release_of
from tests.postgres import Server, rows

SWAPS = int(os.environ.get("BILAN_DRILL_MIRROR_SWAPS", "4"))
KILLS = int(os.environ.get("BILAN_DRILL_MIRROR_KILLS", "3"))
ROWS = 3000
TABLES = ("first", "second", "third")
SIGNS = " union all ".join(f"select min(sign), max(sign), count(*) from marts.{name}" for name in TABLES)
Reader = Callable[[psycopg.Connection], None]


def signed(settings: Settings, sign: str, *, wider: bool = False) -> str:
    """Serve a release in which every row of every table bears a sign; the structure of one table may change."""
    more = ", more integer" if wider else ""
    return release_of(
        settings,
        "create schema marts;"
        + "".join(
            f"create table marts.{name} (id integer primary key, sign varchar{more if name == 'second' else ''});"
            f"insert into marts.{name} (id, sign) select i, '{sign}' from range({ROWS}) t(i);"
            for name in TABLES
        ),
    )


def copy(settings: Settings, url: str, release: str) -> None:
    mirror(settings, url, release, lambda text: None)


def one_release(found: list[tuple[Any, ...]]) -> str:
    """The release that every row is of."""
    assert [count for *_, count in found] == [ROWS] * len(TABLES)
    (sign,) = {sign for low, high, _ in found for sign in (low, high)}
    return str(sign)


def by_statement(connection: psycopg.Connection) -> None:
    one_release(connection.execute(SIGNS).fetchall())


def by_prepared_statement(connection: psycopg.Connection) -> None:
    one_release(connection.execute(SIGNS, prepare=True).fetchall())


def by_transaction(connection: psycopg.Connection) -> None:
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read")
        seen = {one_release(connection.execute(SIGNS).fetchall()) for _ in range(3)}
        assert len(seen) == 1


def by_new_connection(url: str) -> Reader:
    def read(_: psycopg.Connection) -> None:
        one_release(rows(url, SIGNS))

    return read


@contextmanager
def reading(url: str, *readers: Reader) -> Iterator[None]:
    """Readers ask without a pause, each from its own connection; any error of any of them is raised at the end."""
    done = Event()

    def read(reader: Reader) -> int:
        times = 0
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set statement_timeout = '5s'")
            while not done.is_set():
                reader(connection)
                times += 1
        return times

    with ThreadPoolExecutor(len(readers)) as pool:
        running = [pool.submit(read, reader) for reader in readers]
        try:
            yield
        finally:
            done.set()
        assert all(one.result() > 0 for one in running)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "raw", tmp_path / "warehouse")


def test_readers_see_one_release_and_no_error_while_it_changes(server: Server, settings: Settings) -> None:
    releases = [signed(settings, "A"), signed(settings, "B")]
    url = server.new_database()
    copy(settings, url, releases[0])
    with reading(url, by_statement, by_statement, by_prepared_statement, by_transaction, by_new_connection(url)):
        for number in range(SWAPS):
            copy(settings, url, releases[(number + 1) % 2])


def test_a_change_of_structure_is_no_error_either(server: Server, settings: Settings) -> None:
    releases = [signed(settings, "A"), signed(settings, "B", wider=True)]
    url = server.new_database()
    copy(settings, url, releases[0])
    with reading(url, by_statement, by_statement, by_prepared_statement, by_new_connection(url)):
        for number in range(SWAPS):
            copy(settings, url, releases[(number + 1) % 2])


def test_a_long_transaction_keeps_its_release_and_holds_nobody_up(server: Server, settings: Settings) -> None:
    releases = [signed(settings, "A"), signed(settings, "B")]
    url = server.new_database()
    copy(settings, url, releases[0])
    with psycopg.connect(url) as long:
        long.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        assert one_release(long.execute(SIGNS).fetchall()) == "A"
        copy(settings, url, releases[1])
        assert one_release(rows(url, SIGNS)) == "B"
        assert one_release(long.execute(SIGNS).fetchall()) == "A"


def test_a_table_to_replace_that_stays_open_is_given_up_with_the_name_of_its_reader(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    releases = [signed(settings, "A"), signed(settings, "B", wider=True)]
    url = server.new_database()
    copy(settings, url, releases[0])
    monkeypatch.setattr(places, "_TRIES", 2)
    with (
        reading(url, by_statement, by_prepared_statement),
        psycopg.connect(url, application_name="tableur de Zoé") as long,
    ):
        long.execute("select count(*) from marts.second")
        with pytest.raises(BilanError, match=r"la gardent ouverte.*tableur de Zo.*processus \d+, compte bilan"):
            copy(settings, url, releases[1])
        assert one_release(rows(url, SIGNS)) == "A"
    copy(settings, url, releases[1])
    assert one_release(rows(url, SIGNS)) == "B"


@pytest.mark.slow
def test_a_mirror_killed_at_any_instant_leaves_a_whole_release_and_nothing_else(
    server: Server, settings: Settings
) -> None:
    releases = [signed(settings, "A"), signed(settings, "B"), signed(settings, "C", wider=True)]
    url = server.new_database()
    copy(settings, url, releases[0])
    environment = {**os.environ, "BILAN_WAREHOUSE": str(settings.warehouse), "BILAN_RAW": str(settings.raw)}
    instants = random.Random(20)
    with reading(url, by_statement, by_transaction):
        for number in range(KILLS):
            command = [sys.executable, "-m", "dagster_project.cli", "mirror", url, "--release", releases[number % 2]]
            with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, stdout=subprocess.PIPE) as run:
                assert run.stderr
                run.stderr.readline()  # it has begun to copy
                time.sleep(instants.uniform(0, 0.4))
                run.kill()
            copy(settings, url, releases[(number + 1) % 2])
    copy(settings, url, releases[2])
    assert one_release(rows(url, SIGNS)) == "C"
    left = "select nspname::text from pg_namespace where nspname like 'bilan%' union all "
    left += "select relname::text from pg_class where relname like 'fresh%' and relkind = 'r'"
    assert rows(url, left) == [("bilan_mirror",)]
