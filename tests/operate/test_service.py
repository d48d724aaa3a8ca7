"""The units a system administrator installs, judged by systemd itself; a log that stays small."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

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


def test_a_log_stays_small(tmp_path: Path) -> None:
    path = tmp_path / "log" / "demon.log"
    keep_log((f"ligne {number}\n" for number in range(10_000)), path, size=1_000)
    files = list(path.parent.iterdir())
    assert len(files) == 6 and all(file.stat().st_size <= 1_000 for file in files)
    assert path.read_text(encoding="utf-8").endswith("ligne 9999\n")
