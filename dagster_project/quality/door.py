"""The door: every edition is read, then examined, before anything else sees its rows.

It runs in a process of its own, which owns the stage file until the last edition is in: the libraries it needs
(Great Expectations above all) are slow to import and load beside those of the run, and what a hostile file could
do stays in there. The two processes exchange one JSON document a line. An edition that kills the door twice is refused,
and the door opens again for the next.
"""

import contextlib
import gc
import json
import os
import resource
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
from dagster_project.machine import machine_failure
from dagster_project.readers.deaths import DEADLY, why_it_died
from dagster_project.readers.table import Reject

_FAILURE = "panne"


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
        self._stage = stage
        self._awaited = list(editions)
        self._reports: dict[str, DoorReport] = {}
        self._last_killer: str | None = None
        self._process = self._open()

    def _open(self) -> "subprocess.Popen[str]":
        """Begin with the editions that have no report yet, on what those before them left in the stage file."""
        killers = [self._last_killer] if self._last_killer else []
        process = subprocess.Popen(
            [sys.executable, "-m", "dagster_project.quality.door", str(self._stage), *killers],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            # What a killed door leaves there goes with the stage.
            env={**os.environ, "TMPDIR": str(self._stage.parent)},
        )
        # From a thread: a pipe holds 64 kB, and the run has better to do than wait for the door to read.
        Thread(target=_hand_over, args=(process, tuple(self._awaited)), daemon=True).start()
        return process

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
            if report := self._next_report():
                self._reports[report.edition_id] = report
        return self._reports[edition.edition_id]

    def close(self) -> None:
        """Hand the stage file over, once every report is in: after this, the run may open it."""
        while self._awaited:
            self.report(self._awaited[0])
        if self._answer() is None:
            raise self._stopped()
        # All is committed: the door need not take a second to unload its libraries.
        self._process.kill()
        self._process.wait()

    def _next_report(self) -> DoorReport | None:
        """The report on the next edition; None where it killed the door for the first time, and is tried again.

        Raises:
            BilanError: the door stopped, and no file is to blame.
        """
        if answer := self._answer():
            self._awaited.pop(0)
            return DoorReport(**answer)
        code = self._process.wait()
        if -code not in DEADLY:
            raise self._stopped()
        edition = self._awaited[0].edition_id
        is_sure = edition == self._last_killer
        self._last_killer = edition
        if is_sure:
            self._awaited.pop(0)
        self._process = self._open()
        return _refusal(edition, code) if is_sure else None

    def _answer(self) -> dict[str, Any] | None:
        """The next document; None where the door died instead.

        Raises:
            BilanError: the machine does not let the door do its work; the message says what is missing.
        """
        assert self._process.stdout
        answer = self._process.stdout.readline()
        document: dict[str, Any] | None = json.loads(answer) if answer.endswith("\n") else None
        if document and (sentence := document.get(_FAILURE)):
            raise BilanError(sentence)
        return document

    def _stopped(self) -> BilanError:
        return BilanError(f"Le contrôle d'entrée s'est arrêté (code {self._process.wait()}).")


def _hand_over(process: "subprocess.Popen[str]", editions: Sequence[Edition]) -> None:
    assert process.stdin
    # A door that died says so where its answer is awaited.
    with contextlib.suppress(BrokenPipeError), process.stdin as requests:
        for edition in editions:
            requests.write(edition.model_dump_json() + "\n")


def _refusal(edition: str, code: int) -> DoorReport:
    """The report on an edition that killed the door."""
    reject = Reject(
        edition, None, None, None, why_it_died(code), "un fichier que son lecteur suit jusqu'au bout",
        "lecture interrompue", "Retirez cette édition de raw/, ou reprenez le fichier du producteur.",
    )  # fmt: skip
    return DoorReport(edition, False, 0, 0, 0, [], [], [reject.message], [asdict(reject)])


def _serve(stage: str, killers: Sequence[str], requests: IO[str], answers: IO[str]) -> None:
    """Answer each edition with its report, and the end of the editions with an empty document."""
    from dagster_project.quality.keeper import Keeper

    keeper = Keeper(stage)
    for edition_id in killers:
        keeper.forget(edition_id)
    for line in requests:
        report = keeper.examine(Edition.model_validate_json(line))
        print(json.dumps(asdict(report)), file=answers, flush=True)
    keeper.close()
    print(json.dumps({}), file=answers, flush=True)


def main() -> None:
    """Be the door of a run: it writes editions on the standard input, and reads the answers on the standard output."""
    gc.set_threshold(200_000)  # As the command line does: most of what is allocated here is modules, and stays.
    protocol, sys.stdout = sys.stdout, sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _serve(sys.argv[1], sys.argv[2:], sys.stdin, protocol)
    except BrokenPipeError:
        sys.exit("Le contrôle d'entrée s'arrête : l'exécution qui l'attendait n'est plus là.")
    except Exception as error:
        if (sentence := machine_failure(error)) is None:
            raise
        print(json.dumps({_FAILURE: sentence}), file=protocol, flush=True)


if __name__ == "__main__":
    main()
