"""What the door accepted is not examined again, and is not trusted further than its hashes."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from benchmarks.national import Size, generate
from dagster_project.catalogue import Edition, load_catalogue
from dagster_project.quality.accepted import Accepted, unfinished
from dagster_project.quality.door import Door
from dagster_project.quality.door_report import DoorReport
from dagster_project.quality.producer_files import read_producer_files
from dagster_project.quality.raw_tables import CELLS, EDITION_PERIODS, RAW_TABLES
from tests.drills.miniature import Miniature

BENEFITS, CREDITS = "drees/monthly_benefits/2020-12", "dreets_occitanie/report_credits/2021"


class Entrance:
    """The door of a small project, opened as often as a test likes."""

    def __init__(self, folder: Path) -> None:
        self.project = Miniature.built_in(folder)
        self.root = self.project.settings.accepted

    def editions(self) -> list[Edition]:
        return [edition for dataset in load_catalogue(self.project.settings.raw) for edition in dataset.editions]

    def known(self) -> dict[str, DoorReport]:
        """What need not be examined."""
        return Accepted(self.root, self.editions()).reports()

    def examine(self) -> dict[str, DoorReport]:
        """What the door says of every edition, examined now or before."""
        scratch = self.project.settings.warehouse / "scratch"
        scratch.mkdir(exist_ok=True)
        editions = self.editions()
        with Door(scratch, Accepted(self.root, editions), editions) as door:
            reports = {edition.edition_id: door.report(edition) for edition in editions}
        for left in scratch.iterdir():
            left.unlink()
        return reports

    def files(self, edition_id: str) -> list[Path]:
        """The Parquet files of an edition's rows."""
        editions = self.editions()
        (edition,) = (edition for edition in editions if edition.edition_id == edition_id)
        return sorted(Accepted(self.root, editions).folder(edition).glob(f"{edition.sidecar.layout}-*.parquet"))


@pytest.fixture
def entrance(tmp_path: Path) -> Entrance:
    return Entrance(tmp_path)


def _is_kept_with(rows: int, paths: list[Path]) -> bool:
    (path,) = paths
    return duckdb.sql(f"select count(*) from '{path}'").fetchall() == [(rows,)]


def test_an_edition_accepted_once_is_known_with_all_that_was_said_of_it(entrance: Entrance) -> None:
    said = entrance.examine()
    assert said == entrance.known() == entrance.examine()
    assert said.keys() >= {BENEFITS, CREDITS}
    for edition_id, report in said.items():
        assert _is_kept_with(report.rows_kept, entrance.files(edition_id))


def test_only_its_owner_enters_the_folder_that_may_hold_restricted_cells(entrance: Entrance) -> None:
    entrance.examine()
    assert stat.S_IMODE(entrance.root.stat().st_mode) == 0o700


def test_a_changed_edition_is_examined_again_and_only_that_one(entrance: Entrance) -> None:
    before = entrance.examine()
    entrance.project.change()
    assert entrance.known() == {name: report for name, report in before.items() if name != BENEFITS}
    assert entrance.examine()[BENEFITS].accepted


def test_rows_that_are_not_those_sealed_are_read_again_from_the_file(entrance: Entrance) -> None:
    entrance.examine()
    (path,) = entrance.files(BENEFITS)
    sound = path.read_bytes()
    for damaged in (sound[: len(sound) // 2], sound[:200] + bytes([sound[200] ^ 1]) + sound[201:]):
        path.write_bytes(damaged)
        assert BENEFITS not in entrance.known()
        entrance.examine()
        assert path.read_bytes() == sound


def test_rows_missing_or_a_report_cut_short_are_made_again(entrance: Entrance) -> None:
    entrance.examine()
    (path,) = entrance.files(BENEFITS)
    path.unlink()
    report = path.with_name("report.json")
    assert BENEFITS not in entrance.known()
    entrance.examine()
    report.write_bytes(report.read_bytes()[:50])
    assert BENEFITS not in entrance.known()
    entrance.examine()
    assert BENEFITS in entrance.known()


def test_a_refused_edition_is_not_kept_and_is_refused_again(entrance: Entrance) -> None:
    path = entrance.project.extract
    path.write_text(path.read_text(encoding="utf-8").replace("Ariège", "Ardèche"), encoding="utf-8")
    entrance.project.change()
    refused = entrance.examine()[BENEFITS]
    assert not refused.accepted and not entrance.files(BENEFITS)
    assert entrance.examine()[BENEFITS] == refused


def test_tables_one_publisher_fills_by_hand_are_examined_together(entrance: Entrance) -> None:
    """A figure may repeat one of another edition: what was said of one holds only beside the others."""
    entrance.examine()
    sidecar = entrance.project.settings.raw / CREDITS / "edition.yml"
    copy = sidecar.parent.with_name("2021-bis")
    copy.mkdir()
    for path in sidecar.parent.iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    assert CREDITS not in entrance.known()
    assert BENEFITS in entrance.known()


def test_two_doors_never_write_in_one_folder(tmp_path: Path) -> None:
    """That of a killed run goes on until it has something to answer."""
    assert unfinished(tmp_path / "edition") != unfinished(tmp_path / "edition")


def test_what_no_edition_answers_to_is_removed(entrance: Entrance) -> None:
    entrance.examine()
    kept = {path.name for path in entrance.root.iterdir()}
    entrance.project.change()
    unfinished(entrance.root / "edition")
    Accepted(entrance.root, entrance.editions()).tidy()
    left = {path.name for path in entrance.root.iterdir()}
    assert left < kept and len(kept - left) == 1


def test_cells_have_the_declared_types_whatever_a_file_holds(tmp_path: Path) -> None:
    """A file without a blank, a note or a sheet says nothing of what type those are; another file has some."""
    generate(tmp_path / "raw", Size(months=1, measures=2))
    (dataset,) = (one for one in load_catalogue(tmp_path / "raw") if one.name == "cnaf/benefits_commune")
    with duckdb.connect() as connection:
        connection.execute(f"create table declared ({RAW_TABLES[CELLS]})")
        declared = connection.execute("select column_name, column_type from (describe declared)").fetchall()
        read_producer_files(connection, dataset.editions[-1], tmp_path)
        found = connection.execute(
            f"select column_name, column_type from (describe from '{tmp_path}/{CELLS}-*.parquet')"
        ).fetchall()
    assert found == declared


def test_the_periods_an_edition_speaks_of_are_kept_beside_its_rows(entrance: Entrance) -> None:
    entrance.examine()
    (path,) = entrance.files(BENEFITS)
    periods = path.with_name(f"{EDITION_PERIODS}-0000.parquet")
    of_rows = duckdb.sql(f"select distinct edition_id, period_code from '{path}' order by all").fetchall()
    assert duckdb.sql(f"from '{periods}'").fetchall() == of_rows != []
    (credit_lines,) = entrance.files(CREDITS)
    assert not credit_lines.with_name(periods.name).exists()


def test_a_door_whose_run_is_gone_ends_with_a_word_whatever_it_met() -> None:
    """Killed with its stage half removed, a run leaves a door that can neither write nor say so."""
    code = """
from dagster_project.quality import door
def serve(*_):
    raise OSError(28, "No space left on device")
door._serve = serve
door.main()
"""
    nobody, answers = os.pipe()
    os.close(nobody)
    command = [sys.executable, "-c", code, "examined.duckdb"]
    done = subprocess.run(command, stdout=answers, stderr=subprocess.PIPE, text=True, check=False)
    os.close(answers)
    assert done.stderr == "Le contrôle d'entrée s'arrête : l'exécution qui l'attendait n'est plus là.\n"
    assert done.returncode == 1
