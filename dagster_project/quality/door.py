"""The door: every edition is read, then examined, before anything else sees its rows.

It runs in a process of its own, which owns the stage file until the last edition is in: the libraries it needs
(Great Expectations above all) are slow to import and load beside those of the run, and what a hostile file could
do stays in there. The two processes exchange one JSON document a line.
"""

import contextlib
import gc
import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

from dagster_project.catalogue import Edition
from dagster_project.errors import BilanError


@dataclass(frozen=True)
class DoorReport:
    """What the door says of an edition; messages are French, one line a defect.

    What is counted are rows of a table filled by hand, cells of a producer's own file. A flag is a cell that was kept
    but is hardly believable.
    """

    edition_id: str
    accepted: bool
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    flags: list[str]
    expectations: list[dict[str, Any]]
    messages: list[str]
    rejects: list[dict[str, Any]]


class Door:
    """The door seen from the run: a child process that examines editions ahead, in the order they are given."""

    def __init__(self, stage: Path, editions: Sequence[Edition]) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.quality.door", str(stage)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        self._reports: dict[str, DoorReport] = {}
        # From a thread: a pipe holds 64 kB, and the run has better to do than wait for the door to read.
        Thread(target=self._hand_over, args=(editions,), daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    def report(self, edition: Edition) -> DoorReport:
        """What the door says of an edition; its rows are in the stage file only if it is accepted."""
        while edition.edition_id not in self._reports:
            report = DoorReport(**self._answer())
            self._reports[report.edition_id] = report
        return self._reports[edition.edition_id]

    def close(self) -> None:
        """Hand the stage file over, once every report is in: after this, the run may open it."""
        while self._answer():
            pass
        # All is committed: the door need not take a second to unload its libraries.
        self._process.kill()
        self._process.wait()

    def _hand_over(self, editions: Sequence[Edition]) -> None:
        assert self._process.stdin
        # A door that died says so where its answer is awaited.
        with contextlib.suppress(BrokenPipeError), self._process.stdin as requests:
            for edition in editions:
                requests.write(edition.model_dump_json() + "\n")

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        answer = self._process.stdout.readline()
        if not answer:
            raise BilanError(f"Le contrôle d'entrée s'est arrêté (code {self._process.wait()}).")
        document: dict[str, Any] = json.loads(answer)
        return document


def _serve(stage: str, requests: IO[str], answers: IO[str]) -> None:
    """Answer each edition with its report, and the end of the editions with an empty document."""
    from dagster_project.quality.keeper import Keeper

    keeper = Keeper(stage)
    for line in requests:
        report = keeper.examine(Edition.model_validate_json(line))
        print(json.dumps(asdict(report)), file=answers, flush=True)
    keeper.close()
    print(json.dumps({}), file=answers, flush=True)


if __name__ == "__main__":
    gc.set_threshold(200_000)  # As the command line does: most of what is allocated here is modules, and stays.
    protocol, sys.stdout = sys.stdout, sys.stderr
    _serve(sys.argv[1], sys.stdin, protocol)
