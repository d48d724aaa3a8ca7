"""One file read by one layout, and what is said of it."""

from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.official import OfficialLayout
from tests.readers.connection import new_connection


def reading_of(layout: OfficialLayout, path: Path) -> Reading:
    """The reading of this file, on a connection of its own."""
    reading = Reading(new_connection(), path.name)
    layout.read(path, reading)
    reading.flush()
    return reading


def rejected(reading: Reading) -> set[tuple[str, int | None, str | None]]:
    """Rule, row and column of each refusal."""
    return {(one.rule, one.row, one.column_letter) for one in reading.rejects}


def flagged(reading: Reading) -> set[tuple[str | None, int | None, str | None]]:
    """Sheet, row and column of each flag."""
    return {(one.sheet, one.row, one.column_letter) for one in reading.flags}


def number(reading: Reading, query: str) -> object:
    """The one value a query on the reading's connection gives."""
    row = reading.connection.execute(query).fetchone()
    assert row is not None
    return row[0]
