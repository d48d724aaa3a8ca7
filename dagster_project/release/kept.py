"""The releases kept: the order of their names is that of their publication; old ones are retired."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from dagster_project.release.folders import remove
from dagster_project.release.proof import MANIFEST_DIGEST
from dagster_project.settings import Settings

KEPT = 12
RETIRED = ".retired-"
RELEASE_NAME = re.compile(r"^\d{8}T\d{6}Z-[0-9a-f]{8}$")
_TIME = "%Y%m%dT%H%M%SZ"


def releases(settings: Settings) -> list[str]:
    """The releases kept, the oldest first."""
    sealed = (path.parent.name for path in settings.releases.glob(f"*/{MANIFEST_DIGEST}"))
    return sorted(name for name in sealed if RELEASE_NAME.match(name))


def next_release_id(settings: Settings, now: datetime, inputs_sha256: str) -> str:
    """A name after all others: should the clock have been put back, a second after the newest release."""
    if kept := releases(settings):
        newest = datetime.strptime(kept[-1].partition("-")[0], _TIME)
        now = max(now, newest + timedelta(seconds=1))
    return f"{now:{_TIME}}-{inputs_sha256[:8]}"


def retire(settings: Settings, served: str) -> None:
    """Remove the oldest releases: the last twelve stay, and the last of each year, and the one served.

    A release leaves the list in one step, before its files go: none is ever seen with half of them.
    """
    kept = releases(settings)
    staying = {*kept[-KEPT:], *_last_of_each_year(kept), served}
    for name in kept:
        if name not in staying:
            leaving = settings.releases / name
            remove(leaving.rename(settings.releases / f"{RETIRED}{name}"))


def _last_of_each_year(kept: list[str]) -> Iterator[str]:
    yield from {name[:4]: name for name in kept}.values()
