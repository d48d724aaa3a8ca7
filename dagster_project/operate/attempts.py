"""The sign of life of the warehouse: the last attempts to refresh it, and what each came to.

`heartbeat.json` is for machines as much as for `bilan status`. It is replaced whole, so that whoever reads it needs no
lock; whoever writes it holds one.
"""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Literal

from dagster_project.release.serve import served_folder, write_json
from dagster_project.settings import Settings

HEARTBEAT = "heartbeat.json"
COMMAND, DAGSTER = "bilan refresh", "Dagster"
REFRESH = "refresh"
_LOCK = ".heartbeat.lock"
WRITTEN = "%Y-%m-%dT%H:%M:%SZ"
_KEPT = 20
Outcome = Literal["done", "partly_refused", "refused", "failed"]


@dataclass(frozen=True)
class Digest:
    """What people are told of an attempt: a line that says what and where, and what to do. French."""

    title: str
    text: str


@dataclass(frozen=True)
class Attempt:
    """One attempt to refresh, or a failed fetch; times are UTC, ISO 8601.

    `untold` names the channels that have not taken its digest.
    """

    run_id: str
    by: str
    started_at: str
    ended_at: str | None = None
    outcome: Outcome | None = None
    message: str = ""
    refused: list[str] = field(default_factory=list)
    digest: Digest | None = None
    untold: list[str] = field(default_factory=list)
    job: str = REFRESH

    @property
    def succeeded(self) -> bool:
        """Whether what is served was up to date when it ended, as far as its inputs could be accepted."""
        return self.outcome in ("done", "partly_refused")


@dataclass(frozen=True)
class Heartbeat:
    """What is known: attempts, the newest first; the last that succeeded, however old; the daemon's last sign."""

    attempts: list[Attempt] = field(default_factory=list)
    last_success: Attempt | None = None
    daemon_at: str | None = None

    @property
    def last(self) -> Attempt | None:
        """The last attempt to refresh."""
        return next((one for one in self.attempts if one.job == REFRESH), None)

    def of(self, run_id: str) -> Attempt | None:
        return next((attempt for attempt in self.attempts if attempt.run_id == run_id), None)

    def before(self, attempt: Attempt) -> Attempt | None:
        """The newest attempt at the same job that ended, this one apart."""
        others = (one for one in self.attempts if one.run_id != attempt.run_id and one.job == attempt.job)
        return next((one for one in others if one.ended_at), None)

    def noting(self, attempt: Attempt) -> "Heartbeat":
        """The same, with an attempt in its place, or at the head."""
        attempts = [attempt if one.run_id == attempt.run_id else one for one in self.attempts]
        if self.of(attempt.run_id) is None:
            attempts = [attempt, *attempts][:_KEPT]
        return replace(self, attempts=attempts, last_success=attempt if attempt.succeeded else self.last_success)


def now() -> str:
    """The instant, as it is written there."""
    return datetime.now(UTC).strftime(WRITTEN)


def instant(text: str) -> datetime:
    """What `now` wrote."""
    return datetime.fromisoformat(text)


def read(settings: Settings) -> Heartbeat:
    """What is written; nothing where it was never written, or cannot be read."""
    try:
        document = json.loads((settings.warehouse / HEARTBEAT).read_text(encoding="utf-8"))
        attempts = [_attempt(one) for one in document["attempts"]]
        success = document["last_success"]
        return Heartbeat(attempts, _attempt(success) if success else None, document["daemon_at"])
    except (OSError, ValueError, KeyError, TypeError):
        return Heartbeat()


@contextmanager
def rewriting(settings: Settings) -> Iterator[Callable[[Heartbeat], None]]:
    """Be the only one to write: gives what replaces the file."""
    settings.warehouse.mkdir(parents=True, exist_ok=True)
    with (settings.warehouse / _LOCK).open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lambda heartbeat: _write(settings, heartbeat)


def begin(settings: Settings, run_id: str, by: str) -> None:
    """Note that an attempt begins."""
    with rewriting(settings) as write:
        write(read(settings).noting(Attempt(run_id, by, now())))


def note_daemon(settings: Settings) -> None:
    """Note that the daemon is alive."""
    with rewriting(settings) as write:
        write(replace(read(settings), daemon_at=now()))


def _attempt(document: dict[str, Any]) -> Attempt:
    digest = document["digest"]
    return Attempt(**{**document, "digest": Digest(**digest) if digest else None})


def _write(settings: Settings, heartbeat: Heartbeat) -> None:
    served = served_folder(settings)
    write_json(
        settings.warehouse / HEARTBEAT,
        {
            "written_at": now(),
            "release_id": served.name if served else None,
            **asdict(heartbeat),
        },
    )
