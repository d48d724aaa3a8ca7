"""Publishing a release, and asking what is published."""

import time
from datetime import timedelta

import click

from dagster_project.cli.progress import progress
from dagster_project.errors import BilanError, RefusedDataError
from dagster_project.operate.durations import Duration
from dagster_project.settings import Settings, load_settings


@click.command(epilog="Exemple : bilan refresh --timings")
@click.option("--force", is_flag=True, help="Relit et reconstruit tout, même si rien n'a changé.")
@click.option("--republish", is_flag=True, help="Publie une nouvelle version même à contenu égal (suppose --force).")
@click.option("--timings", is_flag=True, help="Dit où passe le temps.")
def refresh(force: bool, republish: bool, timings: bool) -> None:
    """Lit raw/, construit et contrôle les tables, puis publie une version.

    Rien n'est publié si un fichier, un contrôle ou un écart nouveau l'interdit : la version précédente reste servie.
    """
    from dagster_project.release.serve import served_folder
    from dagster_project.runner import run_refresh

    started = time.monotonic()
    settings = load_settings()
    served = served_folder(settings)
    try:
        outcome = run_refresh(settings, force=force or republish, republish=republish, tell=progress())
    except KeyboardInterrupt as interruption:
        if (now := served_folder(settings)) and now != served:
            raise BilanError(f"Interrompu ; la version {now.name} venait d'être publiée, elle est servie.") from None
        if reason := str(interruption):
            raise BilanError(reason) from interruption
        raise
    except RefusedDataError as error:
        raise RefusedDataError(f"{error}\n{error.defects} défaut(s). {_still_served(settings)}") from error
    click.echo(outcome.message)
    for line in outcome.summary:
        click.echo(f"  {line}")
    if timings:
        _show_timings(outcome.timings, time.monotonic() - started)
    if outcome.refused:
        raise RefusedDataError(
            "\n".join(["Refusé ; ce qui était publié avant sert encore, le reste est à jour :", *outcome.refused])
        )


@click.command(epilog="Exemples : bilan status ; bilan status --max-age 26h")
@click.option("--max-age", type=Duration(), help="Échoue si aucune actualisation n'a réussi depuis : 90m, 26h, 2j…")
def status(max_age: timedelta | None) -> None:
    """Dit quelle version est servie, de quand elle date, et si une exécution est en cours.

    Pour un superviseur : warehouse/heartbeat.json, ou le code de sortie avec --max-age.
    """
    from dagster_project.operate.pulse import check_age
    from dagster_project.status import status_lines

    settings = load_settings()
    for line in status_lines(settings):
        click.echo(line)
    if max_age:
        check_age(settings, max_age)


@click.command(epilog="Exemple : bilan verify")
@click.argument("release", required=False)
def verify(release: str | None) -> None:
    """Relit une version en entier : chaque fichier et chaque table sont-ils ceux qui ont été publiés ?

    RELEASE est une version gardée ; sans elle, celle qui est servie.
    """
    from dagster_project.release.verify import verify_release

    click.echo(verify_release(load_settings(), release))


@click.command(epilog="Exemples : bilan diff ; bilan diff 20261126T005732Z-0f8aff3e > ce-qui-change.md")
@click.argument("release", required=False)
@click.option("--against", help="La version à laquelle comparer ; par défaut, celle d'avant.")
def diff(release: str | None, against: str | None) -> None:
    """Dit ce qu'une version change à une autre : tables et colonnes, lignes, valeurs, et l'édition qui en est cause.

    RELEASE est une version gardée ; sans elle, celle qui est servie. Le texte est en Markdown.
    """
    from dagster_project.release.diff.kept import diff_of_releases

    click.echo(diff_of_releases(load_settings(), release, against), nl=False)


@click.command(epilog="Exemple : bilan rollback")
@click.argument("release", required=False)
def rollback(release: str | None) -> None:
    """Sert de nouveau une version antérieure, après l'avoir vérifiée.

    RELEASE est une version gardée ; sans elle, celle d'avant la version servie.
    """
    from dagster_project.release.rollback import roll_back

    click.echo(roll_back(load_settings(), release))


@click.command(epilog="Exemple : bilan rebuild 20261124T204546Z-0f8aff3e")
@click.argument("release")
def rebuild(release: str) -> None:
    """Reconstruit une version gardée, des mêmes fichiers et du même code, et compare chaque table.

    RELEASE est une version gardée. Rien n'est publié : la version servie ne change pas.
    """
    from dagster_project.release.rebuild import rebuild as rebuild_release

    click.echo(rebuild_release(load_settings(), release, progress()))


def _still_served(settings: Settings) -> str:
    from dagster_project.release.serve import served_manifest

    served = served_manifest(settings)
    version = f"la version {served['release_id']} reste servie" if served else "aucune version n'est servie"
    return f"Rien n'est publié : {version}."


def _show_timings(timings: dict[str, float], total: float) -> None:
    click.echo("Temps :")
    rest = total - sum(timings.values())
    for phase, seconds in [*timings.items(), ("chargement de Dagster et de dbt, événements", rest)]:
        click.echo(f"  {seconds:6.2f} s  {phase}")
    click.echo(f"  {total:6.2f} s  en tout")
