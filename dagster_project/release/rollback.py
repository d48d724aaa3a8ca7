"""Going back: readers see an earlier release again, once it is proved to be what was published."""

from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.release.janitor import tidy
from dagster_project.release.kept import releases
from dagster_project.release.lock import run_lock
from dagster_project.release.proof import defects_of
from dagster_project.release.serve import serve, served_manifest
from dagster_project.release.verify import release_folder
from dagster_project.settings import Settings


def roll_back(settings: Settings, release_id: str | None = None) -> str:
    """Serve a release kept; without a name, the one before the release served. French.

    Raises:
        WrongUseError: no such release, or none before.
        RefusedDataError: the release is damaged; nothing changes.
        LockHeldError: a run is under way.
    """
    with run_lock(settings.lock):
        tidy(settings)  # what a publication killed once it was served would have the next run take for unseen
        served = release_folder(settings, None).name
        folder = release_folder(settings, _before(settings, served) if release_id is None else release_id)
        if folder.name == served:
            raise WrongUseError(f"La version {served} est déjà celle qui est servie.")
        if defects := defects_of(folder):
            raise RefusedDataError("\n".join(defects))
        serve(settings, folder.name)
    return (
        f"Version {folder.name} servie à la place de {served}. "
        "Le prochain « bilan refresh » publiera de nouveau ce que disent raw/ et le code : corrigez-les d'abord."
    )


def _before(settings: Settings, served: str) -> str:
    """The release the served one took the place of; should it be gone, the newest of those that came earlier."""
    manifest = served_manifest(settings)
    kept = releases(settings)
    if manifest and manifest["previous_release_id"] in kept:
        return str(manifest["previous_release_id"])
    earlier = [release for release in kept if release < served]
    if not earlier:
        raise WrongUseError(f"Aucune version n'est gardée avant {served}.")
    return earlier[-1]
