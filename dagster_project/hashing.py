"""Hashes of files."""

import hashlib
import secrets
from functools import cache
from pathlib import Path


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def new_nonce() -> str:
    """What nobody guesses."""
    return secrets.token_hex(16)


def input_sha256(path: Path) -> str:
    """The same, of a file that a run hashes several times: read again only once somebody wrote to it."""
    state = path.stat()
    return _sha256_as_of(path, state.st_ino, state.st_size, state.st_ctime_ns)


@cache
def _sha256_as_of(path: Path, *state: int) -> str:
    return file_sha256(path)
