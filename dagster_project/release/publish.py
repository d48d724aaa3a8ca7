"""Publication: copy the marts into an immutable file, describe it, and repoint the served link, atomically.

Killed at any instant, readers see the old release or the new one, whole.
"""

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.catalogue import file_sha256
from dagster_project.durable import flush
from dagster_project.release.digest import content_digest
from dagster_project.release.fingerprint import Fingerprint, git_commit
from dagster_project.release.serve import DATABASE, MANIFEST, MANIFEST_DIGEST, serve, served_manifest, write_json
from dagster_project.release.stage import MARTS, ReleaseFacts, primary_key, published_models
from dagster_project.settings import Settings

KEPT_RELEASES = 12
# Read by every driver from 1.1 to 2.0, whatever version writes it.
STORAGE_VERSION = "v1.0.0"


@dataclass(frozen=True)
class Published:
    """What a run made: the release now served, and whether it is a new one."""

    release_id: str
    is_new: bool
    message: str


def publish(
    settings: Settings,
    stage: Path,
    facts: ReleaseFacts,
    made_from: Fingerprint,
    checks: dict[str, Any],
    *,
    republish: bool = False,
) -> Published:
    """Publish the marts of the stage file, unless they say exactly what the served release says."""
    folder = stage.parent / "release"
    folder.mkdir()
    contents = _write_database(stage, folder)
    served = served_manifest(settings)
    digests = {name: table["sha256"] for name, table in contents.items()}
    if served and not republish and digests == {name: table["sha256"] for name, table in served["marts"].items()}:
        _note_same_content(settings, served, made_from)
        return Published(
            served["release_id"],
            False,
            f"Mêmes contenus que la version {served['release_id']} : rien à publier.",
        )
    manifest = {
        "release_id": facts.release_id,
        "built_at": facts.built_at.isoformat(timespec="seconds"),
        "previous_release_id": facts.previous_release_id,
        "code_version": made_from.code_version,
        "git_commit": git_commit(),
        "duckdb_version": duckdb.__version__,
        "inputs_sha256": made_from.inputs_sha256,
        "inputs": made_from.inputs,
        "marts": contents,
        "checks": checks,
        "files": _hashes(folder),
    }
    write_json(folder / MANIFEST, manifest)
    (folder / MANIFEST_DIGEST).write_text(file_sha256(folder / MANIFEST) + "\n", encoding="ascii")
    (folder / DATABASE).chmod(0o444)
    _flush_tree(folder)

    settings.releases.mkdir(parents=True, exist_ok=True)
    folder.rename(settings.releases / facts.release_id)
    flush(settings.releases)
    serve(settings, facts.release_id)
    _retire(settings, facts.release_id)
    return Published(facts.release_id, True, f"Version {facts.release_id} publiée.")


def _write_database(stage: Path, folder: Path) -> dict[str, Any]:
    """Copy every published table, in key order, with its keys and comments; export each to Parquet."""
    contents: dict[str, Any] = {}
    (folder / "parquet").mkdir()
    with duckdb.connect() as connection:
        connection.execute(f"attach {_quoted(str(stage))} as stage (read_only)")
        target = _quoted(str(folder / DATABASE))
        connection.execute(f"attach {target} as bilan (storage_version '{STORAGE_VERSION}')")
        connection.execute("use stage")
        connection.execute(f"create schema bilan.{MARTS}")
        for model in published_models():
            name = model["name"]
            order = ", ".join(f'"{column}"' for column in primary_key(model))
            rows = f'select * from {MARTS}."{name}" order by {order}'
            connection.execute(";".join(_definition(connection, model)))
            connection.execute(f'insert into bilan.{MARTS}."{name}" {rows}')
            parquet = _quoted(str(folder / "parquet" / f"{name}.parquet"))
            connection.execute(f"copy ({rows}) to {parquet} (format parquet)")
            count = connection.execute(f'select count(*) from {MARTS}."{name}"').fetchone()
            assert count is not None
            contents[name] = {"rows": count[0], "sha256": content_digest(connection, model)}
        connection.execute("checkpoint bilan")
    return contents


def _definition(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> Iterable[str]:
    """The statements that make the same table, with its keys and its French comments, in the released file."""
    target = f"""bilan.{MARTS}."{model["name"]}\""""
    (sql,) = connection.execute(
        "select sql from duckdb_tables() where database_name = 'stage' and schema_name = ? and table_name = ?",
        [MARTS, model["name"]],
    ).fetchall()[0]
    _, _, body = sql.partition("(")
    yield f"create table {target}({body}"
    yield f"comment on table {target} is {_quoted(model['description'])}"
    for column in model["columns"].values():
        yield f'comment on column {target}."{column["name"]}" is {_quoted(column["description"])}'


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _retire(settings: Settings, served: str) -> None:
    """Remove the oldest releases beyond those kept; the one served always stays."""
    releases = sorted(path for path in settings.releases.iterdir() if path.is_dir())
    for old in releases[:-KEPT_RELEASES]:
        if old.name != served:
            shutil.rmtree(old)


def _note_same_content(settings: Settings, served: dict[str, Any], made_from: Fingerprint) -> None:
    """Remember that these inputs and this code give the served content, so that the next run need not rebuild it."""
    write_json(
        settings.warehouse / SAME_CONTENT,
        {
            "release_id": served["release_id"],
            "inputs_sha256": made_from.inputs_sha256,
            "code_version": made_from.code_version,
        },
    )


SAME_CONTENT = ".same_content.json"


def is_already_served(settings: Settings, made_from: Fingerprint) -> bool:
    """Whether the served release was made from these inputs and this code, or proved to have their content."""
    served = served_manifest(settings)
    if served is None:
        return False
    wanted = (made_from.inputs_sha256, made_from.code_version)
    if (served["inputs_sha256"], served["code_version"]) == wanted:
        return True
    try:
        noted = json.loads((settings.warehouse / SAME_CONTENT).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return False
    return (noted["release_id"], noted["inputs_sha256"], noted["code_version"]) == (served["release_id"], *wanted)


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _flush_tree(folder: Path) -> None:
    for path in sorted(folder.rglob("*")):
        flush(path)
    flush(folder)
