"""Dagster's own home: where runs, checks and ticks are kept, whoever started them."""

import os
import shutil
from pathlib import Path

from dagster_project.settings import PROJECT, Settings

_CONFIGURATION = PROJECT / "dagster_project" / "dagster.yaml"


def prepare_history(settings: Settings) -> Path:
    """Make Dagster's home ready and name it in the environment, for this process and those it starts."""
    settings.history.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(_CONFIGURATION, settings.history / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.history)
    os.environ["BILAN_RAW"] = str(settings.raw)
    os.environ["BILAN_WAREHOUSE"] = str(settings.warehouse)
    return settings.history
