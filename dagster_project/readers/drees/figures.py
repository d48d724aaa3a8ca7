"""Figures, markers and months as DREES writes them in the cells of its workbooks."""

import datetime
import re
from calendar import monthrange
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from dagster_project.readers.nomenclature import plain
from dagster_project.readers.spreadsheet import Value

# Not available, not communicated, did not answer, secret, without object.
MARKERS = frozenset({"nd", "nc", "nr", "na", "ns", "s", "n", "c", "-", "/", "...", "…", "n.d.", "n.c."})
_MONTHS = ("janv", "fevr", "mars", "avr", "mai", "juin", "juil", "aout", "sept", "oct", "nov", "dec")
_EPOCH = datetime.date(1899, 12, 30)
_SERIALS = range(30_000, 80_000)


@dataclass(frozen=True)
class Figure:
    """What a cell says: a number, or a marker in its place. ``printed`` is the cell as written."""

    value: Decimal | None
    printed: str
    marker: str | None = None
    is_provisional: bool = False


@dataclass(frozen=True)
class Month:
    """A month, and whether its label carries the star of provisional figures. ``label`` is what the file shows."""

    start: datetime.date
    label: str
    is_provisional: bool = False

    @property
    def end(self) -> datetime.date:
        return self.start.replace(day=monthrange(self.start.year, self.start.month)[1])


def is_blank(cell: Value) -> bool:
    """Whether there is nothing in a cell, or blanks only."""
    return isinstance(cell, str) and not cell.strip()


def is_number(cell: Value) -> bool:
    """Whether the workbook holds a number here."""
    return isinstance(cell, int | float) and not isinstance(cell, bool)


def read_figure(cell: Value) -> Figure | None:
    """The number, or the known marker, of a cell; None where there is neither."""
    if is_number(cell):
        try:
            value = Decimal(repr(cell))
        except InvalidOperation:
            return None
        return Figure(_plain_decimal(value), _as_written(value)) if value.is_finite() else None
    if not isinstance(cell, str):
        return None
    printed = cell.strip()
    if printed.lower() in MARKERS:
        return Figure(None, printed, marker=printed)
    bare = printed.rstrip("* ").strip()
    if not re.fullmatch(r"-?(\d{1,3}([\s\u00a0\u202f]\d{3})+|\d+)(,\d+)?", bare):
        return None
    value = Decimal(re.sub(r"\s", "", bare).replace(",", "."))
    is_starred = "*" in printed
    return Figure(value, printed, marker="*" if is_starred else None, is_provisional=is_starred)


def _plain_decimal(value: Decimal) -> Decimal:
    return value.quantize(Decimal(1)) if value == value.to_integral_value() else value


def _as_written(value: Decimal) -> str:
    return f"{_plain_decimal(value):f}"


def read_month(cell: Value) -> Month | None:
    """A month: a date, the serial number of one, ``juin-20*``, ``déc.-21``, ``janvier 2021``, ``2021-12``."""
    if isinstance(cell, datetime.datetime | datetime.date):
        return _month(cell.year, cell.month, "") if cell.day == 1 else None
    if is_number(cell) and isinstance(cell, int | float):
        day = _EPOCH + datetime.timedelta(days=int(cell)) if cell in _SERIALS else None
        return _month(day.year, day.month, "") if day and day.day == 1 else None
    if not isinstance(cell, str):
        return None
    label = cell.strip()
    if match := re.fullmatch(r"(\d{4})-(\d{2})(-01)?\s*\**", label):
        return _month(int(match[1]), int(match[2]), label)
    words = plain(label).split()
    if len(words) != 2 or not words[1].isdigit() or len(words[1]) not in (2, 4):
        return None
    numbers = [number for number, stem in enumerate(_MONTHS, start=1) if _names(words[0], stem)]
    year = int(words[1]) + (2000 if len(words[1]) == 2 else 0)
    return _month(year, numbers[0], label) if len(numbers) == 1 else None


def _names(word: str, stem: str) -> bool:
    return word.startswith(stem) or (len(word) >= 3 and stem.startswith(word))


def _month(year: int, month: int, label: str) -> Month | None:
    if not (1 <= month <= 12 and 1990 <= year <= 2100):
        return None
    start = datetime.date(year, month, 1)
    return Month(start, label or f"{start:%Y-%m}", "*" in label)
