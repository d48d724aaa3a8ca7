"""Keeping it running: what goes wrong, alerts, Dagster, systemd."""

import sys
from pathlib import Path

import click

from dagster_project.errors import BilanError
from dagster_project.settings import load_settings


@click.command(epilog="Exemple : bilan doctor")
def doctor() -> None:
    """Examine la machine, raw/, le verrou, la version servie et la planification, et dit quoi faire.

    Le code de sortie est 1 si quelque chose empêche d'actualiser ou de lire.
    """
    from dagster_project.doctor import examine

    found = []
    for finding in examine(load_settings()):
        click.echo(finding.line)
        found.append(finding)
    if any(finding.is_blocking for finding in found):
        raise BilanError("Quelque chose bloque : voyez ci-dessus.")


@click.command(epilog="Exemples : bilan alert --test ; BILAN_ALERT_TO=bilan@region.fr bilan alert --test")
@click.option("--test", "is_test", is_flag=True, help="Envoie un essai par chaque moyen réglé.")
def alert(is_test: bool) -> None:
    """Envoie ce qui n'a pas pu être dit : une exécution tuée, une alerte que personne n'a reçue.

    Réglages, dans l'environnement : BILAN_ALERT_TO (adresses), BILAN_ALERT_SMTP (smtp://[compte@]serveur[:port] ou
    smtps://…), BILAN_ALERT_PASSWORD, BILAN_ALERT_FROM ; BILAN_ALERT_WEBHOOK (adresse en https).
    """
    from dagster_project.operate.telling import send_test, tell_what_is_untold

    if is_test:
        for line in send_test():
            click.echo(line)
    elif not tell_what_is_untold(load_settings(), lambda text: click.echo(text, err=True)):
        raise BilanError("Une alerte n'est pas partie.")


@click.command(epilog="Exemple : bilan check")
def check() -> None:
    """Vérifie le projet lui-même : raw/, dbt sans avertissement, définitions Dagster, colonnes toutes décrites."""
    from dagster_project.self_check import check_project

    for line in check_project(load_settings()):
        click.echo(line)


@click.command(epilog="Exemple : bilan dev, puis http://127.0.0.1:3000")
@click.option("--port", default=3000, show_default=True, help="Port de l'interface, sur cette machine seulement.")
def dev(port: int) -> None:
    """Ouvre l'interface de Dagster et son démon, sur cette machine seulement."""
    from dagster_project.runner import run_dev

    sys.exit(run_dev(load_settings(), port))


@click.command(epilog="Exemples : bilan daemon ; bilan daemon --log /var/log/bilan/demon.log")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier où il écrit, renouvelé à 5 Mo, cinq gardés ; par défaut, la sortie (le journal de systemd).",
)
def daemon(log: Path | None) -> None:
    """Fait tourner le démon de Dagster, sans interface : actualisation planifiée, dépôts, alertes.

    Les planifications des producteurs sont arrêtées au départ : « bilan dev », page Automation, les active.
    """
    from dagster_project.operate.service import check_log
    from dagster_project.runner import run_daemon

    if log:
        check_log(log)
    sys.exit(run_daemon(load_settings(), log))


@click.command(epilog="Exemple : bilan units systemd --user bilan")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--user", help="Compte qui l'exécute ; par défaut, celui d'ici.")
@click.option("--memory", default="6G", show_default=True, help="Mémoire au-delà de laquelle systemd l'arrête.")
def units(folder: Path, user: str | None, memory: str) -> None:
    """Écrit dans FOLDER les unités systemd de cette installation : le démon, ou une actualisation chaque matin."""
    from dagster_project.operate.service import write_units

    for line in write_units(load_settings(), folder, user, memory):
        click.echo(line)
