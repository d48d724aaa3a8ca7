"""``bilan``: thin verbs over the functions the assets call. Nothing slow is imported before it is needed."""

import gc
import signal
import sys
import time
import warnings
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Literal, NoReturn

import click

from dagster_project.connect import TOOLS, connection_text
from dagster_project.errors import BilanError, RefusedDataError, WrongUseError
from dagster_project.operate.durations import Duration
from dagster_project.settings import Settings, load_settings

_TERMINAL_WIDTH = 100
_EPILOG = "Codes de sortie : 0 fait, 1 échec, 2 mauvais usage, 3 données refusées."


@click.group(epilog=_EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Bilan : des fichiers des producteurs à des tables dont chaque chiffre se prouve.

    \b
    Exemples :
      bilan refresh                      refait la version publiée si quelque chose a changé
      bilan status                       dit quelle version est servie
      bilan query "select * from marts.budget_line"
    """


@cli.command(epilog="Exemple : bilan refresh --timings")
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
        outcome = run_refresh(settings, force=force or republish, republish=republish, tell=_progress())
    except KeyboardInterrupt:
        if (now := served_folder(settings)) and now != served:
            raise BilanError(f"Interrompu ; la version {now.name} venait d'être publiée, elle est servie.") from None
        raise
    except RefusedDataError as error:
        raise RefusedDataError(f"{error}\n{error.defects} défaut(s). {_still_served(settings)}") from error
    click.echo(outcome.message)
    for line in outcome.summary:
        click.echo(f"  {line}")
    if timings:
        _show_timings(outcome.timings, time.monotonic() - started)
    if outcome.refused:
        raise RefusedDataError("\n".join(["Édition refusée, l'édition précédente sert encore :", *outcome.refused]))


@cli.command(epilog="Exemples : bilan status ; bilan status --max-age 26h")
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


@cli.command(epilog="Exemples : bilan alert --test ; BILAN_ALERT_TO=bilan@region.fr bilan alert --test")
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


@cli.command(epilog="Exemple : bilan doctor")
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


@cli.command(epilog="Exemple : bilan verify")
@click.argument("release", required=False)
def verify(release: str | None) -> None:
    """Relit une version en entier : chaque fichier et chaque table sont-ils ceux qui ont été publiés ?

    RELEASE est une version gardée ; sans elle, celle qui est servie.
    """
    from dagster_project.release.verify import verify_release

    click.echo(verify_release(load_settings(), release))


@cli.command(epilog="Exemples : bilan diff ; bilan diff 20261126T005732Z-0f8aff3e > ce-qui-change.md")
@click.argument("release", required=False)
@click.option("--against", help="La version à laquelle comparer ; par défaut, celle d'avant.")
def diff(release: str | None, against: str | None) -> None:
    """Dit ce qu'une version change à une autre : tables et colonnes, lignes, valeurs, et l'édition qui en est cause.

    RELEASE est une version gardée ; sans elle, celle qui est servie. Le texte est en Markdown.
    """
    from dagster_project.release.diff.kept import diff_of_releases

    click.echo(diff_of_releases(load_settings(), release, against), nl=False)


@cli.command(epilog="Exemple : bilan rollback")
@click.argument("release", required=False)
def rollback(release: str | None) -> None:
    """Sert de nouveau une version antérieure, après l'avoir vérifiée.

    RELEASE est une version gardée ; sans elle, celle d'avant la version servie.
    """
    from dagster_project.release.rollback import roll_back

    click.echo(roll_back(load_settings(), release))


@cli.command(epilog="Exemple : bilan rebuild 20261124T204546Z-0f8aff3e")
@click.argument("release")
def rebuild(release: str) -> None:
    """Reconstruit une version gardée, des mêmes fichiers et du même code, et compare chaque table.

    RELEASE est une version gardée. Rien n'est publié : la version servie ne change pas.
    """
    from dagster_project.release.rebuild import rebuild as rebuild_release

    click.echo(rebuild_release(load_settings(), release, _progress()))


@cli.command(epilog='Exemple : bilan query "select territory_name, poverty_rate_pct from marts.poverty_rate"')
@click.argument("sql")
@click.option(
    "--format", "form", type=click.Choice(["table", "csv", "json", "parquet"]), default="table", show_default=True
)
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Fichier à écrire.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60,
    show_default=True,
    help="Secondes au bout desquelles la requête est arrêtée.",
)
def query(sql: str, form: str, output: Path | None, timeout: float) -> None:
    """Exécute une requête SQL sur la version servie, en lecture seule, sans accès à aucun fichier."""
    from dagster_project.query import bound_this_process, query_to_parquet, run_query

    if form == "parquet" and output is None and sys.stdout.isatty():
        raise WrongUseError("Le format parquet ne s'affiche pas : donnez --output FICHIER.")
    bound_this_process(timeout)
    settings = load_settings()
    found = (
        query_to_parquet(settings, sql, timeout)
        if form == "parquet"
        else run_query(settings, sql, form, timeout).encode()
    )
    if output:
        output.write_bytes(found)
    else:
        click.echo(found, nl=False)


@cli.command(epilog="Exemples : bilan connect cli > ouvrir.sh ; bilan connect superset --bundle bilan-superset.zip")
@click.argument("tool", type=click.Choice(list(TOOLS)))
@click.option(
    "--bundle",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Pour superset : fichier à écrire, que Superset importe (base, tables, tableau de bord).",
)
def connect(tool: str, bundle: Path | None) -> None:
    """Montre ce qu'il faut copier pour lire la version servie avec TOOL, en lecture seule et verrouillé."""
    if bundle is None:
        click.echo(connection_text(load_settings(), tool), nl=False)
        return
    if tool != "superset":
        raise WrongUseError("--bundle ne vaut que pour superset : « bilan connect superset --bundle FICHIER ».")
    from dagster_project.connect.superset import write_bundle

    for line in write_bundle(load_settings(), bundle):
        click.echo(line)


@cli.command(epilog="Exemple : PGPASSWORD=… bilan mirror postgresql://bilan@serveur:5432/bilan")
@click.argument("url", default="")
@click.option("--release", help="Une version gardée ; par défaut, celle qui est servie.")
def mirror(url: str, release: str | None) -> None:
    """Copie une version dans une base PostgreSQL : mêmes tables, types, clés et commentaires.

    URL est postgresql://compte@serveur:port/base ; sans elle, PGHOST, PGDATABASE, PGUSER… décident. Le mot de passe est
    lu dans PGPASSWORD ou ~/.pgpass. Les lecteurs voient la version d'avant ou la nouvelle, entière, et n'attendent pas.
    """
    from dagster_project.mirror import mirror as mirror_release

    for line in mirror_release(load_settings(), url, release, _progress()):
        click.echo(line)


@cli.command(epilog="Exemple : bilan site --output /srv/www/bilan")
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Dossier à écrire, remplacé s'il contient déjà un site ; par défaut, ./site.",
)
def site(output: Path | None) -> None:
    """Écrit le site de la version servie : des pages à ouvrir depuis le disque ou à déposer sur un serveur."""
    from dagster_project.report.site import write_site

    for line in write_site(load_settings(), output or Path("site")):
        click.echo(line)


@cli.command(epilog="Exemples : bilan workbook 31 ; bilan workbook region-76 --output /srv/classeurs")
@click.argument("territory")
@click.option(
    "--output",
    type=click.Path(path_type=Path),
    help="Fichier .xlsx à écrire, ou dossier qui existe ; par défaut, le dossier courant.",
)
def workbook(territory: str, output: Path | None) -> None:
    """Écrit le classeur d'un territoire : une synthèse, une feuille par thème, des graphiques, la méthode.

    TERRITORY est un code (31 ; 243100518 pour une métropole ; 76 pour la région), un niveau et un code
    (departement-31), ou un nom (Gard).
    """
    from dagster_project.report.workbooks import write_workbook

    click.echo(f"{write_workbook(load_settings(), territory, output)} : ouvrez-le dans Excel ou LibreOffice.")


@cli.command(epilog="Exemples : bilan fetch ; bilan fetch drees ; bilan fetch insee/unemployment")
@click.argument("datasets", nargs=-1)
@click.option("--list", "listed", is_flag=True, help="Montre les jeux de données connus, sans rien télécharger.")
def fetch(datasets: tuple[str, ...], listed: bool) -> None:
    """Cherche chez les producteurs la dernière édition de chaque jeu de données, et l'archive si elle est nouvelle.

    DATASETS sont des noms « producteur/jeu », ou « producteur » pour tous les siens ; sans nom, tous. Une clé demandée
    par un producteur se place dans l'environnement (BILAN_KEY_<PRODUCTEUR>).
    """
    from dagster_project.connectors.fetch import fetch as fetch_datasets
    from dagster_project.connectors.producers import SOURCES

    if listed:
        for source in SOURCES:
            click.echo(f"{source.name:<36} {source.title_fr}")
        return
    settings = load_settings()
    results = fetch_datasets(settings.raw, settings.connectors, datasets or None, click.echo)
    if any(result.status == "failed" for result in results):
        raise BilanError("Un jeu de données au moins n'a pas été téléchargé ; les autres ne sont pas touchés.")


@cli.command("check-transcription", epilog="Exemple : bilan check-transcription rapport-2021.txt")
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_transcription(text: Path) -> None:
    """Prouve que chaque chiffre transcrit d'un rapport est imprimé à sa ligne dans TEXT."""
    from dagster_project.check_transcription import check_text

    click.echo(check_text(load_settings().raw, text))


@cli.command(epilog="Exemples : bilan explain l1410-prime-activite ; bilan explain credits-2021-total")
@click.argument("name")
def explain(name: str) -> None:
    """Explique un chiffre ou une relation : où il est imprimé, ce qui doit en être vrai, et ce qui l'est.

    NAME est l'identifiant d'un chiffre d'un rapport, d'un chiffre de producteur ou d'une relation.
    """
    from dagster_project.explain import explain as explain_lines

    for line in explain_lines(load_settings(), name):
        click.echo(line)


@cli.command(epilog="Exemple : bilan errata --markdown > a-verifier.md")
@click.option("--markdown", is_flag=True, help="Un texte à envoyer à l'auteur du rapport.")
def errata(markdown: bool) -> None:
    """Montre le registre des errata, et ce que chaque entrée change aujourd'hui."""
    from dagster_project.errata_report import errata_lines, errata_markdown

    for line in (errata_markdown if markdown else errata_lines)(load_settings()):
        click.echo(line)


@cli.command("new-report", epilog="Exemple : bilan new-report dreets_bretagne 2025 --region 53 --text rapport.txt")
@click.argument("publisher")
@click.argument("year", type=click.IntRange(2018, 2100))
@click.option("--region", required=True, help="Code officiel de la région du rapport.")
@click.option(
    "--text",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Le texte du rapport : il est identifié, jamais copié.",
)
@click.option("--title", help="Titre du rapport ; par défaut, le nom du fichier.")
def new_report(publisher: str, year: int, region: str, text: Path, title: str | None) -> None:
    """Prépare dans raw/ les dossiers d'un nouveau rapport, à remplir puis à sceller."""
    from dagster_project.new_report import NewReport, scaffold_report

    report = NewReport(publisher, str(year), region, title or text.stem, text)
    for line in scaffold_report(load_settings().raw, report):
        click.echo(line)


@cli.command(epilog="Exemple : bilan template calpae --departement 31 --year 2025")
@click.argument("kind", type=click.Choice(["calpae"]))
@click.option("--departement", help="Code du département qui remplit le classeur.")
@click.option("--region", help="Code de la région : un classeur pour tous ses départements.")
@click.option("--year", required=True, type=click.IntRange(2019, 2100), help="Année des indicateurs.")
@click.option("--output", type=click.Path(dir_okay=False, path_type=Path), help="Fichier à écrire.")
def template(kind: str, departement: str | None, region: str | None, year: int, output: Path | None) -> None:
    """Écrit un classeur à remplir à la main, puis à déposer dans raw/inbox/."""
    from dagster_project.calpae_template import write_template

    if (departement is None) == (region is None):
        raise WrongUseError("Donnez --departement ou --region, l'un des deux.")
    level: Literal["departement", "region"] = "departement" if departement else "region"
    code = departement or region
    path = output or Path(f"{kind}-{level}-{code}-{year}.xlsx")
    write_template(path, level=level, code=str(code), year=year)
    click.echo(f"{path} : remplissez-le, puis déposez-le dans raw/inbox/.")


@cli.command(epilog="Exemple : bilan seal raw/drees/monthly_benefits/2020-12")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def seal(folder: Path) -> None:
    """Inscrit l'empreinte et la taille des fichiers de FOLDER dans sa fiche edition.yml.

    À faire une fois, quand on prépare une édition. Une édition scellée ne se modifie plus : une correction est une
    nouvelle édition, dans un nouveau dossier.
    """
    from dagster_project.seal import seal_edition

    for line in seal_edition(folder):
        click.echo(line)


@cli.command(epilog="Exemple : bilan check")
def check() -> None:
    """Vérifie le projet lui-même : raw/, dbt sans avertissement, définitions Dagster, colonnes toutes décrites."""
    from dagster_project.self_check import check_project

    for line in check_project(load_settings()):
        click.echo(line)


@cli.command(epilog="Exemple : bilan dev, puis http://127.0.0.1:3000")
@click.option("--port", default=3000, show_default=True, help="Port de l'interface, sur cette machine seulement.")
def dev(port: int) -> None:
    """Ouvre l'interface de Dagster et son démon, sur cette machine seulement."""
    from dagster_project.runner import run_dev

    sys.exit(run_dev(load_settings(), port))


@cli.command(epilog="Exemples : bilan daemon ; bilan daemon --log /var/log/bilan/demon.log")
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Fichier où il écrit, renouvelé à 5 Mo, cinq gardés ; par défaut, la sortie (le journal de systemd).",
)
def daemon(log: Path | None) -> None:
    """Fait tourner le démon de Dagster, sans interface : actualisation planifiée, dépôts, producteurs, alertes."""
    from dagster_project.runner import run_daemon

    sys.exit(run_daemon(load_settings(), log))


@cli.command(epilog="Exemple : bilan units systemd --user bilan")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option("--user", help="Compte qui l'exécute ; par défaut, celui d'ici.")
@click.option("--memory", default="6G", show_default=True, help="Mémoire au-delà de laquelle systemd l'arrête.")
def units(folder: Path, user: str | None, memory: str) -> None:
    """Écrit dans FOLDER les unités systemd de cette installation : le démon, ou une actualisation chaque matin."""
    from dagster_project.operate.service import write_units

    for line in write_units(load_settings(), folder, user, memory):
        click.echo(line)


def _still_served(settings: Settings) -> str:
    from dagster_project.release.serve import served_manifest

    served = served_manifest(settings)
    version = f"la version {served['release_id']} reste servie" if served else "aucune version n'est servie"
    return f"Rien n'est publié : {version}."


def _progress() -> Callable[[str], None]:
    """One line that rewrites itself on a terminal; elsewhere, a line a step."""
    if not sys.stderr.isatty():
        return lambda text: click.echo(text, err=True)
    return lambda text: click.echo(f"\r\033[K{text[:_TERMINAL_WIDTH]}", err=True, nl=False)


def _show_timings(timings: dict[str, float], total: float) -> None:
    click.echo("Temps :")
    rest = total - sum(timings.values())
    for phase, seconds in [*timings.items(), ("chargement de Dagster et de dbt, événements", rest)]:
        click.echo(f"  {seconds:6.2f} s  {phase}")
    click.echo(f"  {total:6.2f} s  en tout")


def main() -> NoReturn:
    """Entry point: every known failure is a French message and an exit code, never a traceback."""
    # A service that stops, or a machine that shuts down, interrupts a run as a person does.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    # Importing Dagster and dbt allocates millions of objects that stay: looking for cycles there is a fifth of a run.
    gc.set_threshold(200_000)
    # `requests` silences it itself, unless two threads load it at once.
    warnings.filterwarnings("ignore", message="SOCKS support")
    code = _exit_code()
    sys.stdout.flush()
    sys.stderr.flush()
    # Everything is on disk: looking through Dagster's and dbt's objects once more would cost a second.
    gc.freeze()
    sys.exit(code)


def _exit_code() -> int:
    try:
        return cli.main(standalone_mode=False) or 0
    except BilanError as error:
        click.echo(f"\n{error}" if sys.stderr.isatty() else str(error), err=True)
        return error.exit_code
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return WrongUseError.exit_code
    except (KeyboardInterrupt, click.Abort):
        click.echo("\nInterrompu : rien n'a été publié, la version précédente reste servie.", err=True)
        return 1


if __name__ == "__main__":
    main()
