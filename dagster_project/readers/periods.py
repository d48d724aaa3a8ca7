"""How a period is named: ``2021``, ``2021-Q3``, ``2021-12``, a day, or two days."""

from calendar import monthrange
from datetime import date


def period_code(start: date | None, end: date | None) -> str:
    """The shortest exact name of a period; empty where the source does not say when."""
    if start is None or end is None:
        return ""
    if start == end:
        return start.isoformat()
    if start.year == end.year and start.day == 1 and end == _month_end(end):
        months = end.month - start.month + 1
        if months == 1:
            return f"{start:%Y-%m}"
        if months == 3 and start.month % 3 == 1:
            return f"{start.year}-Q{end.month // 3}"
        if months == 12:
            return f"{start.year}"
    return f"{start.isoformat()}/{end.isoformat()}"


def first_day(code: str) -> str:
    """The first day (``2021-07-01``) of a period that has a name."""
    start = code.partition("/")[0]
    year, is_quarter, number = start.partition("-Q")
    if is_quarter:
        return f"{year}-{3 * int(number) - 2:02}-01"
    return start + "-01-01"[len(start) - 4 :]


def _month_end(day: date) -> date:
    return day.replace(day=monthrange(day.year, day.month)[1])
