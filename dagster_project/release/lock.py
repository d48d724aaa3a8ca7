"""One run at a time: an exclusive lock on the warehouse, which says who holds it and falls with its process."""

import fcntl
import json
import os
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from dagster_project.errors import LockHeldError

_TRIES, _INSTANT = 5, 0.02
_held: set[Path] = set()


@contextmanager
def run_lock(path: Path) -> Iterator[None]:
    """Hold the warehouse for the length of a run; a process that holds it already simply goes on.

    Raises:
        LockHeldError: another process holds it; the message says which, since when, doing what.
    """
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        if not _taken(file):
            raise LockHeldError(_holder(path))
        _sign(path)
        _held.add(path)
        try:
            yield
        finally:
            _held.discard(path)
            path.write_text("", encoding="utf-8")


def lock_holder(path: Path) -> str | None:
    """Who holds the lock, in French; None when nobody does."""
    if not path.exists():
        return None
    with path.open(encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return _holder(path)
    return None


def _taken(file: IO[str]) -> bool:
    """Take the lock; one who only looks holds it for an instant, which is waited for."""
    for _ in range(_TRIES):
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_INSTANT)
        else:
            return True
    return False


def _sign(path: Path) -> None:
    holder = {
        "pid": os.getpid(),
        "host": socket.gethostname(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": " ".join(Path(part).name if index == 0 else part for index, part in enumerate(sys.argv)),
    }
    path.write_text(json.dumps(holder), encoding="utf-8")


def _holder(path: Path) -> str:
    try:
        holder = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return "Une autre exécution est en cours (elle vient de démarrer)."
    return (
        f"Une autre exécution est en cours : « {holder['command']} », processus {holder['pid']} "
        f"sur {holder['host']}, depuis {holder['since']}."
    )
