"""The drop zone: what a person who copies a file into raw/inbox/ can count on."""

import os
import shutil
from datetime import date
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation import daily_refresh, inbox
from dagster_project.catalogue import INBOX
from dagster_project.history import environment
from dagster_project.inbox import file_inbox, listing_digest
from dagster_project.query import open_release, rows_of
from dagster_project.readers.examine import Examined, examine
from dagster_project.release.lock import run_lock
from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings
from tests.readers.drees.test_monthly_workbook import invented
from tests.readers.drees.workbook import write

TODAY = date(2031, 5, 1)


@pytest.fixture
def dropped(workshop: Settings) -> Path:
    """An invented workbook of the DREES, as a person copies it."""
    folder = workshop.raw / INBOX
    folder.mkdir(exist_ok=True)
    return write(folder / "Données de l'année (version 2).xlsx", invented())


def test_a_dropped_file_is_filed_published_and_gone_from_the_inbox(workshop: Settings, dropped: Path) -> None:
    outcome = run_refresh(workshop, tell=lambda line: None)
    assert any("archivé : drees/monthly_benefits/" in line for line in outcome.summary)
    assert not dropped.exists()
    with open_release(workshop) as marts:
        (guadeloupe,) = rows_of(
            marts,
            "select count(*) as n from marts.beneficiaries where territory_code = '971'",
        )
        noted = rows_of(marts, "select note_kind, cells from marts.edition_note")
    assert guadeloupe["n"] > 0
    assert {note["note_kind"] for note in noted} == {"set_aside"}


GENUINE = PROJECT.parent / "shared/data/drees/Données mensuelles des prestations de solidarité.xlsx"


@pytest.mark.skipif(not GENUINE.exists(), reason="the producers' genuine files are not kept with the project")
def test_the_whole_workbook_agrees_with_its_extract_and_speaks_before_it(workshop: Settings) -> None:
    (workshop.raw / INBOX).mkdir(exist_ok=True)
    shutil.copy(GENUINE, workshop.raw / INBOX)
    of_the_extract = """
        select territory_code, month, benefit, beneficiaries, unit from marts.beneficiaries
        where dataset = 'drees/monthly_benefits' and month in (date '2018-12-01', date '2019-12-01')
            and territory_code in ('09', '11', '12', '30', '31', '32', '34', '46', '48', '65', '66', '81', '82')
        order by all
    """
    with open_release(workshop) as marts:
        before = rows_of(marts, of_the_extract)
    run_refresh(workshop, tell=lambda line: None)
    with open_release(workshop) as marts:
        assert rows_of(marts, of_the_extract) == before
        editions = rows_of(
            marts, "select distinct edition from marts.beneficiaries where territory_level = 'departement'"
        )
        totals = rows_of(
            marts,
            "select count(distinct territory_code) as regions, min(departements_expected) as least "
            "from marts.beneficiaries_total where benefit = 'rsa' and month = date '2020-10-01'",
        )
    assert len(before) == 13 * 2 * 6
    assert [row["edition"] for row in editions] == ["drees/monthly_benefits/2020-12-2"]
    assert totals == [{"regions": 18, "least": 1}]


def test_the_same_file_again_adds_no_edition(workshop: Settings, dropped: Path) -> None:
    content = dropped.read_bytes()
    (first,) = file_inbox(workshop.raw, TODAY)
    dropped.write_bytes(content)
    (again,) = file_inbox(workshop.raw, TODAY)
    assert again.edition == first.edition
    assert "déjà archivé" in again.messages[0]


def test_a_correction_is_an_edition_of_its_own(workshop: Settings, dropped: Path) -> None:
    (first,) = file_inbox(workshop.raw, TODAY)
    sheets = invented()
    sheets["Lisez-moi"] = [["Édition corrigée"]]
    write(dropped, sheets)
    (second,) = file_inbox(workshop.raw, TODAY)
    assert first.edition == "drees/monthly_benefits/2020-12-2"
    assert second.edition == "drees/monthly_benefits/2020-12-3"


def test_a_file_somebody_still_writes_is_neither_filed_nor_removed(
    workshop: Settings, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = set((workshop.raw / "drees/monthly_benefits").iterdir())

    def examined_then_written(path: Path, name: str) -> Examined:
        answer = examine(path, name)
        sheets = invented()
        sheets["Lisez-moi"] = [["La suite"]]
        write(path, sheets)
        return answer

    with monkeypatch.context() as patch:
        patch.setattr("dagster_project.readers.examine.examine", examined_then_written)
        (waits,) = file_inbox(workshop.raw, TODAY)
    assert waits.edition is None
    assert waits.messages[0].endswith("a changé pendant sa lecture ; il sera relu à la prochaine actualisation.")
    assert set((workshop.raw / "drees/monthly_benefits").iterdir()) == known
    (filed,) = file_inbox(workshop.raw, TODAY)
    assert filed.edition == "drees/monthly_benefits/2020-12-2"
    assert not dropped.exists()


def test_a_damaged_file_stays_with_its_reasons_beside_it(workshop: Settings, dropped: Path) -> None:
    sheets = invented()
    sheets["Tableau 3"][8][1] = "beaucoup"
    write(dropped, sheets)
    (refused,) = file_inbox(workshop.raw, TODAY)
    assert refused.edition is None
    assert "feuille Tableau 3, ligne 9, colonne B" in refused.messages[0]
    assert "beaucoup" in dropped.with_name(dropped.name + ".refus.txt").read_text(encoding="utf-8")
    assert file_inbox(workshop.raw, TODAY) == [refused]


def test_a_note_begins_with_the_reasons_and_what_an_open_workbook_leaves_is_no_file(tmp_path: Path) -> None:
    (tmp_path / INBOX).mkdir()
    (tmp_path / INBOX / "vide.csv").touch()
    for name in ("~$Données.xlsx", ".~lock.Données.ods#"):
        (tmp_path / INBOX / name).write_bytes(b"Personne,0")
    (refused,) = file_inbox(tmp_path, TODAY)
    *reasons, last = (tmp_path / INBOX / "vide.csv.refus.txt").read_text(encoding="utf-8").splitlines()
    assert tuple(reasons) == refused.messages
    assert last.startswith("Empreinte du fichier refusé : e3b0c44298fc1c149afb")
    assert file_inbox(tmp_path, TODAY) == [refused]


def test_a_file_that_lacks_something_is_told_what_it_resembles(workshop: Settings, dropped: Path) -> None:
    dropped.unlink()
    text = "COM,REG,DEP,NCC,LIBELLE\n09001,76,09,AIGUES JUNTES,Aigues-Juntes\n"
    (workshop.raw / INBOX / "communes.csv").write_text(text, encoding="utf-8")
    (refused,) = file_inbox(workshop.raw, TODAY)
    assert refused.edition is None
    assert "communes.csv" in refused.messages[0]
    assert "ressemble à" in refused.messages[0]
    assert "il manque" in refused.messages[0]


def test_a_link_is_not_followed(workshop: Settings, dropped: Path) -> None:
    dropped.unlink()
    (workshop.raw / INBOX / "lien.xlsx").symlink_to("/etc/passwd")
    (refused,) = file_inbox(workshop.raw, TODAY)
    assert refused.edition is None
    assert "lien" in refused.messages[0]


def set_up(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BILAN_RAW", "BILAN_WAREHOUSE"):
        monkeypatch.setenv(name, environment(settings)[name])


def test_the_sensor_asks_once_for_what_waits_whatever_the_clock(
    workshop: Settings, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(workshop, monkeypatch)
    first = inbox.evaluate_tick(dg.build_sensor_context())
    assert [request.run_key for request in first.run_requests or ()] == [listing_digest(workshop.raw)]
    os.utime(dropped, (0, 0))
    again = inbox.evaluate_tick(dg.build_sensor_context(cursor=first.cursor))
    assert not again.run_requests
    dropped.write_bytes(dropped.read_bytes() + b" ")
    changed = inbox.evaluate_tick(dg.build_sensor_context(cursor=first.cursor))
    assert changed.run_requests


def test_a_file_dropped_while_another_run_is_under_way_is_asked_for_after_it(
    workshop: Settings, dropped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(workshop, monkeypatch)
    with run_lock(workshop.lock):
        during = inbox.evaluate_tick(dg.build_sensor_context(cursor="avant"))
    assert not during.run_requests and during.cursor == "avant"
    after = inbox.evaluate_tick(dg.build_sensor_context(cursor="avant"))
    assert after.run_requests


def test_the_morning_asks_for_what_waits_unread_and_not_again_for_what_is_refused(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(workshop, monkeypatch)
    (workshop.raw / INBOX / "essai.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    assert daily_refresh.evaluate_tick(dg.build_schedule_context()).run_requests
    file_inbox(workshop.raw, TODAY)
    assert not daily_refresh.evaluate_tick(dg.build_schedule_context()).run_requests
