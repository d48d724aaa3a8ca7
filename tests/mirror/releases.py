"""Small releases, made of any SQL, served as any release is."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from dagster_project.hashing import file_sha256
from dagster_project.release.kept import next_release_id
from dagster_project.release.proof import DATABASE, MANIFEST, MANIFEST_DIGEST
from dagster_project.release.serve import serve, write_json
from dagster_project.settings import Settings


def release_of(settings: Settings, sql: str) -> str:
    """Serve one more release, whose database is what the SQL makes; its name."""
    release_id = next_release_id(settings, datetime.now(UTC).replace(tzinfo=None), "abcdef01")
    folder = settings.releases / release_id
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / DATABASE)) as connection:
        connection.execute(sql)
    manifest = {"release_id": release_id, "marts": {}, "files": {DATABASE: file_sha256(folder / DATABASE)}}
    write_json(folder / MANIFEST, manifest)
    (folder / MANIFEST_DIGEST).write_text(file_sha256(folder / MANIFEST) + "\n", encoding="ascii")
    serve(settings, release_id)
    return release_id


def copy_of_served(settings: Settings, warehouse: Path) -> Settings:
    """The served release alone, in another warehouse."""
    copy = Settings(settings.raw, warehouse)
    served = settings.served.resolve().parent
    shutil.copytree(served, copy.releases / served.name)
    serve(copy, served.name)
    return copy
