"""A refresh uses no network: only `bilan fetch` does."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.settings import Settings
from tests.network import no_network


def test_a_refresh_asks_nothing_of_the_network(published: Settings) -> None:
    assert published.served.exists()
    assert (published.warehouse.parent / "asked.log").read_text(encoding="utf-8") == ""


def test_the_guard_sees_what_is_asked_here_and_in_a_child(tmp_path: Path) -> None:
    log = tmp_path / "asked.log"
    with no_network(log):
        with pytest.raises(OSError, match="no network here"):
            socket.create_connection(("example.invalid", 80))
        child = "import socket; socket.create_connection(('192.0.2.1', 80))"
        assert subprocess.run([sys.executable, "-c", child], capture_output=True, check=False).returncode == 1
    assert log.read_text(encoding="utf-8").split() == [
        "socket.getaddrinfo", "example.invalid", "socket.getaddrinfo", "192.0.2.1",
    ]  # fmt: skip
