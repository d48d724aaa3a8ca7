"""Publishing a stage that is already built, as a run does at its end."""

import shutil
from datetime import UTC, datetime
from pathlib import Path

from dagster_project.release.fingerprint import Fingerprint
from dagster_project.release.janitor import tidy
from dagster_project.release.kept import next_release_id
from dagster_project.release.publish import Published, publish
from dagster_project.release.serve import served_folder
from dagster_project.release.stage import ReleaseFacts, fresh_stage
from dagster_project.settings import Settings

MADE_FROM = Fingerprint({"editeur/jeu/2021/lignes.csv": "0" * 64}, "abcdef0123456789", "code")


def publish_stage(settings: Settings, stage: Path) -> Published:
    """One more release of the same tables; what is left in the stage is removed, as a run does."""
    tidy(settings)
    own = fresh_stage(settings)
    shutil.copy(stage, own)
    served = served_folder(settings)
    now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
    facts = ReleaseFacts(
        release_id=next_release_id(settings, now, MADE_FROM.inputs_sha256),
        built_at=now,
        code_version=MADE_FROM.code_version,
        inputs_sha256=MADE_FROM.inputs_sha256,
        previous_release_id=served.name if served else None,
    )
    return publish(settings, own, facts, MADE_FROM, {"refused": []}, republish=True)


def copy_of(settings: Settings, folder: Path) -> Path:
    """A copy of the database served, to keep open: DuckDB opens a file in one way at a time in one process."""
    return Path(shutil.copy(settings.served.resolve(), folder))
