"""Every text to copy carries every lock, in the form its driver documents."""

import re
from pathlib import Path

import pytest

import dagster_project.connect
from dagster_project.connect import CLOSING_SQL, LOCKED_DOWN, TOOLS, connection_text
from dagster_project.settings import Settings, load_settings

OPENING = ["adbc", "cli", "jdbc", "metabase", "node", "odbc", "python", "r", "sqlalchemy", "superset"]
ELSEWHERE = ["dbeaver", "excel", "libreoffice", "pandas", "polars", "postgresql", "powerbi", "tableau"]


def test_every_tool_has_its_text_and_every_text_its_tool() -> None:
    texts = Path(dagster_project.connect.__file__).parent.glob("*.txt")
    assert sorted(TOOLS) == sorted(path.stem for path in texts) == sorted(OPENING + ELSEWHERE)


@pytest.mark.parametrize("tool", OPENING)
def test_each_lock_and_the_place_are_in_the_text(tool: str) -> None:
    settings = load_settings()
    text = connection_text(settings, tool)
    assert str(settings.served) in text
    assert CLOSING_SQL.partition("'")[2].rstrip("'") in text
    set_by_safe_mode = {"enable_external_access", "lock_configuration"} if ".safe_mode" in text else set()
    for name in LOCKED_DOWN.keys() - set_by_safe_mode:
        assert name in text, name


@pytest.mark.parametrize("tool", ELSEWHERE)
def test_a_tool_without_locks_is_led_to_the_mirror_or_to_files(tool: str, published: Settings) -> None:
    text = connection_text(published, tool)
    release = published.served.resolve().parent
    assert "bilan mirror" in text or "bilan connect postgresql" in text or "parquet" in text
    for folder in re.findall(rf"{re.escape(str(published.warehouse))}\S*/(?:csv|parquet)", text):
        assert Path(folder).is_dir()
        assert Path(folder).parent == release
    assert "duckdb.connect" not in text


def test_the_jdbc_url_begins_with_the_file_that_closes_the_others() -> None:
    text = connection_text(load_settings(), "jdbc")
    (url,) = (line for line in text.splitlines() if line.startswith("jdbc:duckdb:"))
    _, first, *options = url.split(";")
    assert first.startswith("session_init_sql_file=")
    assert dict(option.split("=") for option in options) == {"access_mode": "READ_ONLY", **LOCKED_DOWN}
