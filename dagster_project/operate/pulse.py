"""What the sign of life says to a person, and to a monitor."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from dagster_project.errors import BilanError
from dagster_project.operate.attempts import Attempt, instant, read
from dagster_project.operate.durations import said
from dagster_project.release.lock import lock_holder
from dagster_project.settings import Settings

_OUTCOMES = {
    "done": "réussie",
    "partly_refused": "réussie, une édition refusée",
    "refused": "DONNÉES REFUSÉES",
    "failed": "EN ÉCHEC",
}


def pulse_lines(settings: Settings) -> Iterator[str]:
    """When a refresh last succeeded, what became of the last one, what could not be told, the daemon. French."""
    heartbeat = read(settings)
    last, success = heartbeat.last, heartbeat.last_success
    if success:
        yield f"Dernière réussite : {_when(success.ended_at)}, par {success.by}"
    if last and not (success and success.run_id == last.run_id):
        yield f"Dernière exécution : {what_became(settings, last)}"
    for attempt in _untold(heartbeat.attempts):
        yield (
            f"Alerte non partie ({', '.join(attempt.untold)}), exécution finie {_when(attempt.ended_at)} : "
            "« bilan alert » la renvoie."
        )
    if heartbeat.daemon_at:
        yield f"Démon : dernier signe {_when(heartbeat.daemon_at)}"


def what_became(settings: Settings, attempt: Attempt) -> str:
    """How an attempt ended, or that it did not. French."""
    begun = f"commencée {_when(attempt.started_at)}, par {attempt.by}"
    if attempt.outcome:
        first = attempt.message.partition("\n")[0]
        return f"{_OUTCOMES[attempt.outcome]}, {_when(attempt.ended_at)}, par {attempt.by}. {first}"
    if lock_holder(settings.lock):
        return f"en cours, {begun}"
    return f"n'est pas allée à son terme (tuée, ou à court de mémoire), {begun}"


def check_age(settings: Settings, longest: timedelta) -> None:
    """Complain when what is served has not been confirmed for too long.

    Raises:
        BilanError: no refresh succeeded within that time.
    """
    success = read(settings).last_success
    if success is None:
        raise BilanError("Aucune actualisation n'a encore réussi ici : « bilan refresh ».")
    if _age(success.ended_at) > longest:
        raise BilanError(
            f"La dernière actualisation réussie a plus de {said(longest)} : {_when(success.ended_at)}. "
            "« bilan doctor » dit pourquoi."
        )


def _untold(attempts: list[Attempt]) -> list[Attempt]:
    return [attempt for attempt in attempts if attempt.untold]


def _age(written: str | None) -> timedelta:
    assert written
    return datetime.now(UTC) - instant(written)


def _when(written: str | None) -> str:
    assert written
    return f"il y a {said(_age(written))} ({instant(written):%d/%m/%Y à %H:%M} UTC)"
