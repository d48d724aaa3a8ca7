"""Dagster's own home: where runs, checks and ticks are kept, whoever started them."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.settings import PROJECT, Settings

if TYPE_CHECKING:
    from dagster import DagsterInstance

_CONFIGURATION = PROJECT / "dagster_project" / "dagster.yaml"
# The address holds a password: Dagster reads it from the environment too, and no file has it.
_URL = "BILAN_HISTORY_URL"
# SQLAlchemy would take another driver by itself, which Dagster's notifications do not pass.
_SCHEME = "postgresql+psycopg2://"
_IN_POSTGRESQL = f"""
storage:
  postgres:
    postgres_url:
      env: {_URL}
"""
_IN_SQLITE = """
storage:
  custom:
    module: dagster_project.sqlite_history
    class: SqliteHistory
    config: {{base_dir: {folder}}}
"""


def prepare_history(settings: Settings) -> Path:
    """Make Dagster's home ready, and return it. ``BILAN_HISTORY_URL`` keeps the history in PostgreSQL, not SQLite.

    Raises:
        WrongUseError: the address is not one that Dagster can use, or what it needs is not installed.
    """
    settings.history.mkdir(parents=True, exist_ok=True)
    wanted = _CONFIGURATION.read_text(encoding="utf-8")
    if url := os.environ.get(_URL):
        if not url.startswith(_SCHEME):
            raise WrongUseError(f"{_URL} : attendu {_SCHEME}compte:mot-de-passe@serveur:5432/base.")
        if find_spec("dagster_postgres") is None:
            raise WrongUseError(f"{_URL} demande « uv sync --locked --extra postgresql ».")
        wanted += _IN_POSTGRESQL
    else:
        wanted += _IN_SQLITE.format(folder=json.dumps(str(settings.history)))
    _write(settings.history / "dagster.yaml", wanted)
    return settings.history


@contextmanager
def history(settings: Settings) -> "Iterator[DagsterInstance]":
    """The history, open.

    Raises:
        BilanError: it is in PostgreSQL, which does not answer; the message names no secret.
    """
    from dagster import DagsterInstance

    home = str(prepare_history(settings))
    try:
        instance = DagsterInstance.from_config(home)
    except Exception as error:
        if not os.environ.get(_URL):
            raise
        cause = error.__cause__ or error
        why = str(getattr(cause, "orig", cause)).strip().partition("\n")[0]
        raise BilanError(f"L'historique des exécutions ({_URL}) ne s'ouvre pas : {why}") from None
    with instance:
        yield instance


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a Dagster process that works on these folders."""
    return {
        **os.environ,
        "DAGSTER_HOME": str(settings.history),
        "BILAN_RAW": str(settings.raw),
        "BILAN_WAREHOUSE": str(settings.warehouse),
    }


def _write(path: Path, text: str) -> None:
    """Replace it whole, where it differs: a daemon may be reading it."""
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(path)
