"""Where things are: the project's folders, and the two that may be placed elsewhere."""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster_project.errors import WrongUseError

PROJECT = Path(__file__).resolve().parent.parent
DBT_PROJECT = PROJECT / "dbt"
TERRITORIES = DBT_PROJECT / "seeds" / "territories.csv"
TIMEZONE = "Europe/Paris"


_MEMORY = 3 << 30
_SIZE = re.compile(r"(?=.*[1-9])\d+(\.\d+)? ?[KMGT](i?B)?", re.IGNORECASE)
_NUMBER = re.compile(r"[1-9]\d{0,3}")


def duckdb_limits() -> dict[str, Any]:
    """What DuckDB may take of the machine in a run, as it reads it: memory, before it spills beside the stage; threads.

    ``BILAN_MEMORY`` (``8GB``), or 3 GiB, or half of what a smaller machine has; ``BILAN_THREADS``, or what DuckDB finds
    this process may use. What is published depends on neither.

    Raises:
        WrongUseError: one of them is not a quantity.
    """
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    memory = _asked("BILAN_MEMORY", _SIZE, "une quantité de mémoire, comme 8GB")
    limits = {"memory_limit": memory or f"{min(_MEMORY, machine // 2) >> 20}MiB"}
    if threads := _asked("BILAN_THREADS", _NUMBER, "un nombre de fils d'exécution, comme 2"):
        limits["threads"] = threads
    return limits


def _asked(name: str, form: re.Pattern[str], meaning: str) -> str | None:
    written = os.environ.get(name)
    if written and not form.fullmatch(written):
        raise WrongUseError(f"{name} : « {written} » n'est pas {meaning}.")
    return written


def _pages_are_wanted() -> bool:
    return os.environ.get("BILAN_PAGES") != "0"


@dataclass(frozen=True)
class Settings:
    """The two folders a run works on, what came in and what goes out; and what a release holds beside its tables."""

    raw: Path
    warehouse: Path
    pages: bool = field(default_factory=_pages_are_wanted)
    """Whether a release has its site and its workbooks; ``BILAN_PAGES=0`` does without, and saves their seconds."""

    @property
    def releases(self) -> Path:
        return self.warehouse / "releases"

    @property
    def internal(self) -> Path:
        """The restricted cells of each release, for those entitled; never among what is published."""
        return self.warehouse / "internal"

    @property
    def served(self) -> Path:
        """The link every reader opens."""
        return self.warehouse / "bilan.duckdb"

    @property
    def stage(self) -> Path:
        """The private folder of the run under way."""
        return self.warehouse / ".stage"

    @property
    def accepted(self) -> Path:
        """The rows of the editions the door accepted; losing them costs only time."""
        return self.warehouse / ".accepted"

    @property
    def base(self) -> Path:
        """The tables the last run kept for the next one; losing them costs only time."""
        return self.warehouse / ".base"

    @property
    def coming(self) -> Path:
        """Which release is moving to its place, for as long as it is not served."""
        return self.warehouse / ".coming.json"

    @property
    def rejects(self) -> Path:
        """The cells the last run refused, as a table people can open."""
        return self.warehouse / "refus.csv"

    @property
    def to_approve(self) -> Path:
        """What waits for an approval, in full: the message shows the largest."""
        return self.warehouse / "a_approuver.csv"

    @property
    def lock(self) -> Path:
        return self.warehouse / ".lock"

    @property
    def connectors(self) -> Path:
        """What earlier fetches learnt, and downloads under way; losing it costs only time."""
        return self.warehouse / ".connectors"

    @property
    def history(self) -> Path:
        """Dagster's home: runs, checks and ticks."""
        return self.warehouse / ".dagster"


def load_settings() -> Settings:
    """Read ``BILAN_RAW`` and ``BILAN_WAREHOUSE``; both default to the project's own folders.

    Raises:
        WrongUseError: one of them is not a folder.
    """
    return Settings(_folder("BILAN_RAW", "raw"), _folder("BILAN_WAREHOUSE", "warehouse"))


def _folder(name: str, own: str) -> Path:
    folder = Path(os.environ.get(name) or PROJECT / own).resolve()
    if folder.exists() and not folder.is_dir():
        raise WrongUseError(f"{name} : « {folder} » n'est pas un dossier.")
    return folder
