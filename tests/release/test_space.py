"""A full disk is said before anything is begun."""

import shutil
from types import SimpleNamespace

import pytest

from dagster_project.errors import BilanError
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings


def test_a_disk_without_room_is_said_and_nothing_is_begun(workshop: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    served = workshop.served.readlink()
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=10 << 20))
    with pytest.raises(BilanError, match="n'a que 10 Mo libres"):
        run_refresh(workshop, force=True, tell=lambda line: None)
    assert workshop.served.readlink() == served
    assert not workshop.stage.exists()
