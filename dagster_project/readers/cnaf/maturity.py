"""Whether the figures of a CNAF file may still change: its name says so, and nothing in it does."""

import re
from pathlib import Path

# Semi-definitive files come two months after the month they tell of. The brackets go when a file is archived.
_SEMI_DEFINITIVE = re.compile(r"\[?SD\]?[ _]")


def obs_status(path: Path) -> str:
    """``P`` for the cells of a semi-definitive file, ``A`` for those of any other."""
    return "P" if _SEMI_DEFINITIVE.match(path.name) else "A"
