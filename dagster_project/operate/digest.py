"""What people are told of an attempt, and when: once, when it failed, was partly refused, or things are well again."""

import socket

from dagster_project.operate.attempts import REFRESH, Attempt, Digest, Outcome, instant
from dagster_project.release.serve import served_folder
from dagster_project.settings import Settings

_SHOWN_LINES = 15
_TITLE_WIDTH = 160
_TO_DO = {
    "failed": "corrigez ce qui est nommé (« bilan doctor » examine la machine), puis « bilan refresh ».",
    "partly_refused": "demandez un fichier juste au producteur, ou retirez-le de raw/ ; le précédent sert encore.",
    "done": "rien.",
}
_WHAT = {
    "failed": "ÉCHEC de l'actualisation",
    "refused": "DONNÉES REFUSÉES, rien n'est publié",
    "partly_refused": "ÉDITION REFUSÉE, le reste est publié",
    "done": "RÉTABLI, l'actualisation réussit de nouveau",
}


def digest_of(settings: Settings, attempt: Attempt, before: Attempt | None) -> Digest | None:
    """The digest of an attempt that ended, given the one before; None where nobody need hear of it.

    A failure is always told. What stays refused from day to day is told once, and so is its end.
    """
    if attempt.succeeded and before is None and not attempt.refused:
        return None
    if attempt.succeeded and before and before.succeeded and before.refused == attempt.refused:
        return None
    assert attempt.outcome and attempt.ended_at
    said = [*attempt.message.splitlines(), *attempt.refused] or ["(aucun message)"]
    first = attempt.refused[0] if attempt.outcome == "partly_refused" else said[0]
    shown = [f"  {line}" for line in said[:_SHOWN_LINES]]
    if len(said) > _SHOWN_LINES:
        shown.append(f"  … et {len(said) - _SHOWN_LINES} autres lignes")
    what, to_do = _WHAT[attempt.outcome], _to_do(settings, attempt.outcome)
    if attempt.job != REFRESH:
        what, to_do = f"ÉCHEC de « {attempt.job} »", "« bilan fetch » dit où cela s'arrête ; raw/ n'a pas changé."
    return Digest(
        title_of(what, first),
        "\n".join(
            [
                *shown,
                "",
                f"À faire : {to_do}",
                f"Version servie : {_served(settings)}.",
                f"Dossier : {settings.warehouse}",
                f"Exécution : {attempt.run_id} ({attempt.by}), {instant(attempt.ended_at):%d/%m/%Y à %H:%M} (UTC)",
            ]
        ),
    )


def title_of(what: str, first: str) -> str:
    """The line people read first: what, on which machine, and why."""
    title = f"Bilan : {what} sur {socket.gethostname()}. {first}"
    return title if len(title) <= _TITLE_WIDTH else f"{title[: _TITLE_WIDTH - 1]}…"


def _to_do(settings: Settings, outcome: Outcome) -> str:
    if outcome != "refused":
        return _TO_DO[outcome]
    if settings.to_approve.exists():
        what, listed = "approuvez ou corrigez ce qui change", settings.to_approve
    else:
        what, listed = "corrigez ou retirez ce qui est nommé", settings.rejects
    where = f" (warehouse/{listed.name} en a la liste)" if listed.exists() else ""
    return f"{what}{where}, puis « bilan refresh »."


def _served(settings: Settings) -> str:
    served = served_folder(settings)
    return served.name if served else "aucune"
