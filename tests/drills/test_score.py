"""The score counts what the tests report, and nothing it cannot count passes."""

import json
import subprocess
import sys
from pathlib import Path

from dagster_project.settings import PROJECT
from tests.drills.score import write_score

_TESTS = """
import pytest

@pytest.mark.drill("Compté", "trois sur trois")
def test_counted(tally):
    for number in range(3):
        with tally.trial(f"essai {number}"):
            assert number != 1, "<raté>"
    tally.settle(0.5)
    tally.settle()

@pytest.mark.drill("Simple", "rien")
@pytest.mark.parametrize("number", [1, 2])
def test_simple(number):
    pass

@pytest.mark.drill("Sauté", "rien")
def test_skipped():
    pytest.skip("pas ici")

def test_no_drill():
    pass
"""


def test_the_score_says_what_was_counted_what_failed_and_what_was_not_run(tmp_path: Path) -> None:
    (tmp_path / "test_drills.py").write_text(_TESTS, encoding="utf-8")
    report = tmp_path / "report.xml"
    command = [sys.executable, "-m", "pytest", "-p", "tests.drills.tally", "-n", "0", "--rootdir", str(tmp_path)]
    options = ["-c", str(PROJECT / "pyproject.toml"), f"--junitxml={report}", "-o", "junit_family=xunit1"]
    subprocess.run([*command, *options, str(tmp_path)], cwd=PROJECT, capture_output=True, check=False)
    write_score(report, tmp_path)
    score = json.loads((tmp_path / "score.json").read_text(encoding="utf-8"))
    obtained = [(one["title"], one["passed"], one["tried"], one["verdict"]) for one in score["drills"]]
    assert obtained == [("Compté", 2, 3, "échec"), ("Simple", 2, 2, "réussi"), ("Sauté", 0, 0, "non exécuté")]
    assert not score["passed"]
    assert score["drills"][0]["failures"] == ["essai 1 ; AssertionError : <raté>\nassert 1 != 1"]
    page = (tmp_path / "score.html").read_text(encoding="utf-8")
    assert "&lt;raté&gt;" in page and "pas ici" in page and 'lang="fr"' in page
