"""The published file is read by the oldest driver announced and by the newest there is."""

import json
import subprocess
from pathlib import Path

import pytest

from dagster_project.release.rebuild import find_uv
from dagster_project.settings import Settings

READ_EVERYTHING = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1], read_only=True)
tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall()
for (name,) in tables:
    print(name, len(connection.execute(f'from marts."{name}"').fetchall()))
print(duckdb.__version__, file=sys.stderr)
"""


@pytest.mark.slow
@pytest.mark.parametrize(("wanted", "version"), [("duckdb==1.1.3", "1.1.3"), ("duckdb>=2,<2.1", "2.0")])
def test_every_mart_reads_with_the_oldest_and_the_newest_driver(
    published: Settings, tmp_path: Path, wanted: str, version: str
) -> None:
    python = environment(tmp_path, wanted)
    done = subprocess.run(
        [python, "-c", READ_EVERYTHING, str(published.served)], capture_output=True, text=True, check=True
    )
    assert done.stderr.startswith(version)
    manifest = json.loads((published.served.resolve().parent / "manifest.json").read_text(encoding="utf-8"))
    assert done.stdout.splitlines() == [f"{name} {table['rows']}" for name, table in manifest["marts"].items()]


def environment(folder: Path, requirement: str) -> str:
    uv = find_uv()
    if uv is None:
        pytest.skip("uv is not installed: no throw-away environment can be built")
    for arguments in (
        ["venv", "--quiet", "--python", "3.11", str(folder / "venv")],
        ["pip", "install", "--quiet", "--python", str(folder / "venv"), requirement],
    ):
        done = subprocess.run([uv, *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"{requirement} cannot be had here: {done.stderr.strip().splitlines()[-1]}")
    return str(folder / "venv" / "bin" / "python")
