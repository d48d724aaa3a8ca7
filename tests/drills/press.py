"""Publishes a genuine stage again and again, by the real publication, with two tables a little different each time."""

import shutil
from datetime import datetime
from pathlib import Path

import duckdb

from dagster_project.release.fingerprint import fingerprint
from dagster_project.release.janitor import tidy
from dagster_project.release.kept import next_release_id
from dagster_project.release.publish import publish
from dagster_project.release.serve import served_folder
from dagster_project.release.stage import ReleaseFacts, fresh_stage
from dagster_project.settings import Settings
from tests.drills.reader import READING

Reading = tuple[str, int, int]


class Press:
    """A stage of its own, and what each release made from it says."""

    def __init__(self, settings: Settings, stage: Path, folder: Path) -> None:
        self.settings = settings
        self.said: dict[str, Reading] = {}
        self._stage = Path(shutil.copy(stage, folder))
        self._made_from = fingerprint(settings.raw)

    def publish(self, now: datetime) -> str:
        """One more release, at that time by the machine's clock."""
        tidy(self.settings)
        served = served_folder(self.settings)
        facts = ReleaseFacts(
            next_release_id(self.settings, now, self._made_from.inputs_sha256),
            now,
            self._made_from.code_version,
            self._made_from.inputs_sha256,
            served.name if served else None,
        )
        with duckdb.connect(str(self._stage)) as connection:
            connection.execute("update marts.release set release_id = ?, built_at = ?", [facts.release_id, now])
            connection.execute("update marts.budget_line set amount_eur = amount_eur + 1 where is_total")
            connection.execute(
                "update marts.beneficiaries set beneficiaries = beneficiaries + 1 where unit = 'household'"
            )
            (reading,) = connection.execute(READING).fetchall()
        self.said[facts.release_id] = reading
        stage = Path(shutil.copy(self._stage, fresh_stage(self.settings)))
        assert publish(self.settings, stage, facts, self._made_from, {"refused": []}).is_new
        return facts.release_id
