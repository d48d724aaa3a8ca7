"""A drill is a test marked `drill(title, expected)`, both French: its count and its failures go into the report.

A test that repeats something counts it with the `tally` fixture; without it, a test counts one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import pytest


class Tally:
    """Trials of one drill; those that fail are named, so that each can be played again."""

    def __init__(self) -> None:
        self.tried = 0
        self.failures: list[str] = []
        self._lock = Lock()

    @property
    def passed(self) -> int:
        return self.tried - len(self.failures)

    @contextmanager
    def trial(self, *name: object) -> Iterator[list[object]]:
        """Count what happens inside; whatever it raises is this trial's failure, told by `settle`.

        The name may be added to while it goes on.
        """
        words, reason = list(name), None
        try:
            yield words
        except (Exception, pytest.fail.Exception) as error:
            reason = f"{type(error).__name__} : {error}"
        line = " ; ".join(str(word) for word in [*words, *([reason] if reason else [])])
        with self._lock:
            self.tried += 1
            self.failures += [line] if reason else []
            print(f"{self.passed} sur {self.tried} : {line}", flush=True)

    def settle(self, share: float = 1.0) -> None:
        """Fail the test unless at least that share of the trials went as it must, and there was at least one."""
        assert self.tried, "nothing was tried"
        assert self.passed >= share * self.tried, "\n".join([f"{self.passed} of {self.tried}", *self.failures])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if drill := item.get_closest_marker("drill"):
            item.user_properties += zip(("drill", "expected"), drill.args, strict=True)


@pytest.fixture
def tally(record_property: Callable[[str, object], None]) -> Iterator[Tally]:
    tally = Tally()
    yield tally
    record_property("tried", tally.tried)
    record_property("passed", tally.passed)
    for failure in tally.failures:
        record_property("failure", failure)
