"""How the databases of a run are opened: whatever reads them, within what DuckDB may take of the machine."""

from pathlib import Path
from typing import Any

import duckdb

from dagster_project.settings import duckdb_limits


def open_database(path: Path, *, read_only: bool = False, **settings: Any) -> duckdb.DuckDBPyConnection:
    """Open a stage or a release. Without a limit, DuckDB keeps what it reads until the machine is nearly full."""
    return duckdb.connect(str(path), read_only=read_only, config=duckdb_limits() | settings)


def attaching(spill: Path | str) -> duckdb.DuckDBPyConnection:
    """An empty database to attach others to; what does not fit in memory goes to the folder `spill`."""
    return duckdb.connect(config=duckdb_limits() | {"temp_directory": str(spill)})
