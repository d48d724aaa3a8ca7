"""What a killed run leaves behind is removed, or finished, by the next one. The caller holds the run lock."""

from dagster_project.release.folders import remove
from dagster_project.release.kept import RELEASE_NAME, RETIRED
from dagster_project.release.proof import DATABASE, MANIFEST_DIGEST
from dagster_project.release.serve import heal_latest, served_folder
from dagster_project.settings import Settings


def tidy(settings: Settings) -> None:
    """Remove the stage, half-written names and half-removed releases; say in LATEST.json what the link serves.

    A folder of a release without the digest of its manifest was never, or is no longer, a release; the one served
    is never touched.
    """
    remove(settings.stage)
    for pattern in (f".{DATABASE}.[0-9]*", ".*.json.[0-9]*"):
        for unfinished in settings.warehouse.glob(pattern):
            unfinished.unlink()
    served = served_folder(settings)
    if settings.releases.is_dir():
        for folder in settings.releases.iterdir():
            is_unsealed = RELEASE_NAME.match(folder.name) and not (folder / MANIFEST_DIGEST).exists()
            if folder.name.startswith(RETIRED) or (is_unsealed and folder != served):
                remove(folder)
    heal_latest(settings)
