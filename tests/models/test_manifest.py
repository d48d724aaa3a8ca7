"""The parsed project is prepared once, whoever asks first."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dagster_project import dbt
from dagster_project.settings import PROJECT

PREPARE = "from dagster_project import dbt; print(len(dbt.manifest()['nodes']))"


def test_two_threads_prepare_it_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[Path] = []

    def parse(folder: Path) -> None:
        parsed.append(folder)
        folder.mkdir()
        (folder / "manifest.json").write_text("{}")

    monkeypatch.setattr(dbt, "_TARGET", tmp_path)
    monkeypatch.setattr(dbt, "_parse", parse)
    with ThreadPoolExecutor(2) as pool:
        folders = {future.result() for future in [pool.submit(dbt._prepared) for _ in range(4)]}
    assert len(parsed) == 1
    assert len(folders) == 1


def test_a_fresh_process_finds_it_prepared() -> None:
    found = subprocess.run([sys.executable, "-c", PREPARE], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert int(found.stdout) == len(dbt.manifest()["nodes"])
