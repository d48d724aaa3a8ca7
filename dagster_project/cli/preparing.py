"""Filling `raw/`, and what is said there: editions, workbooks to fill, reports, errata."""

from pathlib import Path
from typing import Literal

import click

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.settings import load_settings


@click.command(epilog="Exemples : bilan fetch ; bilan fetch drees ; bilan fetch insee/unemployment")
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


@click.command(epilog="Exemple : bilan template calpae --departement 31 --year 2025")
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


@click.command(epilog="Exemple : bilan seal raw/drees/monthly_benefits/2020-12")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def seal(folder: Path) -> None:
    """Inscrit l'empreinte et la taille des fichiers de FOLDER dans sa fiche edition.yml.

    À faire une fois, quand on prépare une édition. Une édition scellée ne se modifie plus : une correction est une
    nouvelle édition, dans un nouveau dossier.
    """
    from dagster_project.seal import seal_edition

    for line in seal_edition(folder):
        click.echo(line)


@click.command("new-report", epilog="Exemple : bilan new-report dreets_bretagne 2025 --region 53 --text rapport.txt")
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


@click.command("check-transcription", epilog="Exemple : bilan check-transcription rapport-2021.txt")
@click.argument("text", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def check_transcription(text: Path) -> None:
    """Prouve que chaque chiffre transcrit d'un rapport est imprimé à sa ligne dans TEXT."""
    from dagster_project.check_transcription import check_text

    click.echo(check_text(load_settings().raw, text))


@click.command(epilog="Exemples : bilan explain l1410-prime-activite ; bilan explain credits-2021-total")
@click.argument("name")
def explain(name: str) -> None:
    """Explique un chiffre ou une relation : où il est imprimé, ce qui doit en être vrai, et ce qui l'est.

    NAME est l'identifiant d'un chiffre d'un rapport, d'un chiffre de producteur ou d'une relation.
    """
    from dagster_project.explain import explain as explain_lines

    for line in explain_lines(load_settings(), name):
        click.echo(line)


@click.command(epilog="Exemple : bilan errata --markdown > a-verifier.md")
@click.option("--markdown", is_flag=True, help="Un texte à envoyer à l'auteur du rapport.")
def errata(markdown: bool) -> None:
    """Montre le registre des errata, et ce que chaque entrée change aujourd'hui."""
    from dagster_project.errata_report import errata_lines, errata_markdown

    for line in (errata_markdown if markdown else errata_lines)(load_settings()):
        click.echo(line)
