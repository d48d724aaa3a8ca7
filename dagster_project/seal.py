"""Sealing an edition: the sidecar gets the hash and size of each file beside it."""

from collections.abc import Iterator
from pathlib import Path

import yaml

from dagster_project.catalogue import SIDECAR, visible_files
from dagster_project.errors import WrongUseError
from dagster_project.hashing import file_sha256, new_nonce
from dagster_project.written import UNREADABLE, why


def seal_edition(folder: Path) -> Iterator[str]:
    """Rewrite the ``files`` entry of the folder's sidecar, and say what changed. French.

    That of a restricted edition has a nonce too, written once.

    Raises:
        WrongUseError: there is no sidecar in the folder, or it cannot be read.
    """
    sidecar = folder / SIDECAR
    if not sidecar.is_file():
        raise WrongUseError(f"{sidecar} : fiche introuvable ; raw/README.md en donne le modèle.")
    try:
        head, known = _sealed(sidecar.read_text(encoding="utf-8").split("\n"))
        about = yaml.safe_load(head) or {}
    except UNREADABLE as error:
        raise WrongUseError(f"{sidecar} : fiche illisible : {why(error)}") from error
    files = []
    for path in (path for path in visible_files(folder) if path.is_file() and path.name != SIDECAR):
        digest = file_sha256(path)
        files.append({"name": path.name, "sha256": digest, "bytes": path.stat().st_size})
        change = "inchangé" if known.get(path.name) == digest else "scellé"
        yield f"{path.name} : {change}"
    if about.get("access") == "restricted" and not about.get("nonce"):
        head += f"\nnonce: '{new_nonce()}'"
        yield "nonce : écrit"
    sidecar.write_text(head + "\n" + yaml.safe_dump({"files": files}, sort_keys=False, allow_unicode=True), "utf-8")


def _sealed(lines: list[str]) -> tuple[str, dict[str, str]]:
    """What a sidecar says before its files, and the hash of each of them."""
    start = next((index for index, line in enumerate(lines) if line.startswith("files:")), len(lines))
    files = (yaml.safe_load("\n".join(lines[start:])) or {}).get("files", [])
    return "\n".join(lines[:start]).rstrip("\n"), {file["name"]: file["sha256"] for file in files}
