"""A benchmark compares the same work: a whole refresh and hand-written SQL make the same tables of the same inputs."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.bench import measure, run, same_tables
from benchmarks.national import SIZES, generate


@pytest.mark.slow
def test_the_floor_makes_the_tables_of_the_pipeline(tmp_path: Path) -> None:
    """Two editions of the last months, communes that merged, blank cells."""
    size = SIZES["XS"]
    generate(tmp_path / "raw", size)
    for who in ("floor", "bilan"):
        taken = run(who, tmp_path, "1GB")
        assert taken.cpu > 0 and taken.memory > 0
    cells_of_a_month = 34_000 * size.measures
    assert same_tables(tmp_path) > 3 * size.months * cells_of_a_month


def test_a_contender_that_fails_stops_the_benchmark() -> None:
    with pytest.raises(SystemExit, match="no way"):
        measure([sys.executable, "-c", "raise SystemExit('no way')"])


def test_the_inputs_are_the_same_on_every_machine(tmp_path: Path) -> None:
    for name in ("one", "other"):
        generate(tmp_path / name, SIZES["XS"])
    compared = subprocess.run(["diff", "-r", tmp_path / "one", tmp_path / "other"], capture_output=True, check=False)
    assert compared.returncode == 0, compared.stdout
