"""The units a system administrator installs, judged by systemd itself; a log that stays small."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from dagster_project.cli import cli
from dagster_project.errors import WrongUseError
from dagster_project.operate.service import keep_log, write_units
from dagster_project.settings import PROJECT, Settings


@pytest.fixture
def units(tmp_path: Path) -> list[Path]:
    settings = Settings(tmp_path / "raw", tmp_path / "warehouse")
    said = list(write_units(settings, tmp_path / "units", "bilan", "6G"))
    return [Path(line) for line in said if line.endswith((".service", ".timer"))]


def test_the_units_name_this_installation_and_hold_no_secret(units: list[Path], tmp_path: Path) -> None:
    assert [unit.name for unit in units] == ["bilan-refresh.service", "bilan-refresh.timer", "bilan.service"]
    for unit in units:
        text = unit.read_text(encoding="utf-8")
        assert "$" not in text
        if unit.suffix == ".service":
            assert f"ExecStart={Path(sys.executable).with_name('bilan')} " in text
            assert f"ReadWritePaths={tmp_path / 'raw'} {tmp_path / 'warehouse'} {PROJECT / 'dbt/target'}" in text
            assert "User=bilan" in text and "MemoryMax=6G" in text


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here")
def test_systemd_accepts_the_units_and_finds_them_closed(units: list[Path]) -> None:
    verified = subprocess.run(
        ["systemd-analyze", "verify", "--recursive-errors=no", *map(str, units)],
        capture_output=True,
        text=True,
        check=False,
    )
    complaints = [line for line in verified.stderr.splitlines() if "bilan" in line]
    assert (verified.returncode, complaints) == (0, []), verified.stderr
    for unit in units:
        if unit.suffix == ".service":
            judged = subprocess.run(
                ["systemd-analyze", "security", "--offline=true", "--threshold=30", "--no-pager", str(unit)],
                capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert judged.returncode == 0, judged.stdout[-400:] + judged.stderr


def test_a_mistake_in_a_unit_is_found(units: list[Path]) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed here")
    unit = units[-1]
    unit.write_text(unit.read_text(encoding="utf-8").replace("/bilan daemon", "/nobody daemon"), encoding="utf-8")
    assert subprocess.run(["systemd-analyze", "verify", str(unit)], capture_output=True, check=False).returncode != 0


@pytest.mark.parametrize("name", ["mes données", "100%", 'a"b', "a$b"])
def test_a_path_systemd_would_read_otherwise_is_refused(name: str, tmp_path: Path) -> None:
    settings = Settings(tmp_path / "raw", tmp_path / name)
    with pytest.raises(WrongUseError, match=re.escape(f"« {tmp_path / name} »")):
        list(write_units(settings, tmp_path / "units", "bilan", "50%"))
    assert not (tmp_path / "units").exists()


def test_a_log_that_cannot_be_written_is_said_before_a_daemon_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once it ran, it would have filled the pipe that nobody read, and waited for ever."""
    started: list[Path | None] = []
    monkeypatch.setattr("dagster_project.runner.run_daemon", lambda settings, log: started.append(log))
    (tmp_path / "file").touch()
    refused = CliRunner().invoke(cli, ["daemon", "--log", str(tmp_path / "file" / "demon.log")])
    assert isinstance(refused.exception, WrongUseError) and not started
    log = tmp_path / "log" / "demon.log"
    CliRunner().invoke(cli, ["daemon", "--log", str(log)])
    assert started == [log]


def test_a_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "log" / "demon.log"
    keep_log((f"ligne {number}\n" for number in range(10_000)), path, size=1_000)
    files = list(path.parent.iterdir())
    assert len(files) == 6 and all(file.stat().st_size <= 1_000 for file in files)
    assert path.read_text(encoding="utf-8").endswith("ligne 9999\n")
