"""A run short of memory ends, rather than wait for what will never come.

A thread that memory fails while it starts never says that it did, and who started it waits for ever
(https://github.com/python/cpython/issues/140746); so do libraries that wait for a word of a thread that died of it.
"""

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread, current_thread, main_thread
from types import FrameType

from dagster_project.machine import MEMORY_IS_SHORT, memory_failure

_LOOK_S = 10.0
# Five minutes: a run may well wait that long for another process, the door or a page, with little memory to spare.
_LOOKS = 30
# Of a processor, over a look: threads that wait on each other still wake.
_IDLE = 0.02


class MemoryFailedError(KeyboardInterrupt):
    """Its text is the sentence. Dagster and dbt put things in order after an interruption, not after any error."""


@contextmanager
def ends_when_memory_fails() -> Iterator[None]:
    """Interrupt this thread once its process has done nothing for five minutes while memory was short.

    Five minutes more, and the process is killed: it waits where nothing interrupts it. Only a main thread can be
    interrupted; another is not watched.

    Raises:
        MemoryFailedError: wherever the thread waits.
    """
    if current_thread() is not main_thread():
        yield
        return
    watch = _Watch()
    signal.signal(signal.SIGUSR1, watch.interrupt)
    Thread(target=watch.look, daemon=True).start()
    try:
        yield
    finally:
        watch.end()


class _Watch:
    """Everything it needs is made at once: later there may be no room for it."""

    def __init__(self) -> None:
        self._failed = MemoryFailedError(MEMORY_IS_SHORT)
        self._is_over = False
        self._end = Lock()
        self._end.acquire()

    def interrupt(self, number: int, frame: FrameType | None) -> None:
        if not self._is_over:
            raise self._failed

    def end(self) -> None:
        self._is_over = True
        self._end.release()

    def look(self) -> None:
        short, used = 0, time.process_time()
        while not self._end.acquire(timeout=_LOOK_S):
            before, used = used, time.process_time()
            is_idle = used - before < _IDLE * _LOOK_S
            short = short + 1 if is_idle and _memory_is_short() else 0
            if short == _LOOKS:
                signal.pthread_kill(main_thread().ident or 0, signal.SIGUSR1)
            elif short == 2 * _LOOKS:
                os.kill(os.getpid(), signal.SIGKILL)


def _memory_is_short() -> bool:
    try:
        return memory_failure() is not None
    except MemoryError:
        return True
