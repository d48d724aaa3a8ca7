"""Is a release still the one that was published? Every file, every value."""

import json
from pathlib import Path

from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.release.kept import releases
from dagster_project.release.proof import MANIFEST, MANIFEST_DIGEST, defects_of
from dagster_project.release.serve import served_folder
from dagster_project.settings import Settings


def release_folder(settings: Settings, release_id: str | None) -> Path:
    """The folder of a release; the one served when none is named.

    Raises:
        WrongUseError: no such release; the message says which there are.
    """
    if release_id is None:
        served = served_folder(settings)
        if served is None:
            raise WrongUseError("Aucune version n'est servie : lancez « bilan refresh ».")
        return served
    folder = settings.releases / release_id
    if not (folder / MANIFEST_DIGEST).is_file():
        known = ", ".join(releases(settings)) or "aucune"
        raise WrongUseError(f"« {release_id} » n'est pas une version gardée. Versions : {known}")
    return folder


def verify_release(settings: Settings, release_id: str | None = None) -> str:
    """Read every file of a release again and recompute the digest of every table; say what was proved. French.

    Raises:
        WrongUseError: no such release.
        RefusedDataError: a file or a table is not the one that was published; one line each.
    """
    folder = release_folder(settings, release_id)
    if defects := defects_of(folder):
        raise RefusedDataError("\n".join(defects))
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return (
        f"Version {folder.name} : {len(manifest['files'])} fichiers et {len(manifest['marts'])} tables, "
        "chacun tel que publié."
    )
