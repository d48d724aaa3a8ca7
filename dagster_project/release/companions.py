"""What a release holds beside its tables: each companion reads the new database and writes its files in the folder.

They are written after the database and before the tables are exported, hashed and sealed: a companion may still add
rows to a table that tells what the release changes. One that raises stops the publication; nobody has seen anything.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.database import open_database
from dagster_project.release.diff.publication import write_diff
from dagster_project.release.digest import Period
from dagster_project.release.proof import DATABASE
from dagster_project.release.stage import ReleaseFacts
from dagster_project.release.tables import Content
from dagster_project.settings import Settings


@dataclass(frozen=True)
class Draft:
    """A release being written: its tables are there, nothing is sealed, no reader can see it."""

    settings: Settings
    folder: Path
    stage: Path
    facts: ReleaseFacts
    tables: dict[str, Content]
    previous: Path | None
    """The folder of the release served until now; None before the first, or where its manifest is lost."""

    @property
    def digests(self) -> dict[str, str | None]:
        """The content digest of each table; None for a table of run facts."""
        return {name: table.sha256 for name, table in self.tables.items()}

    @property
    def checksums(self) -> dict[str, str]:
        """What tells that the copy of a table is faithful; nothing of a table of run facts."""
        return {name: table.checksum for name, table in self.tables.items() if table.checksum}

    def changed_since(self, digests: Mapping[str, str | None]) -> dict[str, Sequence[Period]]:
        """The periods that are not the same as in a release, of the tables last kept when they had its digests."""
        return {
            name: table.since.changed
            for name, table in self.tables.items()
            if table.since and table.since.sha256 == digests.get(name)
        }

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The new tables, read-only."""
        with open_database(self.database, read_only=True) as connection:
            yield connection


Companion = Callable[[Draft], None]

# In the order they are written: a later one may read the files of an earlier one, and the rows it added.
COMPANIONS: tuple[Companion, ...] = (write_diff,)


def write_companions(draft: Draft) -> None:
    """Write everything that goes with the tables."""
    for write in COMPANIONS:
        write(draft)
