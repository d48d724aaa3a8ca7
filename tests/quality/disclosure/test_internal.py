"""What the internal files remember of restricted editions, whatever becomes of those and of the releases."""

import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from dagster_project.quality.disclosure.cells import Memory
from dagster_project.quality.disclosure.internal import forget_retired, keep_internal, remembered
from dagster_project.release.proof import MANIFEST_DIGEST
from dagster_project.settings import Settings
from tests.quality.disclosure.made import make, row
from tests.quality.disclosure.stage import Edition


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    return Settings(tmp_path / "raw", warehouse)


def release(settings: Settings, folder: Path, day: int, *editions: Edition) -> Memory:
    """Keep what a release of these editions tells, on what those before it told; what it tells."""
    made = make(folder, editions, memory=remembered(settings))
    name = f"202601{day:02}T000000Z-00000000"
    keep_internal(settings, made.path, name)
    sealed = settings.releases / name / MANIFEST_DIGEST
    sealed.parent.mkdir(parents=True)
    sealed.touch()
    return made.memory


def retire(settings: Settings, day: int) -> None:
    (leaving,) = settings.releases.glob(f"202601{day:02}*")
    shutil.rmtree(leaving)
    forget_retired(settings)


def test_withdrawn_editions_are_remembered_after_the_releases_that_told_them(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stages")
    told = [
        release(settings, folder, day, (name, 2024, row([3, *range(20, 32), *([40] if day == 2 else [])])))
        for day, name in enumerate(("later", "earlier"), start=1)
    ]
    release(settings, folder, 3)
    for day in (1, 2):
        retire(settings, day)
    assert list(remembered(settings)) == [*_in_order(told[0]), *_in_order(told[1])]


def test_two_contents_of_one_name_are_remembered_apart(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("stages")
    here = ("ase_leavers", "departement", "31")
    for day, count in enumerate((3, 40, 2), start=1):
        release(settings, folder, day, ("e0", 2024, [(here, Decimal(count))]))
    known = {(cell.value, status) for cell, status in remembered(settings)}
    assert known == {(Decimal(3), "C"), (Decimal(40), "F"), (Decimal(2), "C")}
    assert {path.name for path in settings.internal.rglob("*.parquet")} == {"cellules.parquet", "retirees.parquet"}


def _in_order(memory: Memory) -> Memory:
    return sorted(memory, key=lambda told: told.cell.key)
