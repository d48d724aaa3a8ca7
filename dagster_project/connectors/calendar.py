"""When a producer publishes, and when an edition is late. Dates are Paris dates."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dagster_project.connectors.producers import Source

EVERY_MONTH = tuple(range(1, 13))


@dataclass(frozen=True)
class Calendar:
    """The months a producer publishes in, and how many days after the end of one its edition is late."""

    months: tuple[int, ...]
    grace_days: int

    @property
    def longest_wait(self) -> timedelta:
        """The longest time between two editions of a producer that is never late."""
        days = [date(2030, month, 1) for month in self.months]
        gaps = [(self.due_after(day) - day) for day in days]
        return max(gaps)

    def due_after(self, published: date) -> date:
        """The day the edition that follows this one is due: the end of the next month of publication, plus grace."""
        year, month = published.year, published.month
        while True:
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
            if month in self.months:
                return date(year, month, monthrange(year, month)[1]) + timedelta(days=self.grace_days)


def next_expected(source: "Source", newest_published: date, today: date) -> date:
    """The day the next edition is expected by, today or later, whether or not one is already late."""
    due = source.calendar.due_after(newest_published)
    while due < today:
        due = source.calendar.due_after(due - timedelta(days=source.calendar.grace_days))
    return due


def is_stale(source: "Source", newest_published: date, today: date) -> bool:
    """Whether an edition that should be there is not."""
    return today > source.calendar.due_after(newest_published)
