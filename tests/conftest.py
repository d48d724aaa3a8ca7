"""One long-lived process and one built release serve most tests; each test that changes something has its copy."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings
from tests.network import no_network

if TYPE_CHECKING:
    from tests.richer import RicherStage

pytest_plugins = ["tests.drills.tally"]


@pytest.fixture(scope="session", autouse=True)
def _private_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test ever touches the project's own warehouse, whatever it forgets."""
    patch = pytest.MonkeyPatch()
    patch.setenv("BILAN_WAREHOUSE", str(tmp_path_factory.mktemp("unused")))
    patch.delenv("BILAN_RAW", raising=False)
    # Those of `published` are looked at; a thousand other publications do without.
    patch.setenv("BILAN_PAGES", "0")
    yield
    patch.undo()


@pytest.fixture(scope="session")
def asked_of_the_network(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where what the refresh of `published` asked of the network is written."""
    return tmp_path_factory.mktemp("network") / "asked.log"


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory, asked_of_the_network: Path) -> Settings:
    """The project's own raw/, refreshed once, without network, into a warehouse nobody writes to afterwards."""
    settings = Settings(PROJECT / "raw", tmp_path_factory.mktemp("warehouse"), pages=True)
    with no_network(asked_of_the_network):
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
    from tests.richer import build_stage

    kept = tmp_path_factory.mktemp("stage") / "stage.duckdb"
    build_stage(Settings(PROJECT / "raw", tmp_path_factory.mktemp("warehouse_of_stage")), kept)
    return kept


@pytest.fixture(scope="session")
def richer_stage(tmp_path_factory: pytest.TempPathFactory) -> "RicherStage":
    """The stage of a larger archive than the report's: several editions, regions and sources."""
    from tests.richer import RicherStage

    return RicherStage.built_in(tmp_path_factory.mktemp("richer"))
