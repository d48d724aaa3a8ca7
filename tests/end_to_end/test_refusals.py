"""What a refresh refuses, what it says, and that readers keep the previous release all the while."""

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation import daily_refresh
from dagster_project.catalogue import INBOX
from dagster_project.errors import BilanError, LockHeldError, RefusedDataError
from dagster_project.history import environment
from dagster_project.operate.attempts import read
from dagster_project.query import run_query
from dagster_project.release.lock import run_lock
from dagster_project.runner import RefreshOutcome, run_refresh
from dagster_project.seal import seal_edition
from dagster_project.settings import Settings
from dagster_project.status import status_lines

BENEFITS = Path("dreets_occitanie/report_benefits/2021")
DREES = Path("drees/monthly_benefits/2020-12")


def refresh(settings: Settings, *, force: bool = False, republish: bool = False) -> RefreshOutcome:
    return run_refresh(settings, force=force, republish=republish, tell=lambda text: None)


def edit(file: Path, change: Callable[[list[dict[str, str]]], list[dict[str, str]]]) -> None:
    with file.open(encoding="utf-8", newline="") as content:
        rows = list(csv.DictReader(content))
    names = list(rows[0])
    with file.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows(change(rows))


def set_cells(figure_id: str, **cells: str) -> Callable[[list[dict[str, str]]], list[dict[str, str]]]:
    return lambda rows: [row | cells if row["figure_id"] == figure_id else row for row in rows]


def refused(settings: Settings) -> str:
    served = settings.served.readlink()
    with pytest.raises(RefusedDataError) as refusal:
        refresh(settings)
    assert settings.served.readlink() == served
    assert run_query(settings, "select count(*) from marts.release", "csv") == "count_star()\n1\n"
    return str(refusal.value)


def test_unchanged_inputs_publish_nothing(workshop: Settings) -> None:
    outcome = refresh(workshop)
    assert outcome.message.startswith("Inchangé")
    assert len(list(workshop.releases.iterdir())) == 1


def test_a_changed_digit_is_named_by_its_cell(whole_workshop: Settings) -> None:
    edit(whole_workshop.raw / BENEFITS / "figures.csv", set_cells("l1410-rsa", value="190441"))
    assert "figures.csv : le fichier n'est pas celui de la fiche" in refused(whole_workshop)
    list(seal_edition(whole_workshop.raw / BENEFITS))
    message = refused(whole_workshop)
    assert "colonne N (value) : trouvé « 190441 », attendu la valeur que dit le texte imprimé « 190 440 »" in message
    rejects = (whole_workshop.warehouse / "refus.csv").read_text(encoding="utf-8-sig")
    assert "190441" in rejects


def test_value_and_printed_text_changed_alike_are_caught_by_a_relation(whole_workshop: Settings) -> None:
    edit(whole_workshop.raw / BENEFITS / "figures.csv", set_cells("l1410-rsa", value="190441", printed_text="190 441"))
    list(seal_edition(whole_workshop.raw / BENEFITS))
    message = refused(whole_workshop)
    assert "schemes-total-dec-18 : écart de 1" in message
    assert "drees-2018-12-rsa" not in message  # within the stated rounding of thirteen départements


def test_a_missing_departement_is_named(workshop: Settings) -> None:
    edit(workshop.raw / DREES / "occitanie.csv", lambda rows: [row for row in rows if row["territory_code"] != "48"])
    list(seal_edition(workshop.raw / DREES))
    assert "il manque Lozère (48) pour rsa_recipients, période 2018-12" in refused(workshop)


def add_a_refused_edition(settings: Settings) -> Path:
    """A newer edition, that lacks a département."""
    newer = settings.raw / "drees/monthly_benefits/2021-04"
    shutil.copytree(settings.raw / DREES, newer)
    edit(newer / "occitanie.csv", lambda rows: [row for row in rows if row["territory_code"] != "48"])
    sidecar = newer / "edition.yml"
    sidecar.write_text(sidecar.read_text(encoding="utf-8").replace("2021-01-31", "2021-04-30"), encoding="utf-8")
    list(seal_edition(newer))
    return newer


def test_a_refused_newer_edition_leaves_the_earlier_one_speaking(workshop: Settings) -> None:
    add_a_refused_edition(workshop)
    dropped = workshop.raw / INBOX / "essai.csv"
    dropped.write_text("a;b\n1;2\n", encoding="utf-8")
    outcome = refresh(workshop, republish=True)
    assert any("Lozère" in line for line in outcome.refused)
    assert refresh(workshop).refused == outcome.refused
    known = "select beneficiaries from marts.beneficiaries where territory_code = '48' and benefit = 'rsa'"
    assert run_query(workshop, known + " and month = date '2018-12-01'", "csv").count("\n") == 2
    dropped.unlink()
    assert refresh(workshop).refused == [line for line in outcome.refused if "essai.csv" not in line]


def test_a_refused_edition_that_changes_no_table_stays_refused_until_it_goes(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is published then: no manifest tells of it."""
    newer = add_a_refused_edition(workshop)
    outcome = refresh(workshop)
    assert outcome.message.startswith("Mêmes contenus") and any("Lozère" in line for line in outcome.refused)
    assert refresh(workshop).refused == outcome.refused
    assert set(outcome.refused) <= {line.removeprefix("Refusé : ") for line in status_lines(workshop)}
    for name in ("BILAN_RAW", "BILAN_WAREHOUSE"):
        monkeypatch.setenv(name, environment(workshop)[name])
    daily_refresh.evaluate_tick(dg.build_schedule_context())
    last = read(workshop).last
    assert last and last.refused == outcome.refused
    assert workshop.rejects.exists()
    workshop.to_approve.touch()
    shutil.rmtree(newer)
    assert not refresh(workshop).refused
    assert not workshop.rejects.exists() and not workshop.to_approve.exists()


def test_an_unreadable_relation_is_named(workshop: Settings) -> None:
    relations = workshop.raw / "dreets_occitanie/reconciliation/2021/relations.csv"
    relations.write_text(relations.read_text(encoding="utf-8").replace(" + ", " et ", 1), "utf-8")
    assert "relations.csv, ligne" in refused(workshop)


def test_a_second_refresh_says_who_holds_the_lock(workshop: Settings) -> None:
    import subprocess
    import sys

    script = f"from dagster_project.release.lock import run_lock; from pathlib import Path\nimport time\nwith run_lock(Path({str(workshop.lock)!r})):\n print('held', flush=True); time.sleep(60)"  # noqa: E501
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(LockHeldError, match=f"processus {holder.pid}"):
            refresh(workshop, force=True)
        holder.kill()
    with run_lock(workshop.lock):
        pass


def test_without_a_release_a_query_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(BilanError, match="bilan refresh"):
        run_query(Settings(tmp_path, tmp_path), "select 1", "csv")
