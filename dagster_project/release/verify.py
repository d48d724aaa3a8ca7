"""Is a release still the one that was published? Every file, every value."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.catalogue import file_sha256
from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.release.digest import content_digest
from dagster_project.release.fingerprint import code_version
from dagster_project.release.serve import DATABASE, MANIFEST, MANIFEST_DIGEST
from dagster_project.release.stage import published_models
from dagster_project.settings import Settings


def release_folder(settings: Settings, release_id: str | None) -> Path:
    """The folder of a release; the one served when none is named.

    Raises:
        WrongUseError: no such release; the message says which there are.
    """
    if release_id is None:
        if not settings.served.exists():
            raise WrongUseError("Aucune version n'est servie : lancez « bilan refresh ».")
        return settings.served.resolve().parent
    folder = settings.releases / release_id
    if not (folder / MANIFEST).is_file():
        known = ", ".join(releases(settings)) or "aucune"
        raise WrongUseError(f"« {release_id} » n'est pas une version gardée. Versions : {known}")
    return folder


def releases(settings: Settings) -> list[str]:
    """The releases kept, the oldest first."""
    return sorted(path.parent.name for path in settings.releases.glob(f"*/{MANIFEST}"))


def verify_release(settings: Settings, release_id: str | None = None) -> str:
    """Read every file of a release again and recompute the digest of every table; say what was proved. French.

    Raises:
        WrongUseError: no such release.
        RefusedDataError: a file or a table is not the one that was published; one line each.
    """
    folder = release_folder(settings, release_id)
    if defects := list(file_defects(folder)):
        raise RefusedDataError("\n".join(defects))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if defects := list(_table_defects(folder, manifest)):
        raise RefusedDataError("\n".join(defects))
    return (
        f"Version {folder.name} : {len(manifest['files'])} fichiers et {len(manifest['marts'])} tables, "
        "chacun tel que publié."
    )


def file_defects(folder: Path) -> Iterator[str]:
    """What is not, or no longer, as the manifest of a release says. French."""
    try:
        expected = (folder / MANIFEST_DIGEST).read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        expected = ""
    if file_sha256(folder / MANIFEST) != expected:
        yield f"{folder.name}/{MANIFEST} : ce n'est plus le manifeste publié"
        return
    files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            yield f"{folder.name}/{name} : fichier absent"
        elif file_sha256(path) != digest:
            yield f"{folder.name}/{name} : ce n'est plus le fichier publié"
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    for name in sorted(present - set(files) - {MANIFEST, MANIFEST_DIGEST}):
        yield f"{folder.name}/{name} : fichier en trop"


def _table_defects(folder: Path, manifest: dict[str, Any]) -> Iterator[str]:
    """Digests are those of the code that published: another code may not know the columns they are made of."""
    is_same_code = manifest["code_version"] == code_version()
    models = {model["name"]: model for model in published_models()} if is_same_code else {}
    with duckdb.connect(str(folder / DATABASE), read_only=True) as connection:
        for name, table in manifest["marts"].items():
            row = connection.execute(f'select count(*) from marts."{name}"').fetchone()
            assert row is not None
            if row[0] != table["rows"]:
                yield f"{folder.name}, table {name} : {row[0]} lignes, {table['rows']} publiées"
            elif name in models and table["sha256"] != content_digest(connection, models[name]):
                yield f"{folder.name}, table {name} : ses valeurs ne sont plus celles publiées"
