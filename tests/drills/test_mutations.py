"""Genuine files damaged at random are refused or flagged; harmless variants of them are not.

`BILAN_MUTATIONS` damages a file of each kind: 1, on the files that are read at once; 30 in the whole drill, on all.
"""

import os
import random
from functools import cache
from pathlib import Path

import pytest

from dagster_project.readers.cells import Reading
from dagster_project.readers.examine import recognise
from dagster_project.settings import PROJECT
from tests.drills.mutate import DAMAGES, SHEET_DAMAGES, VARIANTS, Mutation
from tests.readers.connection import new_connection
from tests.readers.drees.workbook import load, write

DATA = PROJECT.parent / "shared" / "data"
TIMES = int(os.environ.get("BILAN_MUTATIONS", "1"))
_READ_AT_ONCE = 1 << 20
FILES = sorted(
    path
    for path in DATA.rglob("*.csv")
    if path.parent.name not in ("derived", "insee_cog")
    and "plrg" not in path.name
    and (TIMES > 1 or path.stat().st_size <= _READ_AT_ONCE)
)
WORKBOOKS = sorted((DATA / "drees").glob("*.xlsx"))

pytestmark = [
    pytest.mark.skipif(not DATA.exists(), reason="the producers' genuine files are not kept with the project"),
    pytest.mark.slow,
]


def judged(path: Path) -> tuple[list[str], list[str]]:
    """What a file is refused for, and what is flagged in it."""
    layout, recognition = recognise(path)
    if not recognition.is_certain:
        return ["not recognised"], []
    with new_connection() as connection:
        reading = Reading(connection, path.name)
        layout.read(path, reading)
        return [one.message for one in reading.rejects], [one.message for one in reading.flags]


@cache
def known(path: Path) -> bool:
    return judged(path) == ([], [])


def mutated(path: Path, mutation: Mutation, folder: Path, seed: int) -> Path | None:
    content = path.read_bytes()
    changed = mutation(content, random.Random(seed))
    if changed is None or changed == content:
        return None
    copy = folder / path.name
    copy.write_bytes(changed)
    return copy


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_damaged_file_is_refused_or_flagged(path: Path, tmp_path: Path) -> None:
    if not known(path):
        pytest.skip("no layout reads this file")
    tried, missed = 0, []
    for name, damage in DAMAGES.items():
        for seed in range(TIMES):
            if copy := mutated(path, damage, tmp_path, seed):
                tried += 1
                rejects, flags = judged(copy)
                if not rejects and not flags:
                    missed.append(f"{name} (seed {seed})")
    print(f"{path.name}: {tried - len(missed)} of {tried} caught; missed: {missed}")
    assert tried >= 5
    assert len(missed) <= 0.02 * tried, missed


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_a_harmless_variant_is_read(path: Path, tmp_path: Path) -> None:
    if not known(path):
        pytest.skip("no layout reads this file")
    for name, variant in VARIANTS.items():
        for seed in range(TIMES):
            if copy := mutated(path, variant, tmp_path, seed):
                assert judged(copy) == ([], []), name


@pytest.mark.parametrize("path", WORKBOOKS, ids=lambda path: path.name)
def test_a_damaged_workbook_is_refused_or_flagged(path: Path, tmp_path: Path) -> None:
    tried, missed = 0, []
    for name, damage in SHEET_DAMAGES.items():
        for seed in range(TIMES):
            sheets = load(path)
            if damage(sheets, random.Random(seed)):
                tried += 1
                rejects, flags = judged(write(tmp_path / path.name, sheets))
                if not rejects and not flags:
                    missed.append(f"{name} (seed {seed})")
    print(f"{path.name}: {tried - len(missed)} of {tried} caught; missed: {missed}")
    # Two columns alike may be exchanged and leave every sum, growth and share as they were: only another file tells.
    certain = [one for one in missed if "exchanged" not in one]
    assert not certain
    assert len(missed) <= max(1, TIMES / 2)
