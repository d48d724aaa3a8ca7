"""`make drills`: every drill with its full count, then the score in drills/score.json and drills/score.html."""

import os
import subprocess
import sys

import click

from dagster_project.settings import PROJECT

_FOLDER = PROJECT / "drills"


@click.command(
    context_settings={"auto_envvar_prefix": "BILAN", "show_default": True},
    epilog="Exemple : python -m tests.drills --kills 20 --faults 10 -- -k 'kill or fault'",
)
@click.option("--kills", default=500, help="Arrêts brutaux d'une actualisation.")
@click.option("--kills-healed", default=1, help="Une actualisation jusqu'au bout tous les tant d'arrêts.")
@click.option("--faults", default=40, help="Pannes injectées.")
@click.option("--readers", default=50, help="Lecteurs simultanés.")
@click.option("--publications", default=200, help="Publications pendant qu'ils lisent.")
@click.option("--flips", default=1000, help="Bits retournés dans une version.")
@click.option("--exhaustions", default=7, help="Requêtes qui épuisent la machine, parmi les hostiles.")
@click.option("--mutants", default="all", help="Erreurs glissées dans nos modèles SQL (« all » : toutes).")
@click.option("--regions", default=5, help="Régions imaginées, dont on attaque les versions masquées.")
@click.option("--releases", default=12, help="Versions masquées qu'on garde toutes pour les attaquer.")
@click.argument("pytest_arguments", nargs=-1)
def main(pytest_arguments: tuple[str, ...], **counts: int | str) -> None:
    """Joue tous les exercices de panne et en écrit le score. Des heures : c'est le prix de cinq cents arrêts."""
    _FOLDER.mkdir(exist_ok=True)
    report = _FOLDER / "report.xml"
    environment = os.environ | {f"BILAN_{name.upper()}": str(count) for name, count in counts.items()}
    command = [
        *(sys.executable, "-m", "pytest", "--numprocesses=0", "--capture=no", "--verbose", "-m", "drill"),
        *(f"--junitxml={report}", "-o", "junit_family=xunit1", *pytest_arguments),
    ]
    code = subprocess.call(command, cwd=PROJECT, env=environment)
    from tests.drills.score import write_score

    for drill in write_score(report, _FOLDER):
        click.echo(f"{drill.verdict:<12} {drill.passed:>5} sur {drill.tried:<5} {drill.title}")
    click.echo(f"Le score : {_FOLDER / 'score.html'}")
    sys.exit(code)


if __name__ == "__main__":
    main()
