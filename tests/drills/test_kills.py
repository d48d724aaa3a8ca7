"""A refresh killed with `kill -9`, at any instant: what is served stays whole, and the next refresh heals by itself.

`BILAN_KILLS` kills; two in five are forced inside publication, which a draw over the whole run would rarely meet. In
full, each is followed by a refresh that goes to its end; in small, most by one that starts on what the last left, and
is killed in turn.
"""

import os
import random
import signal
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median

import pytest

from tests.drills.counts import KILLS, KILLS_HEALED, SEED
from tests.drills.forked import PUBLICATION, Bilan
from tests.drills.miniature import Miniature
from tests.drills.tally import Tally

_FORCED = (True, False, False, True, False)
_LANES = max(1, min(os.cpu_count() or 1, KILLS // 50))


class Lane:
    """A project of its own, killed again and again."""

    def __init__(self, project: Miniature, number: int) -> None:
        self.project = project
        self.number = number
        self._chance = random.Random(f"{SEED}-{number}")
        # The last ones only: a machine that is busy for a while is not for hours.
        self._whole: deque[float] = deque(maxlen=3)
        self._publications: deque[float] = deque(maxlen=3)
        self.project.change()
        self._finish()

    def kill_and_heal(self, turn: int, tally: Tally) -> None:
        """One kill that was one, and the refresh after it, which nobody disturbs."""
        with tally.trial(f"arrêt {turn}", f"graine {SEED}-{self.number}") as words:
            instant = None
            while instant is None:  # a run that was over before its instant came was not killed
                before, value = self.project.served_value(), self.project.change()
                instant = self._killed(_FORCED[turn % len(_FORCED)])
            words.append(instant)
            self.project.assert_sound()
            assert self.project.served_value() in (before, value), "neither the release before nor the new one"
            if (turn + 1) % KILLS_HEALED == 0:
                self._finish()
                assert self.project.served_value() == value, "the next refresh did not publish what raw/ says"
                self.project.assert_healed()

    def _killed(self, in_publication: bool) -> str | None:
        """Kill a refresh at a drawn instant and say which; None when it was over before."""
        taken = self._publications if in_publication else self._whole
        with Bilan(self.project, "refresh") as run:
            started = time.monotonic()
            if in_publication:
                assert run.wait_for(PUBLICATION), run.said()
                started = time.monotonic()
            delay = self._chance.uniform(0, median(taken))
            if run.ends_within(delay):
                assert run.end() == 0, run.said()
                taken.append(time.monotonic() - started)
                return None
            run.kill()
            if run.end() != -signal.SIGKILL:
                return None
        last = (run.said().splitlines() or ["avant le premier mot"])[-1]
        return f"{delay:.2f} s après {'le début de la publication' if in_publication else 'le départ'}, à « {last} »"

    def _finish(self) -> None:
        """The next refresh, to its end; how long it takes is what instants are drawn from."""
        started = time.monotonic()
        with Bilan(self.project, "refresh") as run:
            published = run.wait_for(PUBLICATION)
            publication = time.monotonic()
            code = run.end()
        assert code == 0, f"exit code {code}: {run.said()}"
        if published:
            self._whole.append(time.monotonic() - started)
            self._publications.append(time.monotonic() - publication)


@pytest.mark.slow
@pytest.mark.drill(
    "Arrêts brutaux (kill -9) à un instant quelconque",
    "la base servie est entière et conforme à son manifeste, une préparation au plus reste, "
    "l'actualisation suivante répare d'elle-même",
)
def test_whenever_a_refresh_is_killed_readers_see_a_whole_release_and_the_next_one_heals(
    miniature: Miniature, tmp_path: Path, tally: Tally
) -> None:
    def drill(number: int) -> None:
        lane = Lane(miniature.copied_to(tmp_path / str(number)), number)
        for turn in range(number, KILLS, _LANES):
            lane.kill_and_heal(turn, tally)

    with ThreadPoolExecutor(_LANES) as lanes:
        list(lanes.map(drill, range(_LANES)))
    assert tally.tried == KILLS
    tally.settle()
