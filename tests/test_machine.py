"""What the machine refuses is said in French, whoever met it first; what a programmer must mend is not hidden."""

import errno

import duckdb
import pytest

from dagster_project.machine import machine_failure, machine_words


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/w/x"), "Le disque est plein : libérez de la place (/w/x)."),
        (duckdb.IOException('IO Error: Could not write file "/w/x": No space left on device'), "Le disque est plein"),
        (PermissionError(errno.EACCES, "Permission denied"), "Droits insuffisants"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"), "La mémoire manque"),
        (MemoryError(), "La mémoire manque"),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(error: Exception, sentence: str) -> None:
    said = machine_failure(error)
    assert said is not None
    assert said.startswith(sentence)


def test_the_cause_counts_whatever_it_led_to() -> None:
    failure = RuntimeError("disk I/O error")
    failure.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert str(machine_failure(failure)).startswith("Le disque est plein")


def test_errors_that_led_to_each_other_are_followed_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__context__ = second, first
    assert machine_failure(first) is None


def test_other_errors_are_left_as_they_are() -> None:
    assert machine_failure(ValueError("invalid literal for int()")) is None
    assert machine_words("Conversion Error: Could not convert string 'abc' to INT32") is None
