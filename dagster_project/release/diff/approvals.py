"""Approvals recorded in ``raw/approvals/``: who accepts a change beyond the thresholds, why, and exactly which one.

An approval names the release it starts from and the digest of the changes, values included: another change is not
covered, and once a release was published with it, it is only a record.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from dagster_project.errors import RefusedDataError
from dagster_project.written import read_entries

FOLDER = "approvals"
_Written = Annotated[str, StringConstraints(strip_whitespace=True, min_length=3)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class GuardedChange(_Strict):
    """The changes of one table, and column, that meet one rule: how many, and the digest of keys and values."""

    mart: str
    column: str | None
    rule: str
    changes: int
    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")


class Approval(_Strict):
    """Who approved, why, when, from which release on, and what."""

    approval_id: str
    approved_by: _Written
    reason_fr: _Written
    approved_on: date
    since: str
    changes: tuple[GuardedChange, ...] = Field(min_length=1)


@dataclass(frozen=True)
class Judgement:
    """The changes still to approve, and, for each that is, the approval that covers it."""

    unapproved: list[GuardedChange]
    approved: dict[GuardedChange, str]


def read_approvals(raw: Path) -> list[Approval]:
    """Read every file of ``raw/approvals/``.

    Raises:
        RefusedDataError: an entry that cannot be read (who and why included), or an identifier used twice.
    """
    approvals: list[Approval] = []
    for path in sorted((raw / FOLDER).glob("*.yml")):
        approvals += read_entries(path, Approval, f"{path.relative_to(raw)} : approbation")
    seen: set[str] = set()
    for approval in approvals:
        if approval.approval_id in seen:
            raise RefusedDataError(f"{FOLDER}/ : approval_id « {approval.approval_id} » figure deux fois")
        seen.add(approval.approval_id)
    return approvals


def judge(
    pending: Sequence[GuardedChange], approvals: Sequence[Approval], since: str, spent: Collection[str]
) -> Judgement:
    """Set the approvals against the changes from release `since`; those `spent` on an earlier publication are over."""
    covering = {
        change: approval.approval_id
        for approval in approvals
        if approval.since == since and approval.approval_id not in spent
        for change in approval.changes
    }
    return Judgement(
        [change for change in pending if change not in covering],
        {change: covering[change] for change in pending if change in covering},
    )


def entry_to_sign(unapproved: Sequence[GuardedChange], approvals: Sequence[Approval], since: str) -> str:
    """The YAML entry that would approve these changes, once somebody writes who and why."""
    known = {approval.approval_id for approval in approvals}
    number = next(number for number in range(1, len(known) + 2) if f"{since}-{number}" not in known)
    entry = {
        "approval_id": f"{since}-{number}",
        "approved_by": "",
        "reason_fr": "",
        "approved_on": date.today(),
        "since": since,
        "changes": [change.model_dump() for change in unapproved],
    }
    return yaml.safe_dump([entry], sort_keys=False, allow_unicode=True, width=120)
