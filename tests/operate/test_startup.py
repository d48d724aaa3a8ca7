"""What starts at once, stays so: what each command may not load. A library loaded too early costs every one of them."""

import json
import subprocess
import sys

import pytest

from dagster_project.history import environment
from dagster_project.settings import Settings

# The slow ones, by the name they are imported by; half a second to three each, or what is of no use before the work.
SLOW = {
    "altair", "dagster", "dbt", "great_expectations", "httpx", "jinja2", "numpy", "pandas", "scipy", "sqlalchemy",
    "smtplib", "vl_convert", "xlsxwriter",
}  # fmt: skip
OF_THE_DOOR = {"great_expectations", "scipy", "altair"}
_LOADED = """
import json, sys
from dagster_project.cli import _exit_code
sys.argv = ["bilan", *sys.argv[1:]]
code = _exit_code()
print(json.dumps([code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def loaded(settings: Settings, *arguments: str) -> set[str]:
    """The libraries that a command has loaded when it ends well."""
    done = subprocess.run(
        [sys.executable, "-c", _LOADED, *arguments],
        env=environment(settings), capture_output=True, text=True, check=True,
    )  # fmt: skip
    code, libraries = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stderr
    return set(libraries)


def test_help_loads_nothing(published: Settings) -> None:
    assert not loaded(published, "--help") & (SLOW | {"duckdb", "pydantic", "yaml"})


@pytest.mark.parametrize("arguments", [["status"], ["status", "--max-age", "100j"], ["alert"], ["refresh"]])
def test_what_does_no_work_loads_nothing_slow(published: Settings, arguments: list[str]) -> None:
    """An unchanged refresh is one of them."""
    assert not loaded(published, *arguments) & (SLOW | {"duckdb", "python_calamine"})


def test_a_refresh_leaves_the_libraries_of_the_door_to_the_door(workshop: Settings) -> None:
    libraries = loaded(workshop, "refresh", "--force")
    assert {"dagster", "dbt", "duckdb"} <= libraries
    assert not libraries & OF_THE_DOOR
