"""What Dagster sees is frozen: a key, a dependency, a check or a schedule does not change unnoticed."""

import json
from pathlib import Path

import dagster as dg
import pytest

from dagster_project.automation import _hour
from dagster_project.definitions import build_definitions
from dagster_project.errors import WrongUseError

SNAPSHOT = Path(__file__).with_name("definitions.json")


def seen(definitions: dg.Definitions) -> dict[str, object]:
    graph = definitions.resolve_asset_graph()
    return {
        "assets": {
            key.to_user_string(): {
                "group": graph.get(key).group_name,
                "deps": sorted(parent.to_user_string() for parent in graph.get(key).parent_keys),
                "checks": sorted(check.name for check in graph.get_check_keys_for_assets({key})),
            }
            for key in sorted(graph.get_all_asset_keys())
        },
        "jobs": sorted(job.name for job in definitions.resolve_all_job_defs() if not job.name.startswith("__")),
        "schedules": {
            schedule.name: [schedule.cron_schedule, schedule.execution_timezone, schedule.job_name]
            for schedule in definitions.schedules or []
            if isinstance(schedule, dg.ScheduleDefinition)
        },
        "sensors": {
            sensor.name: [target.job_name for target in sensor.targets] for sensor in definitions.sensors or []
        },
    }


def test_definitions_are_the_ones_frozen() -> None:
    """To change them on purpose: write what `seen` returns to tests/definitions.json and read the difference."""
    assert seen(build_definitions()) == json.loads(SNAPSHOT.read_text(encoding="utf-8"))


def test_overrides_replace_resources_and_definitions_are_fresh() -> None:
    first, second = build_definitions(run=dg.ResourceDefinition.none_resource()), build_definitions()
    assert first is not second
    assert first.resources != second.resources


def test_an_hour_that_is_none_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BILAN_CRON", "à l'aube")
    with pytest.raises(WrongUseError, match="BILAN_CRON : « à l'aube » n'est pas un horaire de cron"):
        _hour()
