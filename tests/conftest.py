"""One long-lived process and one built release serve most tests; each test that changes something has its copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from dagster_project.refresh import Refresh
from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings


@pytest.fixture(scope="session", autouse=True)
def _private_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test ever touches the project's own warehouse, whatever it forgets."""
    patch = pytest.MonkeyPatch()
    patch.setenv("BILAN_WAREHOUSE", str(tmp_path_factory.mktemp("unused")))
    patch.delenv("BILAN_RAW", raising=False)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The project's own raw/, refreshed once into a warehouse nobody writes to afterwards."""
    settings = Settings(PROJECT / "raw", tmp_path_factory.mktemp("warehouse"))
    run_refresh(settings, tell=lambda text: None)
    return settings


@pytest.fixture
def workshop(published: Settings, tmp_path: Path) -> Settings:
    """A copy of raw/ and of the published warehouse, to break."""
    raw, warehouse = tmp_path / "raw", tmp_path / "warehouse"
    shutil.copytree(published.raw, raw)
    shutil.copytree(published.warehouse, warehouse, symlinks=True)
    return Settings(raw, warehouse)


@pytest.fixture(scope="session")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stage file as it is just before publication, kept for tests on tables."""
    from dagster_project.assets import transform

    kept = tmp_path_factory.mktemp("stage") / "stage.duckdb"
    settings = Settings(PROJECT / "raw", tmp_path_factory.mktemp("warehouse_of_stage"))
    with Refresh.start(settings) as run:
        for dataset in run.catalogue:
            run.take_in(dataset.name)
        run.write_context()
        run.protect()
        run.stop_on_failures(run.build(transform.CORE_SELECTION, "core"))
        run.reconcile()
        run.stop_on_failures(run.build(transform.MARTS_SELECTION, "marts"))
        shutil.copy(run.stage, kept)
    return kept
