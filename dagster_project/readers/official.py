"""The registry of producers' own layouts: what each is called, how it is recognised, and how it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Literal

from dagster_project.readers.cells import Reading

# No layout admits more; beyond, a file is not even looked at.
LARGEST = 6 << 30
_MOST = 64 << 20


@dataclass(frozen=True)
class Recognition:
    """What a file has, and lacks, of a layout. French words a person would look for in the file."""

    found: tuple[str, ...]
    missing: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        return bool(self.found) and not self.missing


@dataclass(frozen=True)
class EditionFacts:
    """What a file says of its own edition: its label (``2020-12``), and when it was published, if it does."""

    label: str
    published_on: date | None = None
    published_not_after: date | None = None
    basis: str | None = None


@dataclass(frozen=True)
class OfficialLayout:
    """A kind of file a producer publishes, or a person fills; restricted where its cells are not to be published.

    ``largest``: bytes its data file may have, out of its archive. A larger one is refused before it is read.
    ``covers_itself_only``: such a file says nothing of the cells it lacks (a workbook filled by one territory, the
    answer to a question about some); of any other, a cell it no longer holds is withdrawn.
    """

    name: str
    publisher: str
    dataset: str
    title_fr: str
    licence: str
    recognise: Callable[[Path], Recognition]
    edition: Callable[[Path], EditionFacts]
    read: Callable[[Path, Reading], None]
    access: Literal["open", "restricted"] = "open"
    largest: int = _MOST
    covers_itself_only: bool = False
