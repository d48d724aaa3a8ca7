"""Dagster's interface has no authentication: nobody but this machine may reach it."""

import re

from dagster_project.runner import dev_command
from dagster_project.settings import PROJECT


def test_the_interface_is_on_the_loopback_address() -> None:
    command = dev_command(3000)
    assert command[command.index("--host") + 1] == "127.0.0.1"


def test_nothing_else_here_starts_a_server() -> None:
    starts = re.compile(r"""["'](dev|--host|dagster-webserver|webserver)["']""")
    files = [*(PROJECT / "dagster_project").rglob("*.py"), PROJECT / "Makefile"]
    assert [path.name for path in files if starts.search(path.read_text(encoding="utf-8"))] == ["runner.py"]
