"""Doors forked from a process that has loaded Great Expectations."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from tests.nursery import Forked, Nursery


class ForkedDoor(Forked):
    """A door under way, which its run writes to and hears."""

    def __init__(self, scratch: Path, arguments: Sequence[str]) -> None:
        asked, requests = os.pipe()
        answers, answered = os.pipe()
        super().__init__(_nursery(), arguments, {"TMPDIR": str(scratch)}, (asked, answered, 2))
        os.close(asked)
        os.close(answered)
        self.stdin = os.fdopen(requests, "w", encoding="utf-8")
        self.stdout = os.fdopen(answers, encoding="utf-8")


@cache
def _nursery() -> Nursery:
    return Nursery(__name__)


def load() -> None:
    """What every door needs, whatever it is asked."""
    import pandas  # noqa: F401

    import dagster_project.quality.keeper  # noqa: F401


def main() -> None:
    from dagster_project.quality import door

    door.main()
