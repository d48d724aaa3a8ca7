"""What a release is made from: the bytes of ``raw/`` and the code. Same fingerprint, same release."""

import hashlib
import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dagster_project.catalogue import INBOX, SIDECAR
from dagster_project.hashing import file_sha256, input_sha256
from dagster_project.settings import DBT_PROJECT, PROJECT

# For those who read the code; nothing of a release comes from them.
_PROSE = {".md", ".png"}
_COMPILED = "__pycache__"


@dataclass(frozen=True)
class Fingerprint:
    """The hash of each input file, of all of them, and of the code."""

    inputs: dict[str, str]
    inputs_sha256: str
    code_version: str


def fingerprint(raw: Path) -> Fingerprint:
    """Hash every file under ``raw`` (transit excepted) and every file of code."""
    inputs = input_hashes(raw)
    return Fingerprint(inputs, _digest(inputs), code_version())


def input_hashes(raw: Path) -> dict[str, str]:
    """The hash of each file under ``raw``, as published.

    A restricted file's is mixed with that of its sidecar, which has a nonce: who guesses a file cannot check it.
    """
    hashes = {path: input_sha256(path) for path in _input_files(raw)}
    mixed_with = {path.parent: hashes[path] for path in hashes if path.name == SIDECAR and _is_restricted(path)}
    return {
        str(path.relative_to(raw)): _digest({mixed_with[path.parent]: digest})
        if path.parent in mixed_with and path.name != SIDECAR
        else digest
        for path, digest in hashes.items()
    }


def _is_restricted(sidecar: Path) -> bool:
    """Reading it as YAML would take a refresh that has nothing to do longer than all the rest."""
    return b"restricted" in sidecar.read_bytes()


@cache
def code_version() -> str:
    """Hash of the code that decides what a release holds: pipeline, models, pages, and the locked libraries."""
    files = sorted([*_code_files(PROJECT / "dagster_project"), *dbt_files()])
    files.append(PROJECT / "uv.lock")
    return _digest({str(path.relative_to(PROJECT)): file_sha256(path) for path in files})


def dbt_files() -> list[Path]:
    """The files dbt parses, without what it writes."""
    generated = (DBT_PROJECT / "target", DBT_PROJECT / "logs")
    return [path for path in _code_files(DBT_PROJECT) if not any(path.is_relative_to(folder) for folder in generated)]


def git_commit() -> str | None:
    """The commit checked out, marked ``+`` when the tree differs from it; None outside git."""
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],
            cwd=PROJECT, capture_output=True, text=True, check=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return None
    return described.stdout.strip()


def _input_files(raw: Path) -> Iterator[Path]:
    for path in sorted(raw.rglob("*")):
        parts = path.relative_to(raw).parts
        if path.is_file() and len(parts) > 1 and parts[0] != INBOX and not any(part.startswith(".") for part in parts):
            yield path


def _code_files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if _is_code(path.relative_to(folder)) and path.is_file())


def _is_code(path: Path) -> bool:
    is_aside = any(part == _COMPILED or part.startswith(".") for part in path.parts)
    return path.suffix not in _PROSE and not is_aside


def _digest(hashes: dict[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()
