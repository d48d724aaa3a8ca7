"""The published contract: a model that no longer gives what it promises stops publication, and is named."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.history import environment
from dagster_project.settings import PROJECT, Settings

MODEL = Path("dbt/models/marts/reference/population_history.sql")


@pytest.fixture
def own_code(tmp_path: Path) -> Path:
    """A copy of the project's code, to change a model of."""
    for part in ("dagster_project", "dbt"):
        ignored = shutil.ignore_patterns("__pycache__", "target", "logs")
        shutil.copytree(PROJECT / part, tmp_path / "code" / part, ignore=ignored)
    shutil.copy(PROJECT / "uv.lock", tmp_path / "code")
    return tmp_path / "code"


@pytest.mark.slow
def test_a_column_of_another_type_stops_publication(workshop: Settings, own_code: Path) -> None:
    model = own_code / MODEL
    changed = model.read_text(encoding="utf-8").replace("cast(value as bigint)", "cast(value as varchar)")
    assert changed != model.read_text(encoding="utf-8")
    model.write_text(changed, encoding="utf-8")
    served = workshop.served.readlink()

    done = subprocess.run(
        [sys.executable, "-c", "import sys; from dagster_project.cli import main; sys.exit(main())", "refresh"],
        cwd=own_code,
        env={**environment(workshop), "PYTHONPATH": str(own_code), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert "population_history" in done.stderr
    assert "contract" in done.stderr
    assert "BIGINT" in done.stderr
    assert "reste servie" in done.stderr
    assert workshop.served.readlink() == served
