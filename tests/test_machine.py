"""What the machine refuses is said in French, whoever met it first; what a programmer must mend is not hidden."""

import errno
import resource
import signal
import sqlite3
from pathlib import Path

import duckdb
import pytest
from dagster import DagsterExecutionInterruptedError

from dagster_project.machine import machine_failure, machine_words
from dagster_project.runner import interruptions_as_such
from tests.memory import memory_short


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (OSError(errno.ENOSPC, "No space left on device", "/w/x"), "Le disque est plein : libérez de la place (/w/x)."),
        (duckdb.IOException('IO Error: Could not write file "/w/x": No space left on device'), "Le disque est plein"),
        (PermissionError(errno.EACCES, "Permission denied"), "Droits insuffisants"),
        (duckdb.OutOfMemoryException("Out of Memory Error: failed to allocate data"), "La mémoire manque"),
        (MemoryError(), "La mémoire manque"),
        (
            duckdb.IOException('IO Error: Cannot open database "/w/x": database does not exist'),
            "Un f",
        ),
    ],
)
def test_what_the_machine_refuses_is_a_sentence(error: Exception, sentence: str) -> None:
    said = machine_failure(error)
    assert said is not None
    assert said.startswith(sentence)


def test_the_limit_set_to_duckdb_is_not_blamed_on_the_machine() -> None:
    with duckdb.connect(config={"memory_limit": "5MB", "temp_directory": ""}) as connection:
        with pytest.raises(duckdb.OutOfMemoryException) as failure:
            connection.execute("create table t as select range, repeat('x', 100) from range(1000000)")
        assert "BILAN_MEMORY" in str(machine_failure(failure.value))


def test_the_cause_counts_whatever_it_led_to() -> None:
    failure = RuntimeError("disk I/O error")
    failure.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert str(machine_failure(failure)).startswith("Le disque est plein")


def test_where_sqlite_does_not_say_what_stopped_it_the_disk_is_asked(tmp_path: Path) -> None:
    failure = sqlite3.OperationalError("unable to open database file")
    assert str(machine_failure(failure, tmp_path)).startswith("L'historique des exécutions ne s'écrit plus")
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 16, limit[1]))
    try:
        assert "taille permise" in str(machine_failure(failure, tmp_path))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)


def test_an_error_that_says_nothing_of_memory_is_laid_to_it_while_it_is_short() -> None:
    """dbt may go on with an undefined value where memory was short, and fail on that."""
    failure = TypeError("Object of type Undefined is not JSON serializable")
    with memory_short():
        said = machine_failure(failure)
    assert str(said).startswith("La mémoire manque")
    assert machine_failure(failure) is None


def test_errors_that_led_to_each_other_are_followed_once() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__, second.__context__ = second, first
    assert machine_failure(first) is None


def test_other_errors_are_left_as_they_are() -> None:
    assert machine_failure(ValueError("invalid literal for int()")) is None
    assert machine_words("Conversion Error: Could not convert string 'abc' to INT32") is None


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, DagsterExecutionInterruptedError])
def test_an_interruption_amid_a_query_is_one(interruption: type[BaseException]) -> None:
    """DuckDB says it in words of its own."""

    def interrupt(number: int, frame: object) -> None:
        raise interruption

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.2)
        # With more threads, the main one may wait for another that has the whole query to do.
        with (
            pytest.raises(KeyboardInterrupt),
            interruptions_as_such(),
            duckdb.connect(config={"threads": 1}) as connection,
        ):
            connection.execute("select sum(a.range * b.range) from range(100000) a, range(50000) b")
    finally:
        signal.signal(signal.SIGALRM, before)
