"""Reading a producer's file only to know whether it can be: before it is archived."""

import tempfile
from pathlib import Path

import duckdb

from dagster_project.readers.cells import Reading
from dagster_project.readers.official import OfficialLayout
from dagster_project.readers.zipped import ArchiveError, data_file

_MAX_SHOWN = 50


def defects_of(layout: OfficialLayout, path: Path, name: str) -> list[str]:
    """Why a file is refused, a French line a defect (capped, with a count); nothing when it is sound."""
    with duckdb.connect(config={"temp_directory": tempfile.gettempdir()}) as connection:
        reading = Reading(connection, name)
        try:
            with data_file(path) as data:
                layout.read(data, reading)
        except ArchiveError as error:
            return [f"{name} : {error}."]
        messages = [reject.message for reject in reading.rejects]
    if len(messages) > _MAX_SHOWN:
        messages = [*messages[:_MAX_SHOWN], f"… et {len(messages) - _MAX_SHOWN} autres"]
    return messages
