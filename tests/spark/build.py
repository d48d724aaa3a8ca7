"""Publish archives in a process of its own, with the engine its environment chooses; and the models' unit tests."""

import shutil
import sys
from pathlib import Path

from benchmarks.national import Size, generate
from dagster_project.runner import run_refresh
from dagster_project.settings import PROJECT, Settings
from tests.models.invoke import unit_tests
from tests.richer import built, enrich


def main(folder: Path, archives: list[str]) -> None:
    """Publish some of the archives ``rapport`` and ``enrichie``, each in a warehouse of that name.

    The unit tests of the models are run on the tables of the second.
    """
    if "rapport" in archives:
        run_refresh(Settings(PROJECT / "raw", folder / "rapport", pages=False), tell=lambda text: None)
    if "enrichie" in archives:
        raw, nation = folder / "raw", folder / "nation"
        shutil.copytree(PROJECT / "raw", raw)
        enrich(raw)
        generate(nation, Size(months=1, measures=1))
        shutil.copytree(nation, raw, dirs_exist_ok=True)
        with built(Settings(raw, folder / "enrichie", pages=False)) as run:
            passed = unit_tests(run.stage)
            print(f"  {len(passed)} tests unitaires des modèles réussis", flush=True)
            run.publish()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
