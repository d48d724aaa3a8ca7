"""Refreshes a project once, in the process that the drills' refreshes are forked from: the first time is slow.

What they find is what it left in memory: no thread runs, no database is open.
"""

import tempfile
from pathlib import Path

import pytest

import dagster_project.cli
import dagster_project.release.verify  # noqa: F401
from dagster_project.runner import run_refresh
from tests.doors import Nursery
from tests.drills.miniature import Miniature

NURSERY = Nursery()
with tempfile.TemporaryDirectory() as _folder, pytest.MonkeyPatch.context() as _patch:
    _patch.setattr("dagster_project.quality.door._started", NURSERY.started)
    run_refresh(Miniature.built_in(Path(_folder)).settings, tell=lambda text: None)
