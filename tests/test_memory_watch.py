"""Short of memory, a run that waits for a thread that died ends and says why; one that waits for its work goes on."""

import signal
import subprocess
import sys
import time
from threading import Event, Thread

import pytest

from dagster_project import memory_watch
from dagster_project.memory_watch import MemoryFailedError, ends_when_memory_fails
from tests.memory import memory_short


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_watch, "_LOOK_S", 0.1)
    monkeypatch.setattr(memory_watch, "_LOOKS", 2)


def test_waiting_for_ever_while_memory_is_short_ends() -> None:
    never = Event()
    with pytest.raises(MemoryFailedError, match="La mémoire manque"), ends_when_memory_fails(), memory_short():
        never.wait(60)


def test_waiting_while_there_is_memory_goes_on() -> None:
    never = Event()
    with ends_when_memory_fails():
        assert not never.wait(0.6)


def test_work_goes_on_however_short_memory_is() -> None:
    until = time.monotonic() + 0.6
    with ends_when_memory_fails(), memory_short():
        while time.monotonic() < until:
            pass


def test_once_it_is_over_nothing_is_interrupted() -> None:
    with ends_when_memory_fails():
        pass
    signal.raise_signal(signal.SIGUSR1)


def test_a_thread_that_cannot_be_interrupted_is_not_watched() -> None:
    before = signal.getsignal(signal.SIGUSR1)

    def work() -> None:
        with ends_when_memory_fails():
            assert signal.getsignal(signal.SIGUSR1) is before

    thread = Thread(target=work)
    thread.start()
    thread.join()


_DEAF = """
import signal, time
from dagster_project import memory_watch
from tests.memory import memory_short
memory_watch._LOOK_S, memory_watch._LOOKS = 0.1, 2
with memory_watch.ends_when_memory_fails(), memory_short():
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1})
    time.sleep(60)
"""


def test_what_nothing_interrupts_is_killed() -> None:
    """As a wait in native code, which no signal of Python's reaches."""
    assert subprocess.run([sys.executable, "-c", _DEAF], check=False).returncode == -signal.SIGKILL
