"""What `bilan doctor` says: whether a refresh can run here, whether it will, and what to do where not."""

import os
import platform
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from importlib import metadata
from pathlib import Path

from dagster_project.catalogue import INBOX, load_catalogue
from dagster_project.errors import BilanError
from dagster_project.freshness import ages
from dagster_project.inbox import waiting
from dagster_project.machine import machine_failure
from dagster_project.operate.attempts import read
from dagster_project.operate.pulse import what_became
from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.janitor import is_untidy
from dagster_project.release.lock import lock_holder
from dagster_project.release.proof import MANIFEST, file_defects
from dagster_project.release.serve import link_is_foreign, served_folder, served_manifest
from dagster_project.release.space import room
from dagster_project.release.unchanged import is_already_served
from dagster_project.settings import PROJECT, Settings, duckdb_limits

# The daemon gives a sign every half minute.
_SILENT = timedelta(minutes=5)
_TO_SCHEDULE = (
    "« systemctl start bilan », « bilan daemon » ou « make dev » lance le démon ; "
    "rien à faire si bilan-refresh.timer actualise."
)


@dataclass(frozen=True)
class Finding:
    """What was looked at and found; what to do about it, if anything; whether it stops a run or a reader. French."""

    subject: str
    found: str
    to_do: str = ""
    is_blocking: bool = False

    @property
    def line(self) -> str:
        mark = "BLOQUÉ" if self.is_blocking else "à voir" if self.to_do else "bien"
        return f"{mark:<7} {self.subject} : {self.found}" + (f"\n        → {self.to_do}" if self.to_do else "")


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything a refresh and its readers rely on; what cannot be looked at is a finding too."""
    for subject, look in _LOOKS:
        try:
            yield from look(settings)
        except BilanError as error:
            yield Finding(subject, str(error), "corrigez cela : aucune exécution n'aboutira avant.", is_blocking=True)
        except OSError as error:
            yield Finding(subject, machine_failure(error) or str(error), "voyez la machine.", is_blocking=True)


def _environment(settings: Settings) -> Iterator[Finding]:
    wrong = sorted(_not_as_locked())
    if wrong:
        yield Finding("environnement", ", ".join(wrong), "lancez « make refresh », qui installe ce que dit uv.lock.")
    else:
        yield Finding("environnement", f"Python {platform.python_version()}, bibliothèques de uv.lock")


def _not_as_locked() -> Iterator[str]:
    locked = tomllib.loads((PROJECT / "uv.lock").read_text(encoding="utf-8"))["package"]
    # Some have a version a Python.
    versions: dict[str, list[str]] = {}
    for package in locked:
        versions.setdefault(package["name"], []).append(package.get("version", ""))
    own = next(package for package in locked if package["name"] == "bilan")
    for name in (dependency["name"] for dependency in own["dependencies"]):
        try:
            installed = metadata.version(name)
        except metadata.PackageNotFoundError:
            yield f"{name} n'est pas installé"
        else:
            if installed not in versions[name]:
                yield f"{name} {installed} au lieu de {' ou '.join(versions[name])}"


def _limits(settings: Settings) -> Iterator[Finding]:
    from dagster_project.spark import engine

    yield Finding("réglages", f"moteur {engine()}, {duckdb_limits()['memory_limit']} de mémoire pour DuckDB")


def _machine(settings: Settings) -> Iterator[Finding]:
    free, needed = room(settings)
    said = f"{free >> 20} Mo libres, environ {needed >> 20} nécessaires"
    yield Finding("disque", said, *(("libérez de la place.", True) if free < needed else ()))
    refused = [str(folder) for folder, right in _rights(settings) if not os.access(folder, right)]
    if refused:
        yield Finding("droits", f"refusés à ce compte sur {', '.join(refused)}", "rendez-les-lui.", is_blocking=True)
    else:
        yield Finding("droits", "raw/ se lit, warehouse/ s'écrit")


def _rights(settings: Settings) -> Iterator[tuple[Path, int]]:
    yield settings.raw, os.R_OK | os.X_OK
    for folder in (settings.warehouse, settings.releases, settings.history):
        if folder.exists():
            yield folder, os.W_OK | os.X_OK


def _lock(settings: Settings) -> Iterator[Finding]:
    if holder := lock_holder(settings.lock):
        yield Finding("verrou", holder, "attendez sa fin ; si elle ne finit pas, arrêtez ce processus et relancez.")
    elif is_untidy(settings):
        yield Finding("verrou", "libre ; une exécution arrêtée a laissé des restes", "le prochain refresh les retire.")
    else:
        yield Finding("verrou", "libre, aucun reste")


def _archive(settings: Settings) -> Iterator[Finding]:
    catalogue = load_catalogue(settings.raw)
    editions = sum(len(dataset.editions) for dataset in catalogue)
    yield Finding("raw/", f"{editions} éditions, chaque fichier est celui de sa fiche")
    late = [age.dataset for age in ages(catalogue, date.today()) if age.is_late]
    if late:
        yield Finding("fraîcheur", f"une édition plus récente devrait être là : {', '.join(late)}", "« bilan fetch ».")
    if dropped := waiting(settings.raw):
        yield Finding(
            f"raw/{INBOX}/",
            f"{len(dropped)} fichier(s) en attente",
            "« bilan refresh » les classe ; un fichier refusé a sa raison à côté de lui (.refus.txt).",
        )


def _release(settings: Settings) -> Iterator[Finding]:
    folder, manifest = served_folder(settings), served_manifest(settings)
    if folder is None:
        broken = settings.served.is_symlink()
        found = "le lien servi ne mène à aucune version" if broken else "aucune version publiée"
        yield Finding("version servie", found, "« bilan refresh ».", is_blocking=broken)
        return
    if manifest is None:
        found = f"{folder.name} : {MANIFEST} ne se lit plus"
        yield Finding("version servie", found, "« bilan refresh » en publie une autre.", is_blocking=True)
    elif defects := list(file_defects(folder)):
        yield Finding(
            "version servie", " ; ".join(defects[:3]), "« bilan rollback », puis « bilan refresh --republish ».", True
        )
    elif link_is_foreign(settings):
        yield Finding("version servie", "le lien n'est pas celui que bilan écrit", "le prochain refresh le refait.")
    elif not is_already_served(settings, fingerprint(settings.raw)):
        yield Finding("version servie", f"{manifest['release_id']}, raw/ ou le code a changé", "« bilan refresh ».")
    else:
        yield Finding("version servie", f"{manifest['release_id']}, à jour, chaque fichier tel que publié")


def _daemon(settings: Settings) -> Iterator[Finding]:
    if not settings.history.exists():
        yield Finding("planification", "Dagster n'a encore rien exécuté ici", _TO_SCHEDULE)
        return
    from dagster_project.history import history

    with history(settings) as instance:
        signs = [beat.timestamp for beat in instance.get_daemon_heartbeats().values()]
    yield _scheduling(datetime.fromtimestamp(max(signs), UTC) if signs else None)


def _last_attempt(settings: Settings) -> Iterator[Finding]:
    last = read(settings).last
    if last is None:
        return
    ended_badly = last.outcome in ("refused", "failed")
    to_do = "« bilan refresh » dit pourquoi." if ended_badly else ""
    yield Finding("dernière exécution", what_became(settings, last), to_do)


def _scheduling(last: datetime | None) -> Finding:
    if last is None:
        return Finding("planification", "le démon de Dagster n'a jamais tourné ici", _TO_SCHEDULE)
    if datetime.now(UTC) - last > _SILENT:
        return Finding("planification", f"le démon se tait depuis le {last:%d/%m/%Y à %H:%M} (UTC)", _TO_SCHEDULE)
    return Finding("planification", f"le démon tourne (signe de {last:%H:%M} UTC)")


_LOOKS: tuple[tuple[str, Callable[[Settings], Iterator[Finding]]], ...] = (
    ("environnement", _environment),
    ("réglages", _limits),
    ("machine", _machine),
    ("verrou", _lock),
    ("raw/", _archive),
    ("version servie", _release),
    ("planification", _daemon),
    ("dernière exécution", _last_attempt),
)
