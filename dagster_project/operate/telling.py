"""How an attempt ends: it is noted, and told to those who asked. A trouble on the way is said, and stops nothing."""

import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dagster_project.errors import BilanError, LockHeldError, RefusedDataError, WrongUseError
from dagster_project.inbox import refusals
from dagster_project.operate.attempts import COMMAND, Attempt, Digest, Heartbeat, Outcome, begin, now, read, rewriting
from dagster_project.operate.digest import digest_of, title_of
from dagster_project.release.lock import lock_holder
from dagster_project.release.serve import served_folder
from dagster_project.settings import Settings

if TYPE_CHECKING:
    from dagster_project.operate.channels import Channel

Tell = Callable[[str], None]
_LONGEST = 4000
# In the place of channels, when their settings cannot be understood.
_SETTINGS = "réglages"
_INTERRUPTED = "Interrompue : quelqu'un, le service ou la machine l'a arrêtée."
KILLED = (
    "L'exécution n'est pas allée à son terme : elle a été tuée, la mémoire lui a manqué, ou la machine s'est arrêtée."
)


@dataclass
class Trial:
    """An attempt under way, in the process that makes it."""

    settings: Settings
    run_id: str
    by: str
    started_at: str = field(default_factory=now)
    message: str = ""
    refused: Sequence[str] = ()

    def begin(self) -> None:
        """Note that it begins. The caller holds the run lock."""
        begin(self.settings, self.run_id, self.by)

    def ended(self, outcome: Outcome, message: str) -> Attempt:
        return Attempt(self.run_id, self.by, self.started_at, now(), outcome, message, list(self.refused))

    def succeeded(self) -> Attempt:
        return self.ended("partly_refused" if self.refused else "done", self.message)


@contextmanager
def trial(settings: Settings, run_id: str, tell: Tell) -> Iterator[Trial]:
    """Whatever becomes of what is done within is noted and told, and goes on as it was.

    Another run under way is no attempt: that other one tells how it ends.
    """
    trying, served = Trial(settings, run_id, COMMAND), served_folder(settings)
    try:
        yield trying
    except LockHeldError:
        raise
    except RefusedDataError as error:
        conclude(settings, trying.ended("refused", str(error)), tell)
        raise
    except BilanError as error:
        conclude(settings, trying.ended("failed", str(error)), tell)
        raise
    except KeyboardInterrupt as interruption:
        is_published = served_folder(settings) != served
        said = str(interruption) or _INTERRUPTED
        conclude(settings, trying.ended("done" if is_published else "failed", said), tell)
        raise
    except Exception as error:
        conclude(settings, trying.ended("failed", f"{type(error).__name__} : {error}"), tell)
        raise
    conclude(settings, trying.succeeded(), tell)


def conclude(settings: Settings, attempt: Attempt, tell: Tell) -> None:
    """Note how an attempt ended, and tell it where it is worth telling; once, whoever says so first."""
    attempt = replace(attempt, message=attempt.message[:_LONGEST])
    try:
        with rewriting(settings) as write:
            heartbeat = read(settings)
            known = heartbeat.of(attempt.run_id)
            if known and known.ended_at:
                return
            write(heartbeat.noting(_to_tell(settings, attempt, heartbeat)))
    except OSError as error:
        tell(_unwritten(settings, error))
        _told(Heartbeat([_to_tell(settings, attempt, Heartbeat())]), tell)
    else:
        _send(settings, tell)


def note_unchanged(settings: Settings, by: str, tell: Tell, passed_over: Sequence[str]) -> None:
    """Note that nothing changed since the served release; editions that were passed over, or still wait, still are."""
    refused = [*refusals(settings.raw), *passed_over]
    unchanged = Trial(settings, str(uuid.uuid4()), by, message="Rien n'a changé.", refused=refused)
    conclude(settings, unchanged.succeeded(), tell)


def tell_what_is_untold(settings: Settings, tell: Tell) -> bool:
    """Conclude commands that were killed, when nobody is at work, and send the digests that did not go out; whether
    nothing is left to tell.
    """
    for killed in read(settings).attempts:
        if killed.by == COMMAND and killed.ended_at is None and lock_holder(settings.lock) is None:
            conclude(settings, replace(killed, ended_at=now(), outcome="failed", message=KILLED), tell)
    _send(settings, tell)
    return not any(attempt.untold for attempt in read(settings).attempts)


def send_test() -> Iterator[str]:
    """Try every channel; a French line for each that took the test.

    Raises:
        WrongUseError: none is set up, or a setting cannot be understood.
        UntoldError: the first that did not take it.
    """
    from dagster_project.operate.channels import channels

    ways = channels()
    if not ways:
        raise WrongUseError("Aucune alerte n'est réglée : BILAN_ALERT_TO ou BILAN_ALERT_WEBHOOK (« bilan alert -h »).")
    digest = Digest(title_of("essai d'alerte", "Rien à faire."), "Si vous lisez ceci, les alertes arrivent.")
    for way in ways:
        way.send(digest)
        yield f"{way.name} : essai envoyé."


def _send(settings: Settings, tell: Tell) -> None:
    if any(attempt.untold for attempt in read(settings).attempts):
        try:
            with rewriting(settings) as write:
                write(_told(read(settings), tell))
        except OSError as error:
            tell(_unwritten(settings, error))


def _unwritten(settings: Settings, error: OSError) -> str:
    return f"Signe de vie non écrit dans {settings.warehouse} : {error.strerror or error}."


def _to_tell(settings: Settings, attempt: Attempt, heartbeat: Heartbeat) -> Attempt:
    """An attempt that ended, with its digest and the channels to hand it to; `_told` says what is wrong with those."""
    digest = digest_of(settings, attempt, heartbeat.before(attempt))
    return replace(attempt, digest=digest, untold=_names() if digest else [])


def _names() -> list[str]:
    from dagster_project.operate.channels import channels

    try:
        return [channel.name for channel in channels()]
    except BilanError:
        return [_SETTINGS]


def _told(heartbeat: Heartbeat, tell: Tell) -> Heartbeat:
    """The same, with what could be told taken off. A channel that fails is left alone for the rest of it."""
    from dagster_project.operate.channels import channels

    try:
        ways = channels()
    except BilanError as error:
        tell(f"Alerte non partie : {error}")
        return heartbeat
    failed = set[str]()
    return replace(heartbeat, attempts=[_handed_over(attempt, ways, failed, tell) for attempt in heartbeat.attempts])


def _handed_over(attempt: Attempt, ways: "Sequence[Channel]", failed: set[str], tell: Tell) -> Attempt:
    if not attempt.digest:
        return attempt
    untold = []
    for way in ways:
        if not {way.name, _SETTINGS} & set(attempt.untold):
            continue
        if way.name not in failed:
            try:
                way.send(attempt.digest)
            except BilanError as error:
                tell(str(error))
                failed.add(way.name)
        if way.name in failed:
            untold.append(way.name)
    return replace(attempt, untold=untold)
