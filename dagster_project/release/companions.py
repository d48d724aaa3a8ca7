"""What a release holds beside its tables: each companion reads the new database and writes its files in the folder.

They are written after the database and before the tables are exported, hashed and sealed: a companion may still add
rows to a table that tells what the release changes. One that raises stops the publication; nobody has seen anything.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.release.proof import DATABASE
from dagster_project.release.stage import MARTS, ReleaseFacts, insert_rows


@dataclass(frozen=True)
class Draft:
    """A release being written: its tables are there, nothing is sealed, no reader can see it."""

    folder: Path
    stage: Path
    facts: ReleaseFacts
    previous: Path | None
    """The folder of the release served until now; None before the first."""

    @property
    def database(self) -> Path:
        return self.folder / DATABASE

    @contextmanager
    def read(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The new tables, read-only."""
        with duckdb.connect(str(self.database), read_only=True) as connection:
            yield connection

    def add_rows(self, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to a published table, in the order given (that of its key); no reading connection may be open."""
        with duckdb.connect(str(self.database)) as connection:
            insert_rows(connection, f'{MARTS}."{table}"', rows)
            connection.execute("checkpoint")


Companion = Callable[[Draft], None]

# In the order they are written: a later one may read the files of an earlier one, and the rows it added.
COMPANIONS: tuple[Companion, ...] = ()


def write_companions(draft: Draft) -> None:
    """Write everything that goes with the tables."""
    for write in COMPANIONS:
        write(draft)
