"""Publication, step by step: readers see the old release or the new one, whole, whenever the machine stops.

Everything is written in the private folder of the run, sealed there, made durable, moved to its place in one step and
served in one step. Before the last step nobody can open it; after it, nothing of it changes.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.durable import flush
from dagster_project.hashing import file_sha256
from dagster_project.quality.disclosure.internal import forget_retired, keep_internal
from dagster_project.release.companions import Draft, write_companions
from dagster_project.release.described import write_descriptors
from dagster_project.release.digest import METHOD
from dagster_project.release.exports import export_tables
from dagster_project.release.fingerprint import Fingerprint, git_commit
from dagster_project.release.folders import close_and_flush, close_to_writing, flush_tree
from dagster_project.release.kept import retire
from dagster_project.release.pages import Pages
from dagster_project.release.proof import MANIFEST, MANIFEST_DIGEST, prove_afresh
from dagster_project.release.serve import serve, served_folder, served_manifest, write_json
from dagster_project.release.space import check_files
from dagster_project.release.stage import ReleaseFacts
from dagster_project.release.tables import contents, row_counts, write_database
from dagster_project.release.unchanged import note_same_content
from dagster_project.settings import PROJECT, Settings


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
    part: Callable[[str], AbstractContextManager[object]] = nullcontext,
) -> Published:
    """Publish the marts of the stage file, unless they say exactly what the served release says.

    `part` surrounds what takes long enough to be told, and timed, apart.

    Raises:
        UnapprovedChangeError: they change what is published beyond the thresholds, and nobody approved it.
    """
    check_files()
    served = served_manifest(settings)
    # Without its manifest, nothing can be told of a release: the next one is as a first.
    previous = served_folder(settings) if served else None
    draft = Draft(settings, stage.parent / "release", stage, facts, contents(stage), previous)
    if served and not republish and draft.digests == {name: table["sha256"] for name, table in served["marts"].items()}:
        note_same_content(settings, served, made_from, checks["refused"])
        message = f"Mêmes contenus que la version {served['release_id']} : rien à publier."
        return Published(served["release_id"], False, message)

    draft.folder.mkdir()
    write_database(stage, draft.database)
    write_companions(draft)
    with Pages(draft.folder) if settings.pages else nullcontext() as pages:
        export_tables(draft.database, draft.folder, spill=stage.parent / "spill")
        write_descriptors(draft.database, draft.folder)
        if pages:
            with part("site et classeurs"):
                pages.wait()
    _seal(draft, made_from, checks)
    prove_afresh(draft.folder, draft.checksums)
    keep_internal(settings, stage, facts.release_id)
    write_json(settings.coming, {"release_id": facts.release_id})
    _move_to_its_place(draft, settings)
    serve(settings, facts.release_id)
    settings.coming.unlink()
    retire(settings, facts.release_id)
    forget_retired(settings)
    return Published(facts.release_id, True, f"Version {facts.release_id} publiée.")


def _seal(draft: Draft, made_from: Fingerprint, checks: dict[str, Any]) -> None:
    """Write down what every file and every table holds, and what they come from; then close it, durably."""
    facts, rows = draft.facts, row_counts(draft.database)
    manifest = {
        "release_id": facts.release_id,
        "built_at": facts.built_at.isoformat(timespec="seconds"),
        "previous_release_id": facts.previous_release_id,
        "code_version": made_from.code_version,
        "git_commit": git_commit(),
        "uv_lock_sha256": file_sha256(PROJECT / "uv.lock"),
        "duckdb_version": duckdb.__version__,
        "inputs_sha256": made_from.inputs_sha256,
        "inputs": made_from.inputs,
        "digest_method": METHOD,
        "marts": {
            name: {"rows": rows[name], "sha256": table.sha256, "columns": table.columns}
            for name, table in draft.tables.items()
        },
        "checks": checks,
        "files": _hashes(draft.folder),
    }
    write_json(draft.folder / MANIFEST, manifest)
    (draft.folder / MANIFEST_DIGEST).write_text(file_sha256(draft.folder / MANIFEST) + "\n", encoding="ascii")
    close_to_writing(draft.folder)
    flush_tree(draft.folder)


def _hashes(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): file_sha256(path) for path in sorted(folder.rglob("*")) if path.is_file()}


def _move_to_its_place(draft: Draft, settings: Settings) -> None:
    settings.releases.mkdir(parents=True, exist_ok=True)
    close_and_flush(draft.folder.rename(settings.releases / draft.facts.release_id))
    flush(settings.releases)
