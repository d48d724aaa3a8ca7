"""What the door says of an edition."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class DoorReport:
    """What the door says of an edition; messages are French, one line a defect.

    What is counted are rows of a table filled by hand, cells of a producer's own file. A flag is a cell that was kept
    but is hardly believable.
    """

    edition_id: str
    accepted: bool
    rows_read: int
    rows_kept: int
    rows_set_aside: int
    flags: list[str]
    expectations: list[dict[str, Any]]
    messages: list[str]
    rejects: list[dict[str, Any]]
