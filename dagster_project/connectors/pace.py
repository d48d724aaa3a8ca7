"""How fast we ask, and how often we ask again: each producer's stated rate, and back-off on its faults."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from dagster_project.connectors.errors import FetchError

ATTEMPTS = 5
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 60.0
_LONGEST_ASKED_WAIT = 600.0
_MARGIN = 1.05  # the producer counts a minute by its own clock


@dataclass
class Pace:
    """Spaces the requests to each producer by what it states, in requests a minute."""

    sleep: Callable[[float], None]
    clock: Callable[[], float]
    _next: dict[str, float] = field(default_factory=dict)

    def wait_turn(self, producer: str, requests_a_minute: int | None) -> None:
        if requests_a_minute is None:
            return
        now = self.clock()
        turn = max(now, self._next.get(producer, now))
        if turn > now:
            self.sleep(turn - now)
        self._next[producer] = turn + 60 / requests_a_minute * _MARGIN


@dataclass
class Patience:
    """The attempts left for one file or one question."""

    url: str
    sleep: Callable[[float], None]
    jitter: Callable[[], float]
    made: int = 0

    def wait(self, reason: str, retry_after: str | None = None) -> None:
        """Wait before the next attempt: as long as the producer asks, else twice longer each time, with jitter.

        Raises:
            FetchError: no attempt is left, or the producer asks for more than ten minutes.
        """
        self.made += 1
        if self.made >= ATTEMPTS:
            raise FetchError(f"{self.url} : abandon après {self.made} tentatives ({reason}). Relancez plus tard.")
        asked = seconds_asked(retry_after, datetime.now(UTC))
        if asked is None:
            longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2 ** (self.made - 1))
            self.sleep(longest * (0.5 + 0.5 * self.jitter()))
        elif asked > _LONGEST_ASKED_WAIT:
            raise FetchError(f"{self.url} : le producteur demande d'attendre {asked:.0f} s ({reason}). Relancez alors.")
        else:
            self.sleep(asked)


def seconds_asked(retry_after: str | None, now: datetime) -> float | None:
    """What a Retry-After header asks, in seconds or as a date; None where it says nothing we understand."""
    if not retry_after:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
