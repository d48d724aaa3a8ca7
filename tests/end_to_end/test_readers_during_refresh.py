"""Readers over a publication, and a run interrupted while it works; `tests/drills` does both again and again."""

import os
import signal
import time
from pathlib import Path
from threading import Event, Thread

from dagster_project.query import open_release
from dagster_project.release.serve import served_manifest
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.drills.forked import PUBLICATION, Bilan
from tests.drills.miniature import Miniature

QUERY = "select release_id, (select count(*) from marts.budget_line) from marts.release"


def test_the_same_content_is_published_when_asked_only_and_readers_see_one_release_or_the_other(
    workshop: Settings,
) -> None:
    assert run_refresh(workshop, force=True, tell=lambda text: None).message.startswith("Mêmes contenus")
    assert len(list(workshop.releases.iterdir())) == 1
    seen: set[tuple[str, int]] = set()
    errors: list[Exception] = []
    done = Event()

    def read() -> None:
        while not done.wait(0.05):
            try:
                with open_release(workshop) as connection:
                    row = connection.execute(QUERY).fetchone()
                    assert row is not None
                    seen.add(row)
            except Exception as error:
                errors.append(error)

    readers = [Thread(target=read) for _ in range(2)]
    for reader in readers:
        reader.start()
    run_refresh(workshop, force=True, republish=True, tell=lambda text: None)
    time.sleep(0.2)
    done.set()
    for reader in readers:
        reader.join()
    assert not errors
    assert {count for _, count in seen} == {36}
    assert len({release for release, _ in seen}) == 2


def test_an_interrupted_run_says_so_in_one_line(miniature: Miniature, tmp_path: Path) -> None:
    project = miniature.copied_to(tmp_path)
    before = served_manifest(project.settings)
    with Bilan(project, "refresh", "--force") as run:
        assert run.wait_for(PUBLICATION), run.said()
        os.kill(run.pid, signal.SIGINT)
        assert run.end() == 1
        assert "Interrompu : rien n'a été publié" in run.said()
        assert "Traceback" not in run.said()
    assert served_manifest(project.settings) == before
    assert not project.settings.stage.exists()
