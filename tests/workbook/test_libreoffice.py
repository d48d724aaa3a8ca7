"""A workbook reopened by LibreOffice, computed and saved by it, still says what the marts say."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.workbook.conftest import Workbooks
from tests.workbook.reading import Cells, origins_of, same, sheets_of

# How many more workbooks of the release are reopened: all of them with 17.
MORE = int(os.environ.get("BILAN_WORKBOOKS_REOPENED", "0"))


@pytest.mark.slow
def test_libreoffice_reads_every_value_as_the_marts_have_it(
    workbooks: Workbooks, troubled: Workbooks, tmp_path: Path
) -> None:
    chosen = [(workbooks, workbooks.of("region-76")), (troubled, troubled.of("30"))]
    chosen += [(workbooks, path) for path in workbooks.all][:MORE]
    checked = 0
    for (made, path), reopened in zip(chosen, converted([path for _, path in chosen], tmp_path), strict=True):
        sheets, before, cells = sheets_of(reopened), sheets_of(path), Cells(made.marts)
        assert list(sheets) == list(before)
        origins = origins_of(before)
        wrong = [
            (path.name, name, row, column, sheets[name][row][column])
            for (name, row, column), source in origins.items()
            if not same(sheets[name][row][column], cells.at(*source))
        ]
        assert not wrong
        assert [texts_of(rows) <= texts_of(sheets[name]) for name, rows in before.items()].count(False) == 0
        checked += len(origins)
    assert checked > 1000


def texts_of(rows: list[list[Any]]) -> set[str]:
    return {value for row in rows for value in row if isinstance(value, str)}


def converted(paths: list[Path], folder: Path) -> list[Path]:
    """The same workbooks, opened and saved again as LibreOffice's own."""
    soffice = shutil.which("soffice") or shutil.which("libreoffice")
    if soffice is None:
        pytest.skip("LibreOffice is not installed: workbooks are only read back with calamine")
    # Two releases have workbooks of one name.
    numbered = [Path(shutil.copy(path, folder / f"{n}-{path.name}")) for n, path in enumerate(paths)]
    home = f"-env:UserInstallation=file://{folder}/home"
    command = [soffice, home, "--headless", "--convert-to", "ods", "--outdir", str(folder), *map(str, numbered)]
    subprocess.run(command, capture_output=True, check=True, timeout=240)
    return [path.with_suffix(".ods") for path in numbered]
