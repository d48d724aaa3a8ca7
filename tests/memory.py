"""Memory that is short in this process, as under `ulimit -v`: not a page more than it has."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from resource import RLIMIT_AS, getpagesize, getrlimit, setrlimit


@contextmanager
def memory_short() -> Iterator[None]:
    limit = getrlimit(RLIMIT_AS)
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    setrlimit(RLIMIT_AS, (pages * getpagesize(), limit[1]))
    try:
        yield
    finally:
        setrlimit(RLIMIT_AS, limit)
