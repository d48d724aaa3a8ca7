"""What a command meets in the files it is asked for is a French sentence and an exit code, never a traceback."""

import errno
import sys
from pathlib import Path

import duckdb
import pytest

from dagster_project.cli import _exit_code
from dagster_project.machine import command_failure


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose database is damaged."""
    monkeypatch.setattr("dagster_project.query.bound_this_process", lambda seconds: None)  # this one lives on
    monkeypatch.setenv("BILAN_WAREHOUSE", str(tmp_path))
    (tmp_path / "bilan.duckdb").write_bytes(b"\xff" * 10_000)
    return tmp_path


def said(arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    monkeypatch.setattr(sys, "argv", ["bilan", *arguments])
    return _exit_code(), capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["query", "select 1"], ["explain", "l1410-rsa"], ["workbook", "31"], ["errata"]])
def test_a_damaged_release_is_said_with_what_to_do(
    arguments: list[str], warehouse: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, words = said(arguments, monkeypatch, capsys)
    assert (code, words.count("\n")) == (1, 1)
    assert "abîmée" in words and "« bilan verify »" in words and "« bilan rollback »" in words


@pytest.mark.parametrize(
    "arguments",
    [
        ["units", "/proc/absent"],
        ["template", "calpae", "--departement", "31", "--year", "2025", "--output", "absent/a.xlsx"],
    ],
)
def test_a_place_that_is_not_there_is_named(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, words = said(arguments, monkeypatch, capsys)
    assert code == 1
    assert words == f"Fichier ou dossier introuvable : vérifiez le chemin ({arguments[-1]}).\n"


def test_a_warehouse_that_is_a_file_is_refused_by_the_name_of_its_setting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "notes").touch()
    for name in ("BILAN_RAW", "BILAN_WAREHOUSE"):
        with monkeypatch.context() as patch:
            patch.setenv(name, str(tmp_path / "notes"))
            assert said(["rollback"], patch, capsys) == (
                2,
                f"{name} : « {tmp_path / 'notes'} » n'est pas un dossier.\n",
            )


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.EROFS, "", "/w/.lock"), "Le disque est en lecture seule : remontez-le en écriture (/w/.lock)."),
        (PermissionError(errno.EACCES, "", "/w/.lock"), "Droits insuffisants"),
        (OSError(errno.ENAMETOOLONG, "File name too long", "/w/x"), "Le système a refusé : File name too long (/w/x)."),
        (
            duckdb.IOException("IO Error: Could not set lock"),
            "La base n'a pas pu être lue : IO Error: Could not set lock",
        ),
    ],
)
def test_what_the_machine_refuses_a_command_is_a_sentence(error: Exception, sentence: str) -> None:
    assert str(command_failure(error)).startswith(sentence)


def test_what_a_programmer_must_mend_stays_as_it_was_raised() -> None:
    assert command_failure(KeyError("x")) is None
