"""Readers in processes of their own, with pooled and with fresh connections, while release follows release.

`BILAN_READERS` readers, `BILAN_PUBLICATIONS` publications. What is published is a genuine stage, with one value of it
changed each time in two tables, so that a reading that mixed two releases would show; the publication is the real one.
"""

import json
import multiprocessing
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import pytest

from dagster_project.settings import PROJECT, Settings
from tests.drills.counts import PUBLICATIONS, READERS, SEED
from tests.drills.press import Press
from tests.drills.reader import Heard, read
from tests.drills.tally import Tally

_PAUSE_S = 0.02 * READERS


@contextmanager
def readers(settings: Settings, folder: Path) -> Iterator[list[Heard]]:
    """Let the readers read; what they heard is there once they have stopped."""
    context = multiprocessing.get_context("spawn")
    over = context.Event()
    logs = [str(folder / f"client-{number}.json") for number in range(READERS // 2)]
    clients = [
        context.Process(target=read, args=(str(settings.served), f"{SEED}-{number}", _PAUSE_S, over, log))
        for number, log in enumerate(logs)
    ]
    heard: list[Heard] = []
    for client in clients:
        client.start()
    try:
        yield heard
    finally:
        over.set()
        for client in clients:
            client.join()
    for log in logs:
        heard += [Heard(**one) for one in json.loads(Path(log).read_text(encoding="utf-8"))]


@pytest.mark.slow
@pytest.mark.drill(
    "Lecteurs pendant les publications",
    "aucune erreur, aucune lecture qui mêle deux versions ; "
    "une connexion gardée ouverte n'a jamais plus d'une réouverture de retard",
)
def test_readers_never_fail_nor_see_two_releases_at_once(stage: Path, tmp_path: Path, tally: Tally) -> None:
    settings = Settings(PROJECT / "raw", tmp_path / "warehouse")
    press = Press(settings, stage, tmp_path)
    press.publish(datetime.now())
    with readers(settings, tmp_path) as heard:
        for number in range(1, PUBLICATIONS + 1):
            press.publish(datetime.now())
            print(f"publication {number} sur {PUBLICATIONS}", flush=True)
    order = list(press.said)
    for one in heard:
        with tally.trial(one.kind, f"{len(one.readings)} versions vues", f"{len(one.openings)} connexions"):
            assert not one.errors, one.errors[:3]
            mixed = [reading for reading in one.readings if press.said[str(reading[0])] != tuple(reading)]
            assert not mixed, mixed[:3]
            late = [pair for pair in one.openings if order.index(pair[1]) < order.index(pair[0])]
            assert not late, f"opened on a release already replaced: {late[:3]}"
            assert len(one.readings) > 1, "it read no release after the first"
    assert tally.tried == READERS // 2 * 2
    tally.settle()
