"""The diff of a release being written: judged before anybody sees it, then told in its table, its page and its text."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from dagster_project.database import open_database
from dagster_project.errors import UnapprovedChangeError
from dagster_project.formulas import neutral_sql
from dagster_project.query import rows_of
from dagster_project.release.diff.approvals import (
    FOLDER,
    Approval,
    GuardedChange,
    entry_to_sign,
    judge,
    read_approvals,
)
from dagster_project.release.diff.changes import read_diff, write_changes
from dagster_project.release.diff.kept import digests_of, same_tables
from dagster_project.release.diff.render import as_markdown, as_page
from dagster_project.release.diff.thresholds import judged_comparison
from dagster_project.release.keys import MARTS
from dagster_project.release.proof import DATABASE, MANIFEST
from dagster_project.settings import Settings
from dagster_project.sql import quoted

if TYPE_CHECKING:
    from dagster_project.release.companions import Draft

MARKDOWN = "diff.md"
PAGE = "diff.html"
_NAMED = 20
_RULES = {
    "table_removed": "table retirée",
    "column_removed": "colonne retirée ou renommée",
    "retyped": "type changé",
    "key_changed": "clé changée",
    "rows_lost": "lignes retirées",
    "emptied": "valeurs devenues vides",
    "moved": "valeurs changées au-delà du seuil",
}


def write_diff(draft: "Draft") -> None:
    """Compare the draft with the release served, and write what changes in it and beside it.

    Raises:
        RefusedDataError: an approval that cannot be read.
        UnapprovedChangeError: a change beyond the thresholds that nobody approved; each is named, with the entry to
            sign.
    """
    settings, previous = draft.settings, draft.previous
    before = previous / DATABASE if previous else None
    told = digests_of(previous) if previous else {}
    same = same_tables(told, draft.digests)
    with judged_comparison(
        before, draft.database, same=same, changed=draft.changed_since(told), writable=True
    ) as connection:
        approved = _approved(connection, settings, previous.name) if previous else {}
        write_changes(connection, approved)
        connection.execute(f"insert into after.{MARTS}.release_change from change order by change_order")
        connection.execute("checkpoint after")
        diff = read_diff(connection)
    (draft.folder / MARKDOWN).write_text(as_markdown(diff), encoding="utf-8")
    (draft.folder / PAGE).write_text(as_page(diff), encoding="utf-8")


def _approved(connection: duckdb.DuckDBPyConnection, settings: Settings, since: str) -> dict[GuardedChange, str]:
    """Each change that needed an approval, with the one that covers it."""
    rows = connection.execute(
        "select mart, column_name, rule, changes, sha256 from pending order by mart, column_name, rule"
    ).fetchall()
    pending = [
        GuardedChange(mart=mart, column=column, rule=rule, changes=changes, sha256=sha256)
        for mart, column, rule, changes, sha256 in rows
    ]
    approvals = read_approvals(settings.raw)
    judgement = judge(pending, approvals, since, _spent(settings, since) if pending else ())
    if judgement.unapproved:
        texts = ", ".join(f"{neutral_sql(name)} as {name}" for name in ("key_text", "subject_fr"))
        whole = f"select * replace ({texts}) from guarded_change order by all"
        connection.execute(f"copy ({whole}) to {quoted(str(settings.to_approve))} (header)")
        message = "\n".join(_refusal(connection, judgement.unapproved, approvals, since))
        raise UnapprovedChangeError(message, sum(change.changes for change in judgement.unapproved))
    return judgement.approved


def _spent(settings: Settings, since: str) -> set[str]:
    """The approvals a kept release was already published with, from the same release on: a roll back came since."""
    spent: set[str] = set()
    for manifest in settings.releases.glob(f"*/{MANIFEST}"):
        if json.loads(manifest.read_text(encoding="utf-8"))["previous_release_id"] == since:
            spent |= _approvals_in(manifest.with_name(DATABASE))
    return spent


def _approvals_in(database: Path) -> set[str]:
    with open_database(database, read_only=True) as connection:
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
        if ("release_change",) not in tables:
            return set()
        used = f"select distinct approval_id from {MARTS}.release_change where approval_id is not null"
        return {row[0] for row in connection.execute(used).fetchall()}


def _refusal(
    connection: duckdb.DuckDBPyConnection,
    unapproved: Sequence[GuardedChange],
    approvals: Sequence[Approval],
    since: str,
) -> Iterator[str]:
    """Each change by table, key, old and new value, then the entry that would approve them. French."""
    yield f"Depuis la version {since}, des changements au-delà des seuils attendent une approbation :"
    for change in unapproved:
        where = f"{change.mart}.{change.column}" if change.column else change.mart
        yield f"{where} : {_RULES[change.rule]} ({change.changes})"
        named = rows_of(
            connection,
            "select key_text, old_value, new_value, relative_change_pct from guarded_change "
            "where mart = ? and column_name is not distinct from ? and rule = ? "
            f"order by abs(relative_change_pct) desc nulls last, key_text limit {_NAMED}",
            change.mart, change.column, change.rule,
        )  # fmt: skip
        for row in named:
            move = "" if row["relative_change_pct"] is None else f" ({row['relative_change_pct']:+} %)"
            key = f"{row['key_text']} : " if row["key_text"] else ""
            yield f"  {key}{_shown(row['old_value'])} → {_shown(row['new_value'])}{move}"
        if change.changes > _NAMED:
            yield f"  … et {change.changes - _NAMED} autres, dans warehouse/a_approuver.csv"
    yield f"S'ils sont voulus, ajoutez ceci à un fichier .yml de raw/{FOLDER}/, en disant qui et pourquoi :"
    yield entry_to_sign(unapproved, approvals, since).rstrip()


def _shown(value: str | None) -> str:
    return "vide" if value is None else value
