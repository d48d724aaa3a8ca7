"""What a release is made from: a change of it is another release."""

from pathlib import Path

import pytest

from dagster_project.release import fingerprint


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("dagster_project/report/assets/site.css", True),
        ("dagster_project/connect/texts/excel.txt", True),
        ("dbt/models/marts/budget_line.sql", True),
        ("dagster_project/operate/OPERATE.md", False),
        ("dagster_project/report/apercu.png", False),
        ("dagster_project/report/__pycache__/site.cpython-311.pyc", False),
        ("dbt/target/manifest.json", False),
    ],
)
def test_code_is_whatever_the_package_holds_but_prose(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, counts: bool
) -> None:
    monkeypatch.setattr(fingerprint, "PROJECT", tmp_path)
    monkeypatch.setattr(fingerprint, "DBT_PROJECT", tmp_path / "dbt")
    (tmp_path / "uv.lock").touch()
    before = fingerprint.code_version.__wrapped__()
    file = tmp_path / name
    file.parent.mkdir(parents=True)
    file.touch()
    assert (fingerprint.code_version.__wrapped__() != before) == counts
