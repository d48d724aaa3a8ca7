"""Runs the refresh job as the command line does: the schedule's own job, in this process, in the same history."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from dagster_project.catalogue import load_catalogue
from dagster_project.errors import BilanError
from dagster_project.history import environment, history, prepare_history
from dagster_project.inbox import Filed, file_inbox, waiting
from dagster_project.machine import behind, machine_failure
from dagster_project.operate.telling import Trial, trial
from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.janitor import is_untidy, tidy
from dagster_project.release.lock import lock_holder, run_lock
from dagster_project.release.serve import served_manifest
from dagster_project.release.unchanged import refused_as_served
from dagster_project.settings import PROJECT, Settings

_SHOWN_GAPS = 12
_VERDICTS = {
    "exact": "exactes",
    "rounding": "à l'arrondi près",
    "holds": "inégalités vérifiées",
    "gap": "écarts",
    "not_computable": "non calculables",
}


@dataclass
class RefreshOutcome:
    """What a refresh did: a French sentence, a summary, what was refused on the way, and where the time went."""

    message: str
    summary: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)


def run_refresh(
    settings: Settings, *, force: bool = False, republish: bool = False, tell: Callable[[str], None] = print
) -> RefreshOutcome:
    """Run the refresh job unless nothing changed.

    Raises:
        LockHeldError: another run is under way.
        RefusedDataError: data was refused; nothing was published.
        BilanError: the run failed for another known reason.
    """
    with trial(settings, str(uuid.uuid4()), tell) as trying:
        outcome = _refresh(settings, trying, force=force, republish=republish, tell=tell)
        trying.message, trying.refused = outcome.message, outcome.refused
        return outcome


def _refresh(
    settings: Settings, trying: Trial, *, force: bool, republish: bool, tell: Callable[[str], None]
) -> RefreshOutcome:
    if waiting(settings.raw):
        with run_lock(settings.lock):
            filed = file_inbox(settings.raw, date.today())
    else:
        filed = []
    if not force and (unchanged := _unchanged(settings, filed)):
        return unchanged

    from dagster_project.refresh import Narrator, Refresh

    # Twice: inside, while the stage still takes the room that is missing; outside, for what its making and end meet.
    with (
        _machine_failures_in_french(settings),
        Refresh.start(settings, republish=republish, anew=force) as refresh,
        _machine_failures_in_french(settings),
    ):
        trying.begin()
        refresh.narrator = Narrator(tell)
        tell("Chargement")
        _execute(refresh, trying.run_id)
        assert refresh.published is not None
        return RefreshOutcome(
            refresh.published.message,
            [
                *_filed(filed),
                *_summary(settings, refresh.checks),
                *_flagged(refresh.flags),
                *(_signal(settings) if refresh.published.is_new else []),
            ],
            refresh.refused,
            refresh.timings,
        )


def _unchanged(settings: Settings, filed: Sequence[Filed]) -> RefreshOutcome | None:
    load_catalogue(settings.raw)
    passed_over = refused_as_served(settings, fingerprint(settings.raw))
    if passed_over is None:
        return None
    outdated = [settings.to_approve] if passed_over else [settings.to_approve, settings.rejects]
    if (is_untidy(settings) or any(path.exists() for path in outdated)) and lock_holder(settings.lock) is None:
        with run_lock(settings.lock):
            tidy(settings)
            for path in outdated:
                path.unlink(missing_ok=True)
    served = served_manifest(settings)
    assert served is not None
    left = [message for file in filed if not file.edition for message in file.messages]
    return RefreshOutcome(
        f"Inchangé : la version {served['release_id']} est à jour.",
        summary=_filed(filed),
        refused=[*left, *passed_over],
    )


def _filed(filed: Sequence[Filed]) -> list[str]:
    return [message for file in filed if file.edition for message in file.messages]


def _flagged(flags: Sequence[str]) -> list[str]:
    if not flags:
        return []
    shown = [f"  {flag}" for flag in flags[:_SHOWN_GAPS]]
    return [f"{len(flags)} cellules peu vraisemblables, à vérifier (marts.edition_note) :", *shown]


@contextmanager
def _machine_failures_in_french(settings: Settings) -> Iterator[None]:
    """A full disk or a missing right is a sentence; what only a programmer can mend stays as it was raised."""
    try:
        yield
    except BilanError:
        raise
    except Exception as error:
        if sentence := machine_failure(error, settings.warehouse):
            raise BilanError(sentence) from error
        raise


def _execute(refresh: Any, run_id: str) -> None:
    import dagster as dg
    from sqlalchemy.exc import SQLAlchemyError

    from dagster_project.definitions import build_definitions
    from dagster_project.operate.retention import prune

    definitions = build_definitions(refresh.settings, run=dg.ResourceDefinition.hardcoded_resource(refresh))
    quiet = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}
    with history(refresh.settings) as instance:
        with interruptions_as_such():
            definitions.resolve_job_def("refresh").execute_in_process(
                instance=instance, run_config=quiet, run_id=run_id
            )
        try:
            prune(instance, refresh.settings.history)
        except (OSError, SQLAlchemyError) as error:  # The release is published; the next run tries again.
            refresh.narrator.step(f"Historique non allégé : {error}")


@contextmanager
def interruptions_as_such() -> Iterator[None]:
    """Dagster's is no `KeyboardInterrupt`, and DuckDB's is an error like another: an interruption led to both."""
    from dagster import DagsterExecutionInterruptedError

    try:
        yield
    except (Exception, DagsterExecutionInterruptedError) as error:
        interruptions = (KeyboardInterrupt, DagsterExecutionInterruptedError)
        for one in behind(error):
            if isinstance(one, interruptions):
                raise KeyboardInterrupt(*one.args) from error
        raise


def _summary(settings: Settings, checks: dict[str, Any]) -> list[str]:
    served = served_manifest(settings)
    assert served is not None
    rows = sum(table["rows"] for table in served["marts"].values())
    verdicts, waived = checks["verdicts"], checks["waived"]
    return [
        f"{len(served['marts'])} tables, {rows} lignes, {len(served['inputs'])} fichiers lus",
        f"{sum(verdicts.values())} relations entre chiffres : "
        + ", ".join(f"{count} {_VERDICTS[name]}" for name, count in verdicts.items()),
        f"base : {_shown(settings.served)}",
        f"{len(waived)} écarts connus, au registre des errata :",
        *(f"  {line}" for line in waived[:_SHOWN_GAPS]),
        *(
            [f"  … et {len(waived) - _SHOWN_GAPS} autres, dans marts.reconciliation"]
            if len(waived) > _SHOWN_GAPS
            else []
        ),
    ]


def _signal(settings: Settings) -> list[str]:
    """What the release just published changes, as it says itself."""
    from dagster_project.query import open_release

    with open_release(settings) as connection:
        sentences = connection.execute(
            "select sentence_fr from marts.release_change where change_kind = 'signal' order by change_order"
        ).fetchall()
    return [sentence for (sentence,) in sentences]


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


def dev_command(port: int) -> list[str]:
    """The one command here that starts a server. It has no authentication: the loopback address, always."""
    return [str(Path(sys.executable).with_name("dg")), "dev", "--host", "127.0.0.1", "--port", str(port)]


def daemon_command() -> list[str]:
    """The daemon alone, with the code it runs; it listens to nobody but its own processes."""
    return [str(Path(sys.executable).with_name("dagster-daemon")), "run", "-m", "dagster_project.definitions"]


def run_daemon(settings: Settings, log: Path | None) -> int:
    """Dagster's daemon until it is stopped; what it says goes where this process's does, or to a log that rotates."""
    from dagster_project import dbt
    from dagster_project.operate.service import keep_log

    prepare_history(settings)
    dbt.manifest()
    said = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True} if log else {}
    with subprocess.Popen(daemon_command(), cwd=PROJECT, env=environment(settings), **said) as daemon:  # type: ignore[call-overload]
        try:
            if log:
                keep_log(daemon.stdout, log)
            return int(daemon.wait())
        except KeyboardInterrupt:
            daemon.terminate()
            daemon.wait()
            return 0


def run_dev(settings: Settings, port: int) -> int:
    """Dagster's web interface and daemon on the loopback address, on the same assets and history."""
    from dagster_project import dbt

    prepare_history(settings)
    dbt.manifest()
    try:
        return subprocess.call(dev_command(port), cwd=PROJECT, env=environment(settings))
    except KeyboardInterrupt:
        return 0
