"""`bilan workbook`: a territory by code, level or name; a file or a folder; a refusal that says what there is."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from dagster_project.cli import cli
from dagster_project.errors import BilanError, WrongUseError
from dagster_project.report.workbooks import write_workbook
from dagster_project.settings import Settings
from tests.workbook.conftest import Workbooks


@pytest.mark.parametrize("asked", ["31", "departement-31", "Haute-Garonne", "haute garonne"])
def test_a_territory_is_found_by_what_people_call_it(published: Settings, tmp_path: Path, asked: str) -> None:
    assert write_workbook(published, asked, tmp_path) == tmp_path / "bilan-31-haute-garonne.xlsx"


def test_the_command_writes_the_workbook_of_the_release(
    workbooks: Workbooks, published: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["workbook", "243100518"], env={"BILAN_WAREHOUSE": str(published.warehouse)})
    assert done.exit_code == 0, done.output
    (made,) = tmp_path.iterdir()
    assert made.name in done.output
    assert made.read_bytes() == workbooks.of("243100518").read_bytes()


def test_a_file_may_be_named(published: Settings, tmp_path: Path) -> None:
    assert write_workbook(published, "48", tmp_path / "lozère.xlsx").is_file()
    with pytest.raises(WrongUseError, match=r"fichier en \.xlsx"):
        write_workbook(published, "48", tmp_path / "lozère.pdf")


def test_an_unknown_territory_is_refused_with_the_list(published: Settings, tmp_path: Path) -> None:
    with pytest.raises(WrongUseError, match=r"75.*n'est pas un territoire de cette version.*31 Haute-Garonne"):
        write_workbook(published, "75", tmp_path)


def test_a_code_of_two_levels_must_be_told_apart(troubled: Workbooks, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "raw", troubled.folder.parent)
    with pytest.raises(WrongUseError, match="departement-76 ou region-76"):
        write_workbook(settings, "76", tmp_path)
    assert write_workbook(settings, "departement-76", tmp_path).name == "bilan-76-seine-maritime.xlsx"


def test_nothing_published_is_said(tmp_path: Path) -> None:
    with pytest.raises(BilanError, match="bilan refresh"):
        write_workbook(Settings(tmp_path, tmp_path), "31", tmp_path)


def test_a_folder_that_cannot_be_written_is_said_and_nothing_is_left(published: Settings, tmp_path: Path) -> None:
    with pytest.raises(BilanError, match="n'a pas pu être écrit"):
        write_workbook(published, "48", tmp_path / "absent" / "lozère.xlsx")
    assert list(tmp_path.iterdir()) == []
