"""The door: every edition is read, then examined, before anything else sees its rows.

It runs in a process of its own: the libraries it needs (Great Expectations above all) are slow to import and load
beside those of the run, and what a hostile file could do stays in there. The two processes exchange one JSON document
a line. An edition that kills the door twice is refused, and the door opens again for the next. Where every edition was
accepted before, there is no such process at all.
"""

import contextlib
import gc
import json
import os
import resource
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import IO, Any, Self

from dagster_project.catalogue import Edition
from dagster_project.errors import BilanError
from dagster_project.machine import machine_failure
from dagster_project.quality.accepted import Accepted
from dagster_project.quality.door_report import DoorReport
from dagster_project.readers.deaths import DEADLY, why_it_died
from dagster_project.readers.table import Reject

_DATABASE = "examined.duckdb"
_FAILURE = "panne"


class Door:
    """The door seen from the run: a child process that examines editions ahead, in the order they are given."""

    def __init__(self, scratch: Path, accepted: Accepted, editions: Sequence[Edition]) -> None:
        """Open it for the editions that were not accepted before; it works in the folder `scratch`."""
        self._scratch = scratch
        self._accepted = accepted
        self._reports = accepted.reports()
        self._awaited = [edition for edition in editions if edition.edition_id not in self._reports]
        self._last_killer: str | None = None
        self._process = self._open() if self._awaited else None

    def _open(self) -> "subprocess.Popen[str]":
        """Begin with the editions that have no report yet, on what those before them left in the door's database."""
        killers = [self._last_killer] if self._last_killer else []
        process = _started(self._scratch, [str(self._scratch / _DATABASE), *killers])
        requests = [
            {"edition": edition.model_dump(mode="json"), "folder": str(self._accepted.folder(edition))}
            for edition in self._awaited
        ]
        # From a thread: a pipe holds 64 kB, and the run has better to do than wait for the door to read.
        Thread(target=_hand_over, args=(process, requests), daemon=True).start()
        return process

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def report(self, edition: Edition) -> DoorReport:
        """What the door says of an edition; the rows of an accepted one are in its folder."""
        while edition.edition_id not in self._reports:
            if report := self._next_report():
                self._reports[report.edition_id] = report
        return self._reports[edition.edition_id]

    def _next_report(self) -> DoorReport | None:
        """The report on the next edition; None where it killed the door for the first time, and is tried again.

        Raises:
            BilanError: the door stopped, and no file is to blame.
        """
        assert self._process
        edition = self._awaited[0].edition_id
        if report := self._answer(self._process):
            self._awaited.pop(0)
        else:
            code = self._process.wait()
            if -code not in DEADLY:
                raise BilanError(f"Le contrôle d'entrée s'est arrêté (code {code}).")
            if edition == self._last_killer:
                self._awaited.pop(0)
                report = _refusal(edition, code)
            self._last_killer = edition
            self._process = self._open()
        if not self._awaited:
            self._end()
        return report

    @staticmethod
    def _answer(process: "subprocess.Popen[str]") -> DoorReport | None:
        """The next report; None where the door died instead.

        Raises:
            BilanError: the machine does not let the door do its work; the message says what is missing.
        """
        assert process.stdout
        answer = process.stdout.readline()
        if not answer.endswith("\n"):
            return None
        document: dict[str, Any] = json.loads(answer)
        if sentence := document.get(_FAILURE):
            raise BilanError(sentence)
        return DoorReport(**document)

    def _end(self) -> None:
        """All is written: the door need not take a second to unload its libraries."""
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None


def _started(scratch: Path, arguments: Sequence[str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "dagster_project.quality.door", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        encoding="utf-8",
        # What a killed door leaves there goes with the stage.
        env={**os.environ, "TMPDIR": str(scratch)},
    )


def _hand_over(process: "subprocess.Popen[str]", requests: Sequence[dict[str, Any]]) -> None:
    assert process.stdin
    # A door that died says so where its answer is awaited.
    with contextlib.suppress(BrokenPipeError), process.stdin as pipe:
        for request in requests:
            pipe.write(json.dumps(request) + "\n")


def _refusal(edition: str, code: int) -> DoorReport:
    """The report on an edition that killed the door."""
    reject = Reject(
        edition, None, None, None, why_it_died(code), "un fichier que son lecteur suit jusqu'au bout",
        "lecture interrompue", "Retirez cette édition de raw/, ou reprenez le fichier du producteur.",
    )  # fmt: skip
    return DoorReport(edition, False, 0, 0, 0, [], [], [reject.message], [asdict(reject)])


def _serve(database: str, killers: Sequence[str], requests: IO[str], answers: IO[str]) -> None:
    """Answer each edition with its report, once its rows are in its folder."""
    from dagster_project.quality.keeper import Keeper

    keeper = Keeper(database)
    for edition_id in killers:
        keeper.forget(edition_id)
    for line in requests:
        request = json.loads(line)
        report = keeper.examine(Edition.model_validate(request["edition"]), Path(request["folder"]))
        print(json.dumps(asdict(report)), file=answers, flush=True)


@contextlib.contextmanager
def _machine_failures_told(answers: IO[str]) -> Iterator[None]:
    """Answer with a sentence what the machine is to blame for."""
    try:
        yield
    except BrokenPipeError:
        raise
    except Exception as error:
        if (sentence := machine_failure(error)) is None:
            raise
        print(json.dumps({_FAILURE: sentence}), file=answers, flush=True)


def main() -> None:
    """Be the door of a run: it writes editions on the standard input, and reads the answers on the standard output."""
    gc.set_threshold(200_000)  # As the command line does: most of what is allocated here is modules, and stays.
    protocol, sys.stdout = sys.stdout, sys.stderr
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        with _machine_failures_told(protocol):
            _serve(sys.argv[1], sys.argv[2:], sys.stdin, protocol)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), protocol.fileno())  # or Python, leaving, would try once more
        sys.exit("Le contrôle d'entrée s'arrête : l'exécution qui l'attendait n'est plus là.")


if __name__ == "__main__":
    main()
