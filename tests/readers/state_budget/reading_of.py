"""Read bytes as a file of a layout."""

from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.official import OfficialLayout
from dagster_project.settings import PROJECT
from tests.readers.connection import new_connection

DATA = PROJECT.parent / "shared" / "data"


def read(layout: OfficialLayout, folder: Path, content: bytes, name: str) -> Reading:
    path = folder / name
    path.write_bytes(content)
    reading = Reading(new_connection(), path.name)
    layout.recognise(path)
    layout.edition(path)
    layout.read(path, reading)
    return reading


def told(reading: Reading) -> list[str]:
    return [reject.message for reject in reading.rejects + reading.flags]


def pointed(reading: Reading) -> set[tuple[int | None, str | None]]:
    return {(reject.row, reject.column_letter) for reject in reading.rejects + reading.flags}
