"""What a release holds for those who write no SQL, site and workbooks, each made in a process of its own.

``python -m dagster_project.release.pages <part>`` writes a part in its working folder, from the database that is there.
A process left behind by a killed run works in a folder that is gone, not in the next run's.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Self

from dagster_project.errors import BilanError
from dagster_project.machine import machine_failure
from dagster_project.release.proof import DATABASE

SITE, WORKBOOKS = "site", "classeurs"


class Pages(AbstractContextManager["Pages"]):
    """The parts of a release under way; whatever becomes of the run, nothing of them goes on being written."""

    def __init__(self, folder: Path) -> None:
        self._processes = [_process(part, folder) for part in _PARTS]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for process in self._processes:
            process.kill()
            process.wait()

    @property
    def are_over(self) -> bool:
        return all(process.poll() is not None for process in self._processes)

    def wait(self) -> None:
        """Wait for the last page and the last workbook.

        Raises:
            BilanError: they could not be written.
        """
        for process in self._processes:
            _, said = process.communicate()
            if code := process.returncode:
                last = said.strip().splitlines()[-1:]
                raise BilanError(f"Le site ou les classeurs n'ont pas pu être écrits : {' '.join(last) or code}")


def _process(part: str, folder: Path) -> "subprocess.Popen[str]":
    home = Path(__file__).resolve().parents[2]  # where the package is found, whatever the working folder
    return subprocess.Popen(
        [sys.executable, "-m", __name__, part],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(home)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        encoding="utf-8",
    )


def _write_site(folder: Path) -> None:
    from dagster_project.report.site import build_site

    build_site(folder / DATABASE, folder / SITE)


def _write_workbooks(folder: Path) -> None:
    from dagster_project.report.workbooks import build_workbooks

    build_workbooks(folder / DATABASE, folder / WORKBOOKS)


_PARTS: dict[str, Callable[[Path], None]] = {SITE: _write_site, WORKBOOKS: _write_workbooks}

if __name__ == "__main__":
    try:
        _PARTS[sys.argv[1]](Path())
    except Exception as error:
        if sentence := machine_failure(error):
            sys.exit(sentence)
        raise
