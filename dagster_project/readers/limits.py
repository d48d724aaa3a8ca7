"""What reading one file may cost: memory and computing time, by its size. The kernel holds a process to it.

Memory is what a process may add to its data segment, which counts what DuckDB and calamine allocate as well as Python
(Linux; elsewhere only time is held). Where it runs out an allocation fails: an exception, or an abort in Rust. Time is
of computing, in all threads, so that a busy machine refuses nothing more; where it runs out the process is killed.
"""

import resource
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import duckdb

_MEGABYTE = 1 << 20
_OPEN_FILES = 256
OUT_OF_MEMORY = (MemoryError, duckdb.OutOfMemoryException)


@dataclass(frozen=True)
class Allowance:
    """Bytes of memory and seconds of computing."""

    memory: int
    seconds: float

    @classmethod
    def to_recognise(cls, size: int) -> Self:
        """Enough to tell what a file of this size is: its head, or its sheets' titles, for each layout."""
        return cls(96 * _MEGABYTE + 8 * size, 5 + 2 * size / _MEGABYTE)

    @classmethod
    def to_read(cls, size: int) -> Self:
        """Enough to read a file of this size whole.

        The greediest of the genuine files took 130 bytes of memory (with 2 MB in all) and 8 s a MB a byte of theirs.
        """
        return cls(512 * _MEGABYTE + 64 * size, 30 + 20 * size / _MEGABYTE)


@contextmanager
def held_to(allowance: Allowance) -> Iterator[None]:
    """Hold this process to an allowance, counted from now."""
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    if used := _data_segment():
        resource.setrlimit(resource.RLIMIT_DATA, (used + allowance.memory, hard))
    signal.setitimer(signal.ITIMER_PROF, allowance.seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def give_up_what_reading_does_not_need(largest_written: int) -> None:
    """For the rest of this process: no core dump, few open files, and no file longer than this."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (_OPEN_FILES, _OPEN_FILES))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_written, largest_written))


def _data_segment() -> int | None:
    if sys.platform != "linux":
        return None
    status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmData")) * 1024
