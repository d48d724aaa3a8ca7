"""What `bilan status` says, without loading anything slow."""

import os
from collections.abc import Iterator
from datetime import date

from dagster_project.catalogue import load_catalogue
from dagster_project.freshness import ages
from dagster_project.inbox import refusals
from dagster_project.operate.pulse import pulse_lines
from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.lock import lock_holder, run_lock
from dagster_project.release.serve import heal_latest, latest_is_behind, served_manifest
from dagster_project.release.unchanged import refused_as_served
from dagster_project.settings import Settings


def status_lines(settings: Settings) -> Iterator[str]:
    """The served release, whether it is up to date, what was refused, and who is at work. French."""
    if holder := lock_holder(settings.lock):
        yield holder
    elif latest_is_behind(settings) and os.access(settings.warehouse, os.W_OK):
        with run_lock(settings.lock):
            heal_latest(settings)
    yield from pulse_lines(settings)
    served = served_manifest(settings)
    if served is None:
        yield "Aucune version publiée : lancez « bilan refresh »."
        return
    yield f"Version servie : {served['release_id']}, construite le {served['built_at']} (UTC)"
    yield f"Base : {settings.served}"
    passed_over = refused_as_served(settings, fingerprint(settings.raw))
    if passed_over is not None:
        yield "À jour : ni raw/ ni le code n'ont changé depuis."
    else:
        passed_over = served["checks"]["refused"]
        yield "En retard : raw/ ou le code a changé. Lancez « bilan refresh »."
    yield f"{len(served['marts'])} tables :"
    for name, table in served["marts"].items():
        yield f"  {name:<28} {table['rows']:>8} lignes"
    yield "Jeux de données :"
    for age in ages(load_catalogue(settings.raw), date.today()):
        yield f"  {age.sentence}"
    for message in [*refusals(settings.raw), *passed_over]:
        yield f"Refusé : {message}"
