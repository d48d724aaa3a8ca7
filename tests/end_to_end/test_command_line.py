"""The command as a person types it: exit codes, French messages, no traceback."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from dagster_project.cli import cli
from dagster_project.history import environment
from dagster_project.settings import Settings


def bilan(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("bilan")), *arguments]
    return subprocess.run(command, env=environment(settings), capture_output=True, text=True, check=False)


def test_unchanged_is_done(published: Settings) -> None:
    done = bilan(published, "refresh")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("Inchangé")


def test_a_query_is_written_as_parquet_and_a_formula_is_not_live(published: Settings, tmp_path: Path) -> None:
    sql = "select amount_eur, known_from from marts.budget_line"
    path = tmp_path / "lines.parquet"
    assert bilan(published, "query", "--format", "parquet", "--output", str(path), sql).returncode == 0
    described = duckdb.sql(f"describe from {str(path)!r}").fetchall()
    assert [row[:2] for row in described] == [("amount_eur", "DECIMAL(18,2)"), ("known_from", "DATE")]
    done = bilan(published, "query", "--format", "csv", "select '=1+1' as a, -5 as b")
    assert done.stdout == "a,b\n'=1+1,-5\n"


def test_status_and_query(published: Settings) -> None:
    assert "À jour" in bilan(published, "status").stdout
    done = bilan(published, "query", "--format", "csv", "select count(*) as n from marts.budget_line")
    assert (done.returncode, done.stdout) == (0, "n\n36\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["refrsh"], "Commande inconnue : refrsh. Peut-être 'refresh' ?"),
        (["refresh", "--nope"], "Option inconnue : --nope."),
        (["query", "select nope"], "nope"),
        (["query"], "Il manque l'argument 'SQL'."),
        (["query", "--format", "x", "select 1"], "Valeur refusée pour '--format' : « x » n'est pas parmi 'table'"),
        (["diff", "a", "b", "c", "d"], "Arguments de trop : b c d"),
    ],
)
def test_wrong_use_is_two_and_is_said_in_french(published: Settings, arguments: list[str], said: str) -> None:
    done = bilan(published, *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr and "\nError" not in done.stderr


@pytest.mark.parametrize(
    "sql", ["create table marts.x (a int)", "copy (select 1) to 'x.csv'", "attach 'x.duckdb'", "install httpfs"]
)
def test_a_query_can_only_read(published: Settings, sql: str) -> None:
    assert bilan(published, "query", sql).returncode == 2


def test_refused_data_is_three(workshop: Settings) -> None:
    file = workshop.raw / "dreets_occitanie/report_credits/2021/lines.csv"
    file.write_text(file.read_text(encoding="utf-8").replace("16558357", "16558358"), encoding="utf-8")
    done = bilan(workshop, "refresh")
    assert done.returncode == 3
    assert "lines.csv" in done.stderr
    assert "reste servie" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("verb", ["", *sorted(cli.commands)])
def test_every_verb_has_help_with_an_example(published: Settings, verb: str) -> None:
    done = bilan(published, *([verb] if verb else []), "--help")
    assert done.returncode == 0
    assert "Exemple" in done.stdout


def test_help_shows_every_verb_in_its_section_with_a_whole_sentence(published: Settings) -> None:
    shown = bilan(published, "--help").stdout
    assert [line.split()[0] for line in shown.splitlines() if line and not line.startswith(" ")] == [
        "Usage", "Options", "Publier", "Lire", "Remplir", "Exploiter",
    ]  # fmt: skip
    assert all(f"\n  {verb} " in shown for verb in cli.commands)
    assert "..." not in shown.partition("Publier :")[2]


def test_a_workbook_to_fill_is_written_where_asked(published: Settings, tmp_path: Path) -> None:
    path = tmp_path / "calpae.xlsx"
    done = bilan(published, "template", "calpae", "--departement", "31", "--year", "2025", "--output", str(path))
    assert (done.returncode, path.exists()) == (0, True)
    assert "raw/inbox" in done.stdout
    assert bilan(published, "template", "calpae", "--year", "2025").returncode == 2


def test_the_datasets_that_can_be_fetched_are_listed_without_asking_anyone(published: Settings) -> None:
    done = bilan(published, "fetch", "--list")
    assert done.returncode == 0
    assert "drees/monthly_benefits" in done.stdout
    assert bilan(published, "fetch", "personne/rien").returncode == 2


def test_status_says_how_old_each_dataset_is(published: Settings) -> None:
    said = bilan(published, "status").stdout
    assert "insee/unemployment : édition 2023-12-20, publiée le 20/12/2023" in said
    assert "EN RETARD" in said
    assert "dreets_occitanie/report_credits" in said
