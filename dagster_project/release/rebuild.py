"""Building a release again, from nothing but its manifest: the same raw files, the same code, the same libraries.

The code of a release is checked out of git beside the present one, and its environment made from its own lock file;
both are only done when they differ from what runs now. The build is that code's own `bilan refresh`, in a warehouse of
its own that is thrown away.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dagster_project.errors import BilanError, RefusedDataError
from dagster_project.hashing import file_sha256
from dagster_project.release.fingerprint import code_version, input_hashes
from dagster_project.release.proof import MANIFEST
from dagster_project.release.serve import served_manifest
from dagster_project.release.verify import release_folder
from dagster_project.settings import PROJECT, Settings

# It is nobody's daily run: no alert goes out for it, and the service's history does not count it.
_SERVICE = ("BILAN_ALERT_", "BILAN_HISTORY_URL")
_MASKED = (
    "Ce qui est masqué dépend aussi de ce que des versions antérieures avaient publié, et que la reconstruction ne "
    "connaît pas : une table de données restreintes peut différer pour cette seule raison."
)


def rebuild(settings: Settings, release_id: str, tell: Callable[[str], None]) -> str:
    """Build a kept release again and compare the content digest of every table with the one published. French.

    Raises:
        WrongUseError: no such release.
        RefusedDataError: a raw file is missing or changed, or a table differs; one line each.
        BilanError: its code or its environment cannot be had again, or its build fails.
    """
    folder = release_folder(settings, release_id)
    published = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="bilan-rebuild-") as place:
        temporary = Settings(Path(place) / "raw", Path(place) / "warehouse")
        tell("Fichiers de raw/")
        _take_inputs(settings.raw, temporary.raw, published["inputs"])
        tell("Code et environnement")
        with _code_of(published, Path(place) / "code") as code:
            python = _environment_of(published, code)
            tell("Reconstruction")
            rebuilt = _built(code, python, temporary)
    return _compared(published, rebuilt, is_masked=(settings.internal / release_id).is_dir())


def _take_inputs(raw: Path, copy: Path, inputs: dict[str, str]) -> None:
    """Copy the files a release was made from, and no later one."""
    defects, found = [], input_hashes(raw)
    for name, digest in inputs.items():
        path = raw / name
        if name not in found:
            defects.append(f"raw/{name} : fichier absent")
        elif found[name] != digest:
            defects.append(f"raw/{name} : ce n'est plus le fichier lu par cette version")
        else:
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, copy / name)
    if defects:
        raise RefusedDataError("\n".join(defects))


@contextmanager
def _code_of(published: dict[str, Any], place: Path) -> Iterator[Path]:
    """The folder of the code that made a release: the present one, or its commit checked out for the time it takes."""
    if published["code_version"] == code_version():
        yield PROJECT
        return
    commit = published["git_commit"]
    if commit is None or commit.endswith("+"):
        raise BilanError(
            f"Version {published['release_id']} : son code n'était pas enregistré dans git (« {commit} ») ; "
            "il ne peut pas être retrouvé."
        )
    _git("worktree", "add", "--quiet", "--detach", str(place), commit)
    try:
        yield place
    finally:
        _git("worktree", "remove", "--force", str(place))


def _git(*arguments: str) -> None:
    done = subprocess.run(["git", *arguments], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BilanError(f"Le code de cette version n'a pas pu être extrait de git : {_last_line(done.stderr)}")


def _environment_of(published: dict[str, Any], code: Path) -> Path:
    """The Python that has the libraries of a release: the present one when the lock files are the same."""
    if published["uv_lock_sha256"] == file_sha256(PROJECT / "uv.lock"):
        return Path(sys.executable)
    uv = find_uv()
    if uv is None:
        raise BilanError("Cette version demande un autre environnement, et « uv » n'est pas installé pour le faire.")
    surroundings = {name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"}
    done = subprocess.run(
        [uv, "sync", "--locked", "--quiet", "--no-default-groups"],
        cwd=code, env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise BilanError(f"L'environnement de cette version n'a pas pu être refait : {_last_line(done.stderr)}")
    return code / ".venv" / "bin" / "python"


def find_uv() -> str | None:
    """The `uv` command: the machine's, or the one `make` installed here."""
    own = PROJECT / ".uv" / "bin" / "uv"
    return shutil.which("uv") or (str(own) if own.exists() else None)


def _built(code: Path, python: Path, temporary: Settings) -> dict[str, Any]:
    """The manifest of what that code makes of the temporary folders; only tables are compared, pages are not made."""
    surroundings = {name: value for name, value in os.environ.items() if not name.startswith(_SERVICE)}
    surroundings |= {
        "BILAN_RAW": str(temporary.raw),
        "BILAN_WAREHOUSE": str(temporary.warehouse),
        "BILAN_PAGES": "0",
    }
    done = subprocess.run(
        [python, "-m", "dagster_project.cli", "refresh"],
        cwd=code, env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    rebuilt = served_manifest(temporary)
    if rebuilt is None:
        raise BilanError(f"La reconstruction a échoué :\n{done.stderr.strip()}")
    return rebuilt


def _compared(published: dict[str, Any], rebuilt: dict[str, Any], *, is_masked: bool) -> str:
    before, after = ({name: table["sha256"] for name, table in one["marts"].items()} for one in (published, rebuilt))
    differing = sorted(name for name in before.keys() | after.keys() if before.get(name) != after.get(name))
    release = published["release_id"]
    if rebuilt["code_version"] != published["code_version"]:
        raise BilanError(f"Version {release} : le commit {published['git_commit']} n'a pas le code qui l'a publiée.")
    if differing:
        lines = [f"Version {release}, table {name} : contenu différent" for name in differing]
        if is_masked:
            lines.append(_MASKED)
        raise RefusedDataError("\n".join(lines))
    digested = sum(digest is not None for digest in before.values())
    return f"Version {release} : identique ({digested} tables reconstruites, mêmes empreintes de contenu)."


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["sans message"])[-1]
