"""Someone who holds a reader's connection can neither read, write nor change anything else, nor take the machine."""

import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from dagster_project.connect import connection_text
from dagster_project.hashing import file_sha256
from dagster_project.history import environment
from dagster_project.settings import PROJECT, Settings
from tests.drills import counts
from tests.drills.attack import tree
from tests.drills.hostile_sql import ACTIONS, EXHAUSTIONS
from tests.drills.tally import Tally

DEADLINE_S = 4
PROCESS_BYTES = 2 << 30
REFUSAL = re.compile(r"\w+(Exception|Error): ")
SECRET = "the-words-nobody-may-read"
BINARIES = Path(sys.executable).parent
IN_PROCESS = ["python", "sqlalchemy", "superset"]


@dataclass
class World:
    """A warehouse, a folder and a secret, within reach of the reader's account; and what arrived at a port."""

    root: Path
    settings: Settings
    port: int
    visits: list[object]

    def statement(self, sql: str) -> str:
        return sql.format(
            release=self.settings.served.resolve(),
            folder=self.root / "folder",
            secret=self.root / "folder/secret.csv",
            port=self.port,
        )

    def environment(self) -> dict[str, str]:
        home = {"HOME": str(self.root / "home"), "TMPDIR": str(self.root / "tmp"), "BILAN_TEST_SECRET": SECRET}
        path = f"{BINARIES.parent / 'lib' / _python() / 'site-packages/duckdb_cli'}:{os.environ['PATH']}"
        return {**environment(self.settings), **home, "PYTHONPATH": str(PROJECT), "PATH": path}

    def run(
        self, command: list[str], given: str, seconds: float = 120, memory: int | None = None
    ) -> subprocess.CompletedProcess[str]:
        def bound() -> None:
            if memory:
                resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))

        return subprocess.run(
            command,
            input=given,
            cwd=self.root / "home",
            env=self.environment(),
            timeout=seconds,
            capture_output=True,
            text=True,
            check=False,
            preexec_fn=bound,
        )


def _python() -> str:
    return f"python{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def world(published: Settings, tmp_path: Path) -> Iterator[World]:
    settings = Settings(published.raw, tmp_path / "warehouse")
    release = published.served.resolve().parent
    shutil.copytree(release, settings.releases / release.name, ignore=shutil.ignore_patterns("parquet"))
    settings.served.symlink_to(published.served.readlink())
    # The worst case: the reader's account may write where the release is.
    settings.served.resolve().chmod(0o600)
    settings.served.resolve().parent.chmod(0o700)
    for folder in ("folder", "home", "tmp"):
        (tmp_path / folder).mkdir()
    (tmp_path / "folder/secret.csv").write_text(f"line\n{SECRET}\n", encoding="utf-8")
    visits: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_welcome, args=(server, visits), daemon=True).start()
        yield World(tmp_path, settings, server.getsockname()[1], visits)


def _welcome(server: socket.socket, visits: list[object]) -> None:
    while True:
        try:
            visitor, address = server.accept()
        except OSError:
            return
        visits.append(address)
        visitor.close()


def _attacked(world: World, tool: str, text: str, attacks: Sequence[str]) -> dict[str, str]:
    """The statements that achieved something, each with what it achieved."""
    statements = [world.statement(sql) for sql in attacks]
    job = {"tool": tool, "text": text, "statements": statements, "world": str(world.root)}
    done = world.run([sys.executable, "-m", "tests.drills.attack"], json.dumps(job))
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = zip(statements, json.loads(done.stdout.splitlines()[-1]), strict=True)
    return {sql: harm for sql, outcome in outcomes if (harm := _harm(**outcome))}


def _harm(said: str, changed: list[str], serves: bool) -> str:
    if SECRET in said or "DUCK" in said:
        return "read"
    return f"changed {changed}" if changed else "" if serves else "the connection no longer serves"


@pytest.mark.drill("Requêtes hostiles", "aucune n'obtient quoi que ce soit, par aucune des connexions documentées")
@pytest.mark.parametrize("tool", IN_PROCESS)
def test_no_statement_achieves_anything(world: World, tool: str, tally: Tally) -> None:
    before = file_sha256(world.settings.served.resolve())
    harm = _attacked(world, tool, connection_text(world.settings, tool), [one.sql for one in ACTIONS])
    for one in ACTIONS:
        with tally.trial(tool, one.sql):
            assert harm.get(world.statement(one.sql)) is None
    tally.settle()
    assert world.visits == []
    assert file_sha256(world.settings.served.resolve()) == before


ONLY_READ = "{}"
FILES_OPEN = "{'enable_external_access': 'false', 'lock_configuration': 'true'}"


@pytest.mark.parametrize(
    ("config", "sql"),
    [
        (ONLY_READ, "from read_text('{secret}')"),
        (ONLY_READ, "copy (select 1) to '{folder}/out.csv'"),
        (FILES_OPEN, "copy (select 1) to '{release}' (use_tmp_file false)"),
        (FILES_OPEN, "copy (select 1) to '{release}.wal' (use_tmp_file false)"),
    ],
)
def test_without_each_lock_there_is_harm(world: World, config: str, sql: str) -> None:
    text = f"import duckdb\nconnexion = duckdb.connect({str(world.settings.served)!r}, read_only=True, config={config})"
    assert sql in [hostile.sql for hostile in ACTIONS]
    assert _attacked(world, "python", text, [sql])


def test_the_command_line_of_duckdb_is_locked_too(world: World) -> None:
    script = world.root / "open.sh"
    script.write_text(connection_text(world.settings, "cli"), encoding="utf-8")
    shell = [".shell touch {folder}/x", ".output {folder}/x", ".read {secret}", ".log {folder}/x", ".open {folder}/x"]
    assert "36" in world.run(["bash", str(script)], "select count(*) from marts.budget_line;").stdout
    expected = tree(world.root)
    for sql in [*(hostile.sql for hostile in ACTIONS), *shell]:
        done = world.run(["bash", str(script)], world.statement(sql) + ("" if sql.startswith(".") else ";"))
        assert SECRET not in done.stdout + done.stderr, sql
        assert tree(world.root) == expected, sql
    assert world.visits == []


@pytest.mark.slow
@pytest.mark.parametrize("tool", IN_PROCESS)
def test_a_greedy_statement_is_bounded_with_its_process(world: World, tool: str) -> None:
    text = connection_text(world.settings, tool)
    before = tree(world.root)
    for hostile in EXHAUSTIONS[: counts.EXHAUSTIONS]:
        job = {"tool": tool, "text": text, "statements": [hostile.sql], "world": str(world.root)}
        try:
            command = [sys.executable, "-m", "tests.drills.attack"]
            done = world.run(command, json.dumps(job), DEADLINE_S, PROCESS_BYTES)
        except subprocess.TimeoutExpired:
            continue
        # Out of memory, or refused a file to spill into; or the process died of its limit.
        assert done.returncode != 0 or REFUSAL.match(json.loads(done.stdout)[0]["said"]), (
            hostile.sql,
            done.stdout[:300],
        )
    assert tree(world.root) == before


@pytest.mark.slow
def test_bilan_query_ends_a_greedy_statement_by_itself(world: World) -> None:
    before = tree(world.root)
    for hostile in EXHAUSTIONS[: counts.EXHAUSTIONS]:
        done = world.run([str(BINARIES / "bilan"), "query", "--timeout", "1", hostile.sql], "", 30)
        assert done.returncode in (1, 2), hostile.sql
        assert done.stderr.startswith("Requête "), (hostile.sql, done.stderr)
    assert tree(world.root) == before
