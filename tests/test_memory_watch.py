"""Short of memory, a run that waits for a thread that died ends and says why; one that waits for its work goes on."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_AS, getpagesize, getrlimit, setrlimit
from threading import Event

import pytest

from dagster_project import memory_watch
from dagster_project.errors import BilanError
from dagster_project.memory_watch import ends_when_memory_fails


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(memory_watch, "_LOOK_S", 0.1)
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    yield
    signal.signal(signal.SIGTERM, before)


@contextmanager
def memory_short() -> Iterator[None]:
    limit = getrlimit(RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    setrlimit(RLIMIT_AS, (pages * getpagesize(), limit[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_AS, limit)


def test_waiting_for_ever_while_memory_is_short_ends() -> None:
    never = Event()
    with pytest.raises(BilanError, match="La mémoire manque"), ends_when_memory_fails(), memory_short():
        never.wait(60)


def test_waiting_while_there_is_memory_goes_on() -> None:
    never = Event()
    with ends_when_memory_fails():
        assert not never.wait(0.6)


def test_an_interruption_stays_one() -> None:
    with pytest.raises(KeyboardInterrupt), ends_when_memory_fails():
        signal.raise_signal(signal.SIGTERM)
