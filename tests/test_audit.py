"""`make audit`: what is good, what is bad, and what nobody could check are three different answers."""

import json
import subprocess
import sys
from importlib.metadata import distributions

import pytest

from dagster_project.audit import (
    LOCK,
    UncheckedError,
    hashed_packages,
    is_accepted,
    licence,
    vulnerabilities,
)
from dagster_project.errors import BilanError

CLEAN: dict[str, object] = {"name": "click", "version": "8.1", "vulns": []}


def answer(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": dependencies})


def test_every_locked_package_is_hashed() -> None:
    assert len(hashed_packages(LOCK.read_text(encoding="utf-8"))) > 100


def test_a_package_without_a_hash_is_named() -> None:
    lock = LOCK.read_text(encoding="utf-8").replace(' hash = "sha256:', ' unused = "sha256:')
    with pytest.raises(BilanError, match="agate"):
        hashed_packages(lock)


def test_every_installed_licence_is_accepted() -> None:
    refused = {found.name: licence(found) for found in distributions() if not is_accepted(found.name, licence(found))}
    assert refused == {}


@pytest.mark.parametrize("text", ["", "GPL-3.0-only", "GNU Affero General Public License v3", "LGPLv2+", "MPL-2.0"])
def test_an_unknown_or_copyleft_licence_is_to_be_read(text: str) -> None:
    assert not is_accepted("some-package", text)


def test_none_known() -> None:
    assert vulnerabilities(answer(CLEAN), "", 1) == "vulnerabilities: none known in 1 packages"


def test_a_known_one_is_named() -> None:
    with pytest.raises(BilanError, match=r"click 8\.1: PYSEC-1"):
        vulnerabilities(answer(CLEAN | {"vulns": [{"id": "PYSEC-1"}]}), "", 1)


@pytest.mark.parametrize(
    ("said", "complaint"),
    [
        (answer(CLEAN, {"name": "x", "skip_reason": "not found"}), "No known vulnerabilities found"),
        (answer(), "No known vulnerabilities found"),
        ("", "could not connect"),
    ],
)
def test_what_was_not_looked_at_is_not_good(said: str, complaint: str) -> None:
    with pytest.raises(UncheckedError, match="COULD NOT BE CHECKED") as error:
        vulnerabilities(said, complaint, 2)
    assert error.value.exit_code == 4


def test_it_asks_for_its_two_arguments() -> None:
    done = subprocess.run([sys.executable, "-m", "dagster_project.audit"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "UV FOLDER" in done.stderr
