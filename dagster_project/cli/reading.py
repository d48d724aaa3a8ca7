"""Reading the release served: SQL, tools, another database, pages, workbooks."""

import sys
from pathlib import Path

import click

from dagster_project.cli.progress import progress
from dagster_project.connect import TOOLS, connection_text
from dagster_project.errors import WrongUseError
from dagster_project.settings import load_settings


@click.command(epilog='Exemple : bilan query "select territory_name, poverty_rate_pct from marts.poverty_rate"')
@click.argument("sql")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "csv", "json", "parquet"]),
    default="table",
    show_default=True,
    help="Forme du résultat.",
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


@click.command(epilog="Exemples : bilan connect cli > ouvrir.sh ; bilan connect superset --bundle bilan-superset.zip")
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


@click.command(epilog="Exemple : PGPASSWORD=… bilan mirror postgresql://bilan@serveur:5432/bilan")
@click.argument("url", default="")
@click.option("--release", help="Une version gardée ; par défaut, celle qui est servie.")
def mirror(url: str, release: str | None) -> None:
    """Copie une version dans une base PostgreSQL : mêmes tables, types, clés et commentaires.

    URL est postgresql://compte@serveur:port/base ; sans elle, PGHOST, PGDATABASE, PGUSER… décident. Le mot de passe est
    lu dans PGPASSWORD ou ~/.pgpass. Les lecteurs voient la version d'avant ou la nouvelle, entière, et n'attendent pas.
    """
    from dagster_project.mirror import mirror as mirror_release

    for line in mirror_release(load_settings(), url, release, progress()):
        click.echo(line)


@click.command(epilog="Exemple : bilan site --output /srv/www/bilan")
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


@click.command(epilog="Exemples : bilan workbook 31 ; bilan workbook region-76 --output /srv/classeurs")
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
