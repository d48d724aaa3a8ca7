"""The tables a run keeps for the next one, which builds again only the periods whose editions changed.

The kept file bears the version of the code and its own hash in its name: it is used by the same code, or not at all,
and a damaged one is worth as much as none. Losing it costs only time.
"""

import hashlib
from pathlib import Path

from dagster_project.database import open_database
from dagster_project.durable import flush
from dagster_project.hashing import file_sha256
from dagster_project.release.fingerprint import code_version
from dagster_project.release.folders import remove
from dagster_project.settings import Settings

_KEPT = {
    ("core", "fct_observation"),
    ("core", "period_state"),
    ("core", "digest_part"),
    ("core", "commune_carried"),
}
_PIECE = 1 << 20
_CODE = 16


def take_base(settings: Settings, stage: Path) -> bool:
    """Begin a stage file with what the last run kept; False, and no file, where there is nothing to begin with."""
    for kept in settings.base.glob(f"{code_version()[:_CODE]}-*.duckdb"):
        if _copied(kept, stage) == kept.stem.rpartition("-")[2]:
            return True
        stage.unlink()
    remove(settings.base)
    return False


def keep_base(settings: Settings, stage: Path) -> None:
    """Keep the stage file of a run that went to its end, without what the next run makes anew whatever changed."""
    with open_database(stage) as connection:
        others = connection.execute(
            "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
        ).fetchall()
        for (schema,) in set(others) - {(schema,) for schema, _ in _KEPT}:
            connection.execute(f'drop schema "{schema}" cascade')
        relations = connection.execute(
            "select table_type, table_schema, table_name from information_schema.tables"
        ).fetchall()
        for kind, schema, name in relations:
            if (schema, name) not in _KEPT:
                connection.execute(f'drop {"view" if kind == "VIEW" else "table"} "{schema}"."{name}"')
    remove(settings.base)
    settings.base.mkdir(mode=0o700)
    flush(stage)
    stage.rename(settings.base / f"{code_version()[:_CODE]}-{file_sha256(stage)}.duckdb")


def _copied(source: Path, target: Path) -> str:
    """Copy a file and return the hash of what was copied."""
    digest = hashlib.sha256()
    with source.open("rb") as read, target.open("wb") as written:
        while piece := read.read(_PIECE):
            digest.update(piece)
            written.write(piece)
    return digest.hexdigest()
