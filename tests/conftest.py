"""One built release serves most tests, in all their processes; each test that changes something has its copy."""

import fcntl
import gc
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings
from tests.doors import ForkedDoor
from tests.network import no_network

if TYPE_CHECKING:
    from dagster_project.release.publish import Published
    from tests.drills.miniature import Miniature
    from tests.richer import RicherStage

# As the command line does: looking for cycles among what Dagster and dbt keep would be a tenth of the tests.
gc.set_threshold(200_000)

pytest_plugins = ["tests.drills.tally", "tests.postgres"]


@pytest.fixture(scope="session", autouse=True)
def _private_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test ever touches the project's own warehouse, whatever it forgets."""
    patch = pytest.MonkeyPatch()
    patch.setenv("BILAN_WAREHOUSE", str(tmp_path_factory.mktemp("unused")))
    for name in ("BILAN_RAW", "BILAN_ALERT_TO", "BILAN_ALERT_WEBHOOK", "BILAN_HISTORY_URL"):
        patch.delenv(name, raising=False)
    # Those of `published` are looked at; a thousand other publications do without.
    patch.setenv("BILAN_PAGES", "0")
    # The parallel processes share the cores; on small tables, threads that wait for each other cost more than they do.
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    patch.setenv("BILAN_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    yield
    patch.undo()


@pytest.fixture(scope="session", autouse=True)
def _doors_that_need_not_load() -> Iterator[None]:
    """The runs of this process have their doors forked, not started anew; those of commands are started."""
    patch = pytest.MonkeyPatch()
    patch.setattr("dagster_project.quality.door._started", ForkedDoor)
    yield
    patch.undo()


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> "Once":
    """Builds a folder in the first of the parallel processes that asks for it; the others wait, and use it."""
    own = tmp_path_factory.getbasetemp()
    return Once(own.parent if "PYTEST_XDIST_WORKER" in os.environ else own)


@dataclass(frozen=True)
class Once:
    """Where the parallel processes of one run of the tests find what one of them made."""

    root: Path

    def __call__(self, name: str, build: Callable[[Path], None]) -> Path:
        folder, done = self.root / name, self.root / f"{name}.done"
        with (self.root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not done.exists():
                folder.mkdir()
                build(folder)
                done.touch()
        return folder


@pytest.fixture(scope="session")
def published(once: Once) -> Settings:
    """The project's own raw/, refreshed once, without network, into a warehouse nobody writes to afterwards.

    Beside the warehouse, `asked.log` is what it asked of the network, and `stage.duckdb` what it published.
    """
    from dagster_project.refresh import Refresh

    def build(folder: Path) -> None:
        publish = Refresh.publish

        def keep_and_publish(run: Refresh) -> "Published":
            shutil.copy(run.stage, folder / "stage.duckdb")
            return publish(run)

        with no_network(folder / "asked.log"), pytest.MonkeyPatch.context() as patch:
            patch.setattr(Refresh, "publish", keep_and_publish)
            run_refresh(Settings(PROJECT / "raw", folder / "warehouse", pages=True), tell=lambda text: None)

    return Settings(PROJECT / "raw", once("published", build) / "warehouse", pages=True)


@pytest.fixture(scope="session")
def miniature(once: Once) -> "Miniature":
    """A project of two datasets, published; each drill breaks its own copy."""
    from tests.drills.forked import bilan
    from tests.drills.miniature import Miniature

    def build(folder: Path) -> None:
        code, said = bilan(Miniature.built_in(folder), "refresh")
        assert code == 0, said

    return Miniature(once("miniature", build))


@pytest.fixture
def workshop(miniature: "Miniature", tmp_path: Path) -> Settings:
    """A copy of the miniature's raw/ and warehouse, to break."""
    return miniature.copied_to(tmp_path).settings


@pytest.fixture
def whole_workshop(published: Settings, tmp_path: Path) -> Settings:
    """A copy of the project's own raw/ and of the published warehouse, to break."""
    raw, warehouse = tmp_path / "raw", tmp_path / "warehouse"
    shutil.copytree(published.raw, raw)
    shutil.copytree(published.warehouse, warehouse, symlinks=True)
    return Settings(raw, warehouse)


@pytest.fixture(scope="session")
def stage(published: Settings) -> Path:
    """A stage file as it is just before publication, kept for tests on tables."""
    return published.warehouse.with_name("stage.duckdb")


@pytest.fixture(scope="session")
def richer_stage(once: Once) -> "RicherStage":
    """The stage of a larger archive than the report's: several editions, regions and sources."""
    from tests.richer import RicherStage, build_richer

    return RicherStage(once("richer", build_richer))
