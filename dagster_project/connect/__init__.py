"""How readers connect: one list of settings, and for each tool the text to copy, rendered for this warehouse.

The settings belong to a connection, not to the file: whoever opens the file without them has what their account allows.
"""

import json
import shlex
from pathlib import Path
from string import Template

from dagster_project.settings import Settings

# Given when the database is opened. The last lock freezes every setting, except the one of CLOSING_SQL.
LIMITS = {"memory_limit": "1GB", "threads": "2", "max_temp_directory_size": "0B"}
LOCKS = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "allow_persistent_secrets": "false",
    "allowed_configs": "[disabled_filesystems]",
    "lock_configuration": "true",
}
LOCKED_DOWN = LIMITS | LOCKS
# Once the database is open, no file is needed any more. Without this, a statement may still write over the release file
# and its .wal, which `enable_external_access` leaves reachable. It can be said again, and never undone.
CLOSING_SQL = "SET disabled_filesystems = 'LocalFileSystem'"
_SAFE_MODE = ("enable_external_access", "lock_configuration")

_TEMPLATES = Path(__file__).parent
# Each has its text to copy beside, `<tool>.txt`.
TOOLS = {
    "cli": "DuckDB en ligne de commande",
    "python": "Python",
    "pandas": "pandas",
    "polars": "polars",
    "r": "R",
    "node": "Node",
    "adbc": "ADBC",
    "sqlalchemy": "SQLAlchemy",
    "postgresql": "PostgreSQL : un miroir pour beaucoup de lecteurs",
    "superset": "Superset",
    "metabase": "Metabase",
    "powerbi": "Power BI",
    "tableau": "Tableau",
    "excel": "Excel",
    "libreoffice": "LibreOffice",
    "dbeaver": "DBeaver",
    "jdbc": "JDBC",
    "odbc": "ODBC",
}


def connection_text(settings: Settings, tool: str) -> str:
    """What to copy to connect `tool` (one of TOOLS) to the served release of this warehouse, locked down."""
    path = str(settings.served)
    release = settings.served.resolve().parent if settings.served.exists() else settings.releases / "VERSION"
    init_file = str(settings.warehouse / f"bilan-{tool}.sql")
    return Template((_TEMPLATES / f"{tool}.txt").read_text(encoding="utf-8")).substitute(
        path=path,
        quoted_path=json.dumps(path, ensure_ascii=False),
        shell_path=shlex.quote(path),
        init_file=init_file,
        shell_init_file=shlex.quote(init_file),
        closing_sql=CLOSING_SQL,
        config=json.dumps(LOCKED_DOWN, indent=4),
        superset_parameters=json.dumps(superset_parameters(), indent=2),
        set_statements="\n".join(f"SET {name} = '{value}';" for name, value in _before_safe_mode().items()),
        url_options="".join(f";{name}={value}" for name, value in LOCKED_DOWN.items()),
        additional_options="&".join(f"{name}={value}" for name, value in LOCKED_DOWN.items()),
        r_config=", ".join(f"{name} = {json.dumps(value)}" for name, value in LOCKED_DOWN.items()),
        parquet=release / "parquet",
        csv=release / "csv",
        ini_lines="\n".join(f"{name} = {value}" for name, value in LOCKED_DOWN.items()),
    )


def _before_safe_mode() -> dict[str, str]:
    """DuckDB's own command line sets the others itself, with `.safe_mode`, and fails if they are locked already."""
    return {name: value for name, value in LOCKED_DOWN.items() if name not in _SAFE_MODE}


def superset_parameters() -> dict[str, object]:
    """The engine parameters of a locked-down database, for Superset.

    Both DuckDB drivers of SQLAlchemy SET, once connected, the names they do not know: hence the capitals.
    """
    name, _, value = CLOSING_SQL.removeprefix("SET ").partition(" = ")
    return {"connect_args": {"read_only": True, "config": LOCKED_DOWN | {name.upper(): value.strip("'")}}}
