"""`bilan`, in a process forked from one that has loaded its libraries already.

Loading Dagster, dbt and what the door needs takes half of a refresh and nothing can be broken by then. From the command
line's entry point on, the process is the real one: it takes its lock, has its door, writes, publishes, and dies of what
kills it.
"""

import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from tests.drills.miniature import Miniature

PUBLICATION = "Publication"
_PATIENCE_S = 600

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(["tests.drills.warm"])


def _with_a_forked_door() -> None:
    from dagster_project.quality import door
    from tests.drills.warm import NURSERY

    door._started = NURSERY.started  # type: ignore[assignment]


class Bilan:
    """A command under way, and what it says."""

    def __init__(self, project: Miniature, *arguments: str, prepare: Callable[[], None] = _with_a_forked_door) -> None:
        descriptor, name = tempfile.mkstemp(dir=project.settings.raw.parent, prefix="said-")
        os.close(descriptor)
        self._said = Path(name)
        self._process = _context.Process(
            target=_command, args=(str(self._said), project.environment, arguments, prepare)
        )
        self._process.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """Whatever becomes of the drill, nothing of it goes on running."""
        self.kill()
        self._process.join()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def is_running(self) -> bool:
        return self._process.is_alive()

    def said(self) -> str:
        return self._said.read_text(encoding="utf-8", errors="replace")

    def wait_for(self, words: str) -> bool:
        """Wait until the command says it; False if it ended before."""
        deadline = time.monotonic() + _PATIENCE_S
        while words not in self.said():
            if not self.is_running:
                return words in self.said()
            assert time.monotonic() < deadline, f"« {words} » never came:\n{self.said()}"
            time.sleep(0.002)
        return True

    def ends_within(self, seconds: float) -> bool:
        """Whether the command is over before so many seconds."""
        self._process.join(seconds)
        return not self.is_running

    def kill(self) -> None:
        """As the kernel does when memory runs out: this process alone, without a word."""
        self._process.kill()

    def end(self) -> int:
        """Wait for the exit code; a signal's is negative."""
        self._process.join(_PATIENCE_S)
        code = self._process.exitcode
        assert code is not None, f"it never ended:\n{self.said()}"
        return code


def bilan(project: Miniature, *arguments: str) -> tuple[int, str]:
    """Run a command to its end: its exit code, and all it said."""
    with Bilan(project, *arguments) as run:
        return run.end(), run.said()


def _command(said: str, environment: dict[str, str], arguments: tuple[str, ...], prepare: Callable[[], None]) -> None:
    from dagster_project import cli

    prepare()
    os.environ.update(environment)
    with Path(said).open("ab") as file:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    sys.argv = ["bilan", *arguments]
    cli.main()
