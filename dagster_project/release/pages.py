"""What a release holds for those who read no SQL, made in a process of its own while the tables are exported.

``python -m dagster_project.release.pages`` writes it in its working folder, from the database that is there. A process
left behind by a killed run works in a folder that is gone, not in the next run's.
"""

import os
import subprocess
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from dagster_project.errors import BilanError
from dagster_project.machine import machine_failure
from dagster_project.release.proof import DATABASE

SITE = "site"


class Pages(AbstractContextManager["Pages"]):
    """The pages of a release under way; whatever becomes of the run, nothing of them goes on being written."""

    def __init__(self, folder: Path) -> None:
        home = Path(__file__).resolve().parents[2]  # where the package is found, whatever the working folder
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__],
            cwd=folder,
            env={**os.environ, "PYTHONPATH": str(home)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()

    @property
    def is_over(self) -> bool:
        return self._process.poll() is not None

    def wait(self) -> None:
        """Wait for the last page.

        Raises:
            BilanError: the pages could not be written.
        """
        _, said = self._process.communicate()
        if code := self._process.returncode:
            last = said.strip().splitlines()[-1:]
            raise BilanError(f"Les pages de la version n'ont pas pu être écrites : {' '.join(last) or code}")


def write_pages(folder: Path) -> None:
    """Write the site of the release whose database is in the folder."""
    from dagster_project.report.site import build_site

    build_site(folder / DATABASE, folder / SITE)


if __name__ == "__main__":
    try:
        write_pages(Path())
    except Exception as error:
        if sentence := machine_failure(error):
            sys.exit(sentence)
        raise
