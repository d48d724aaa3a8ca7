"""Dagster's own home: where runs, checks and ticks are kept, whoever started them."""

import os
import shutil
from pathlib import Path

from dagster_project.settings import PROJECT, Settings

_CONFIGURATION = PROJECT / "dagster_project" / "dagster.yaml"


def prepare_history(settings: Settings) -> Path:
    """Make Dagster's home ready, and return it."""
    settings.history.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_CONFIGURATION, settings.history / "dagster.yaml")
    return settings.history


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a Dagster process that works on these folders."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(settings.history),
        "BILAN_RAW": str(settings.raw),
        "BILAN_WAREHOUSE": str(settings.warehouse),
    }
