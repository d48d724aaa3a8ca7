"""What crashes, copies and hands leave in a warehouse: the next refresh puts it right by itself."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from dagster_project.release.folders import remove
from tests.drills.forked import bilan
from tests.drills.miniature import Miniature

Leftover = Callable[[Miniature], None]


def lock_of_a_dead_process(project: Miniature) -> None:
    _sign(project, pid=2**22, host="cette-machine")


def lock_of_another_host(project: Miniature) -> None:
    _sign(project, pid=1, host="une-autre-machine")


def lock_cut_short(project: Miniature) -> None:
    project.settings.lock.write_text('{"pid": 12', encoding="utf-8")


def journal_beside_the_link(project: Miniature) -> None:
    _leave_a_journal(project, project.settings.served)


def journal_beside_the_release(project: Miniature) -> None:
    """DuckDB replays it for every reader, also for those who may only read."""
    _leave_a_journal(project, project.settings.served.resolve())
    assert project.served_value() == 0


def stage_left(project: Miniature) -> None:
    half = project.settings.stage / "release" / "parquet"
    half.mkdir(parents=True)
    (half / "population.parquet").write_bytes(b"PAR1")
    (project.settings.stage / "stage.duckdb").write_bytes(b"half a file")


def unfinished_link(project: Miniature) -> None:
    (project.settings.warehouse / ".bilan.duckdb.4194304").symlink_to("releases/never/bilan.duckdb")
    (project.settings.warehouse / ".LATEST.json.4194304").write_text("{", encoding="utf-8")


def link_to_a_removed_release(project: Miniature) -> None:
    remove(project.settings.served.resolve().parent)


def link_absolute(project: Miniature) -> None:
    """A warehouse moved, or copied with a tool that follows its own mind."""
    target = project.settings.served.resolve()
    project.settings.served.unlink()
    project.settings.served.symlink_to(target)


def link_followed_by_a_copy(project: Miniature) -> None:
    """`cp -L`, or an archive made on a system without links: a plain file where the link was."""
    target = project.settings.served.resolve()
    project.settings.served.unlink()
    shutil.copy(target, project.settings.served)


def notice_cut_short(project: Miniature) -> None:
    (project.settings.warehouse / "LATEST.json").write_text('{"release_id": ', encoding="utf-8")


def notice_of_another_release(project: Miniature) -> None:
    """Killed between the link and what is said of it."""
    path = project.settings.warehouse / "LATEST.json"
    latest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(latest | {"release_id": "19990101T000000Z-00000000"}), encoding="utf-8")


LEFTOVERS: list[Leftover] = [
    lock_of_a_dead_process,
    lock_of_another_host,
    lock_cut_short,
    journal_beside_the_link,
    journal_beside_the_release,
    stage_left,
    unfinished_link,
    notice_cut_short,
    notice_of_another_release,
    link_absolute,
    link_to_a_removed_release,
    link_followed_by_a_copy,
]


@pytest.fixture(scope="module")
def ground(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    """One project for all: what is left is put right each time."""
    return miniature.copied_to(tmp_path_factory.mktemp("leftovers"))


@pytest.mark.slow
@pytest.mark.drill(
    "Restes d'une panne : verrous, journaux, liens, préparation",
    "l'actualisation suivante remet tout en ordre, sans aide",
)
@pytest.mark.parametrize("leave", LEFTOVERS, ids=[leave.__name__ for leave in LEFTOVERS])
def test_the_next_refresh_puts_right_what_was_left(ground: Miniature, leave: Leftover) -> None:
    value = ground.served_value()
    leave(ground)
    code, said = bilan(ground, "refresh")
    assert code == 0, said
    ground.assert_healed()
    assert ground.served_value() == value
    (code, said), warehouse = bilan(ground, "status"), ground.settings.warehouse
    assert code == 0 and "À jour" in said, said
    strays = [path.name for path in warehouse.iterdir() if path.name.endswith((".4194304", ".wal"))]
    assert not strays, f"left behind: {strays}"


def _sign(project: Miniature, pid: int, host: str) -> None:
    holder = {"pid": pid, "host": host, "since": "2026-01-01T00:00:00+00:00", "command": "bilan refresh"}
    project.settings.lock.write_text(json.dumps(holder), encoding="utf-8")


def _leave_a_journal(project: Miniature, database: Path) -> None:
    """The write-ahead journal of somebody who opened a copy of the release for writing, and crashed."""
    copy = project.settings.raw.parent / "copy.duckdb"
    shutil.copy(project.settings.served.resolve(), copy)
    copy.chmod(0o644)
    connection = duckdb.connect(str(copy))
    connection.execute("update marts.beneficiaries set beneficiaries = 0")
    journal = copy.with_name("copy.duckdb.wal")
    folder = database.parent
    mode = folder.stat().st_mode
    folder.chmod(0o755)
    shutil.copy(journal, database.with_name(f"{database.name}.wal"))
    folder.chmod(mode)
    connection.close()
    copy.unlink()
