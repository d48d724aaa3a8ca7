"""A machine whose clock was years ahead, then was set right."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from dagster_project.release.kept import releases
from dagster_project.release.rollback import roll_back
from dagster_project.release.verify import verify_release
from dagster_project.settings import PROJECT, Settings
from tests.drills.press import Press


@pytest.mark.drill(
    "Horloge en avance, puis remise à l'heure",
    "la dernière publiée est servie et rangée la dernière ; on revient à celle d'avant",
)
def test_a_clock_set_right_changes_neither_what_is_served_nor_where_one_goes_back_to(
    stage: Path, tmp_path: Path
) -> None:
    settings = Settings(PROJECT / "raw", tmp_path / "warehouse")
    press, ahead, right = Press(settings, stage, tmp_path), datetime(2031, 6, 1), datetime(2026, 6, 1)
    times = [ahead, ahead + timedelta(days=1), right, right + timedelta(days=1)]
    published = [press.publish(time) for time in times]
    assert releases(settings) == published
    assert settings.served.readlink().parent.name == published[-1]
    verify_release(settings)
    for before in published[-2::-1]:
        assert f"Version {before} servie" in roll_back(settings)
