"""A run short of memory ends, rather than wait for what will never come.

A thread that memory fails while it starts never says that it did, and who started it waits for ever
(https://github.com/python/cpython/issues/140746); so do libraries that wait for a word of a thread that died of it.
"""

import signal
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, Thread, get_ident

from dagster_project.errors import BilanError
from dagster_project.machine import memory_failure

_LOOK_S = 10.0
_LOOKS = 2
# Of a processor, over a look: threads that wait on each other still wake.
_IDLE = 0.02


@contextmanager
def ends_when_memory_fails() -> Iterator[None]:
    """Interrupt this thread once its process has done nothing for two looks while memory was short.

    Raises:
        BilanError: it was interrupted for that.
    """
    over, found = Lock(), deque[str](maxlen=1)  # both made now: later there may be no room for them
    over.acquire()
    Thread(target=_watch, args=(over, found, get_ident()), daemon=True).start()
    try:
        yield
    except KeyboardInterrupt as interruption:
        if found:
            raise BilanError(found[0]) from interruption
        raise
    finally:
        over.release()


def _watch(over: Lock, found: deque[str], watched: int) -> None:
    short, used = 0, time.process_time()
    while not over.acquire(timeout=_LOOK_S):
        before, used = used, time.process_time()
        sentence = memory_failure() if used - before < _IDLE * _LOOK_S else None
        short = short + 1 if sentence else 0
        if sentence and short == _LOOKS:
            found.append(sentence)
            signal.pthread_kill(watched, signal.SIGTERM)
            short = 0
