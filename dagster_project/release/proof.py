"""The proof that a release folder is what its manifest says: every file, every table.

``python -m dagster_project.release.proof <folder>`` proves a folder just written, from a process that has nothing of
the run's: no cache, no open connection, no right to read or write anything but the database. It reads in JSON the
checksum of each table of the stage; its last line is a JSON list of defects. The content digests in the manifest are
those of the stage: a table that is a faithful copy of the stage's has them, without being digested again.
"""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dagster_project.connect import LOCKS
from dagster_project.errors import BilanError
from dagster_project.hashing import file_sha256
from dagster_project.release.digest import METHOD, checksum, content_digest

if TYPE_CHECKING:
    import duckdb

MANIFEST = "manifest.json"
MANIFEST_DIGEST = "manifest.sha256"
DATABASE = "bilan.duckdb"


def defects_of(folder: Path) -> list[str]:
    """What is not, or no longer, as the manifest of a release says; tables are read only if every file is right."""
    if defects := list(file_defects(folder)):
        return defects
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    if manifest.get("digest_method") != METHOD:
        return []  # Digested otherwise, by an earlier version of the code: its files are the published ones.
    return list(_table_defects(folder, manifest["marts"]))


def prove_afresh(folder: Path, checksums: Mapping[str, str]) -> None:
    """Have a fresh, locked-down process prove a release folder, its tables by the checksums of those they copy.

    Raises:
        BilanError: the folder does not hold what its manifest says or what was to be copied, or cannot be read at all.
    """
    # Where the package is found, whatever the working folder: the code that proves is the code that wrote.
    command = [sys.executable, "-m", "dagster_project.release.proof", str(folder)]
    home = Path(__file__).resolve().parents[2]
    done = subprocess.run(
        command,
        cwd=home,
        input=json.dumps(dict(checksums)),
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise BilanError(f"La version écrite n'a pas pu être relue : {' '.join(last) or done.returncode}")
    if defects := json.loads(done.stdout.splitlines()[-1]):
        raise BilanError("\n".join(f"Écriture infidèle, rien n'est publié : {defect}" for defect in defects))


def file_defects(folder: Path) -> Iterator[str]:
    """The files that are missing, altered or too many. French."""
    try:
        expected = (folder / MANIFEST_DIGEST).read_text(encoding="ascii").strip()
        found = file_sha256(folder / MANIFEST)
    except (OSError, UnicodeDecodeError):
        expected, found = "", "illisible"
    if found != expected:
        yield f"{folder.name}/{MANIFEST} : ce n'est plus le manifeste publié"
        return
    files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["files"]
    for name, digest in files.items():
        path = folder / name
        if not path.is_file():
            yield f"{folder.name}/{name} : fichier absent"
        elif file_sha256(path) != digest:
            yield f"{folder.name}/{name} : ce n'est plus le fichier publié"
    present = {str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()}
    for name in sorted(present - set(files) - {MANIFEST, MANIFEST_DIGEST}):
        yield f"{folder.name}/{name} : fichier en trop"


def _table_defects(folder: Path, tables: Mapping[str, Any]) -> Iterator[str]:
    with _locked_down(folder) as connection:
        for name, table in tables.items():
            published = f'marts."{name}"'
            row = connection.execute(f"select count(*) from {published}").fetchone()
            assert row is not None
            if row[0] != table["rows"]:
                yield f"{folder.name}, table {name} : {row[0]} lignes, {table['rows']} publiées"
            elif table.get("columns") and content_digest(connection, published, table["columns"]) != table["sha256"]:
                yield f"{folder.name}, table {name} : ses valeurs ne sont plus celles publiées"


def _copy_defects(folder: Path, checksums: Mapping[str, str]) -> Iterator[str]:
    with _locked_down(folder) as connection:
        for name, expected in checksums.items():
            if checksum(connection, f'marts."{name}"') != expected:
                yield f"{folder.name}, table {name} : ses valeurs ne sont pas celles à publier"


def _locked_down(folder: Path) -> "duckdb.DuckDBPyConnection":
    from dagster_project.database import open_database

    return open_database(folder / DATABASE, read_only=True, **LOCKS)


def _defects_of_copy(folder: Path, checksums: Mapping[str, str]) -> list[str]:
    return list(file_defects(folder)) or list(_copy_defects(folder, checksums))


if __name__ == "__main__":
    print(json.dumps(_defects_of_copy(Path(sys.argv[1]), json.load(sys.stdin))))
