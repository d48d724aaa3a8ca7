"""Reading a producer's file only to know whether it can be: before it is archived."""

import tempfile
from pathlib import Path

import duckdb

from dagster_project.readers.cells import Reading
from dagster_project.readers.official import OfficialLayout

_MAX_SHOWN = 50


def defects_of(layout: OfficialLayout, data: Path, name: str) -> list[str]:
    """Why a file, out of its archive, is refused: a French line a defect (capped, with a count); nothing if sound."""
    with duckdb.connect(config={"temp_directory": tempfile.gettempdir()}) as connection:
        reading = Reading(connection, name)
        layout.read(data, reading)
        messages = [reject.message for reject in reading.rejects]
    if len(messages) > _MAX_SHOWN:
        messages = [*messages[:_MAX_SHOWN], f"… et {len(messages) - _MAX_SHOWN} autres"]
    return messages
