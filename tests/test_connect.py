"""Every text to copy carries every lock, in the form its driver documents."""

import pytest

from dagster_project.connect import CLOSING_SQL, LOCKED_DOWN, TOOLS, connection_text
from dagster_project.settings import load_settings


@pytest.mark.parametrize("tool", TOOLS)
def test_each_lock_and_the_place_are_in_the_text(tool: str) -> None:
    settings = load_settings()
    text = connection_text(settings, tool)
    assert str(settings.served) in text
    assert CLOSING_SQL.partition("'")[2].rstrip("'") in text
    set_by_safe_mode = {"enable_external_access", "lock_configuration"} if ".safe_mode" in text else set()
    for name in LOCKED_DOWN.keys() - set_by_safe_mode:
        assert name in text, name


def test_the_jdbc_url_begins_with_the_file_that_closes_the_others() -> None:
    text = connection_text(load_settings(), "jdbc")
    (url,) = (line for line in text.splitlines() if line.startswith("jdbc:duckdb:"))
    _, first, *options = url.split(";")
    assert first.startswith("session_init_sql_file=")
    assert dict(option.split("=") for option in options) == {"access_mode": "READ_ONLY", **LOCKED_DOWN}
