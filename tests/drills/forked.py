"""`bilan`, in a process forked from one that has refreshed a project already: the first time is slow.

Loading Dagster, dbt and what the door needs takes half of a refresh and nothing can be broken by then. From the command
line's entry point on, the process is the real one: it takes its lock, has its door, writes, publishes, and dies of what
kills it.
"""

import os
import sys
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from pkgutil import resolve_name
from typing import Self

import pytest

from tests import doors
from tests.drills.miniature import Miniature
from tests.nursery import Forked, Nursery

PUBLICATION = "Publication"
_PATIENCE_S = 600


def _with_a_forked_door() -> None:
    from dagster_project.quality import door

    door._started = doors.ForkedDoor  # type: ignore[assignment]


class Bilan(Forked):
    """A command under way, and what it says."""

    def __init__(self, project: Miniature, *arguments: str, prepare: Callable[[], None] = _with_a_forked_door) -> None:
        """`prepare` is a function of a module, called in the process before the command."""
        says, name = tempfile.mkstemp(dir=project.settings.raw.parent, prefix="said-")
        self._said = Path(name)
        with Path(os.devnull).open() as nothing:
            first = f"{prepare.__module__}:{prepare.__qualname__}"
            super().__init__(_nursery(), [first, *arguments], project.environment, (nothing.fileno(), says, says))
        os.close(says)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever becomes of the drill, nothing of it goes on running."""
        self.kill()
        self.wait()

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: str) -> bool:
        """Wait until the command says it; False if it ended before."""
        deadline = time.monotonic() + _PATIENCE_S
        while words not in self.said():
            if self.ends_within(0.002):
                return words in self.said()
            assert time.monotonic() < deadline, f"« {words} » never came:\n{self.said()}"
        return True

    def end(self) -> int:
        """Wait for the exit code; a signal's is negative."""
        assert self.ends_within(_PATIENCE_S), f"it never ended:\n{self.said()}"
        return self.wait()


def bilan(project: Miniature, *arguments: str) -> tuple[int, str]:
    """Run a command to its end: its exit code, and all it said."""
    with Bilan(project, *arguments) as run:
        return run.end(), run.said()


@cache
def _nursery() -> Nursery:
    return Nursery(__name__)


def load() -> None:
    """Refresh a project; no thread is left, and no database is open."""
    import dagster_project.cli
    import dagster_project.release.verify  # noqa: F401
    from dagster_project.runner import run_refresh

    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr("dagster_project.quality.door._started", doors.ForkedDoor)
        run_refresh(Miniature.built_in(Path(folder)).settings, tell=lambda text: None)


def main() -> None:
    from dagster_project import cli

    resolve_name(sys.argv.pop(1))()
    sys.argv[0] = "bilan"
    cli.main()
