"""Two public databases compared in DuckDB: schema, row counts, and every row and cell that is not the same.

Both files are only read. A table is one full outer join on its primary key; nothing is looped over in Python but
the tables. What is found is left in temporary tables of the connection: ``edition_change``, ``schema_change``,
``row_change`` (one row a table) and ``cell_change`` (one row a changed cell, an added or a removed row).
"""

import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from dagster_project.database import attaching
from dagster_project.release.digest import Period, sum_of_hashes
from dagster_project.release.keys import MARTS, keys_of
from dagster_project.release.stage import insert_rows
from dagster_project.release.tables import LONGEST_INDEX, rows_of
from dagster_project.sql import quoted

# Where a value comes from, not what it is: counted as a confirmation, never as a change of value.
PROVENANCE = {
    "dataset", "edition", "known_from", "known_to", "source_priority", "retrieved_at", "median_dataset",
    "median_edition", "population_edition", "other_edition", "last_known_from",
}  # fmt: skip
# Tables that describe a release rather than hold values: never the same, and nothing to compare but their columns.
RUN_FACTS = ("release", "release_change")

_PERIODS = ("period_code", "month", "quarter", "year", "reference_date", "period_label")
_LABELS = (
    "indicator_label_fr", "label_fr", "benefit", "action", "signatory_name", "heading", "title", "description_fr",
)  # fmt: skip
_NAMES = ("territory_name", "territory_label")
_TERRITORY = ("territory_level", "territory_code")


@dataclass(frozen=True)
class _Column:
    """A column both sides hold; a measure is a number that means something by itself (no rank, year or line)."""

    name: str
    type_before: str
    type_after: str
    label: str
    order: int
    unit: str | None

    @property
    def is_measure(self) -> bool:
        """Money, counts and rates are DECIMAL or BIGINT; a smaller integer is a measure when it has a unit."""
        if not _numeric(self.type_before, self.type_after):
            return False
        return "INTEGER" not in (self.type_before, self.type_after) or self.unit not in (None, "year")

    @property
    def differs(self) -> str:
        """An integer and a decimal are compared as numbers; other types that differ, as they are written."""
        alike = self.type_before == self.type_after or _numeric(self.type_before, self.type_after)
        cast = "" if alike else "::varchar"
        return f'before."{self.name}"{cast} is distinct from after."{self.name}"{cast}'

    @property
    def cell(self) -> str:
        return (
            f"{{'column_name': '{self.name}', 'column_order': {self.order}, 'label_fr': {quoted(self.label)}, "
            f"'old_value': {self.written('before')}, 'new_value': {self.written('after')}, "
            f"'old_number': {self.number('before')}, 'new_number': {self.number('after')}, 'differs': {self.differs}}}"
        )

    def written(self, side: str) -> str:
        return f'plain_number({side}."{self.name}"::varchar)' if self.is_measure else f'{side}."{self.name}"::varchar'

    def number(self, side: str) -> str:
        return f'try_cast({side}."{self.name}" as decimal(38, 6))' if self.is_measure else "null::decimal(38, 6)"


def _numeric(*types: str) -> bool:
    return all(name.startswith("DECIMAL") or name in ("INTEGER", "BIGINT", "HUGEINT") for name in types)


@dataclass(frozen=True)
class _Table:
    """A table both sides hold under one key: its key, and its other shared columns."""

    mart: str
    key: list[str]
    columns: list[_Column]

    def either(self, *candidates: str) -> str:
        """The first of these columns the table has, from the newer side; NULL without any."""
        names = [*self.key, *(column.name for column in self.columns)]
        name = next((name for name in candidates if name in names), None)
        return f'coalesce(after."{name}", before."{name}")::varchar' if name else "null::varchar"


@contextmanager
def comparison(
    before: Path | None,
    after: Path,
    *,
    same: Collection[str] = (),
    changed: Mapping[str, Sequence[Period]] = MappingProxyType({}),
    derived: Collection[str] = (),
    writable: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that holds what differs between two public databases; without an earlier one, all is new.

    They are attached as ``before`` and ``after``, the newer one `writable` while it is still being written, in a folder
    that then also takes what does not fit in memory: its disk has the room a run needs. `same` names tables already
    proved equal (by their digests), which are not read; `changed`, of tables where it is known, the only periods that
    are not the same; `derived` those whose values follow from other tables, so that
    a change there has no edition of its own.
    """
    with (
        tempfile.TemporaryDirectory(dir=after.parent if writable else None) as spill,
        attaching(spill) as connection,
    ):
        connection.execute(f"attach {quoted(str(after))} as after" + ("" if writable else " (read_only)"))
        if before:
            connection.execute(f"attach {quoted(str(before))} as before (read_only)")
        else:
            connection.execute(_NOTHING_BEFORE)
        connection.execute("create temp table public_key (side varchar, mart varchar, columns varchar[])")
        for side in ("before", "after"):
            for mart, columns in keys_of(connection, side).items():
                connection.execute("insert into public_key values (?, ?, ?)", [side, mart, list(columns)])
        connection.execute(_SCHEMA)
        for table in _tables(connection):
            if table.mart not in same:
                connection.execute(_pairs(table, _sides(connection, table, changed.get(table.mart))))
        connection.execute(_counts(connection))
        connection.execute(_cells(derived))
        yield connection


_NOTHING_BEFORE = f"""
attach ':memory:' as before;
create schema before.{MARTS};
create table before.{MARTS}.edition as from after.{MARTS}.edition limit 0;
create table before.{MARTS}.release as from after.{MARTS}.release limit 0
"""
_SCHEMA = f"""
create temp macro plain_number(written) as
    case when contains(written, '.') then rtrim(rtrim(written, '0'), '.') else written end;

create temp table edition_change as
select
    coalesce(new.edition, old.edition) as edition,
    coalesce(new.dataset, old.dataset) as dataset,
    coalesce(new.known_from, old.known_from) as known_from,
    case when old.edition is null then 'new' when new.edition is null then 'withdrawn' else 'rewritten' end as change
from before.{MARTS}.edition as old
full join after.{MARTS}.edition as new on old.edition = new.edition
where old.content_sha256 is distinct from new.content_sha256;

create temp table public_column as
select
    found.database_name as side, found.table_name as mart, found.column_name, found.column_index, found.data_type,
    coalesce(list_contains(public_key.columns, found.column_name), false) as is_key
from duckdb_columns() as found
left join public_key on found.database_name = public_key.side and found.table_name = public_key.mart
where found.schema_name = '{MARTS}' and found.database_name in ('before', 'after');

create temp table both_columns as
select
    coalesce(new.mart, old.mart) as mart, coalesce(new.column_name, old.column_name) as column_name,
    coalesce(new.column_index, old.column_index) as column_order,
    old.data_type as type_before, new.data_type as type_after, coalesce(new.is_key, old.is_key) as is_key
from (from public_column where side = 'before') as old
full join (from public_column where side = 'after') as new
    on old.mart = new.mart and old.column_name = new.column_name;

create temp table both_marts as
select
    coalesce(new.mart, old.mart) as mart, old.mart is not null as is_before, new.mart is not null as is_after,
    old.columns as key_before, new.columns as key_after
from (from public_key where side = 'before') as old
full join (from public_key where side = 'after') as new on old.mart = new.mart;

create temp table schema_change as
select mart, null as column_name, 'table_removed' as what, null as type_before, null as type_after
from both_marts where not is_after
union all
select mart, null, 'table_added', null, null from both_marts where not is_before
union all
select mart, null, 'key_changed', array_to_string(key_before, ', '), array_to_string(key_after, ', ')
from both_marts where is_before and is_after and key_before is distinct from key_after
union all
select
    mart, column_name,
    case when type_after is null then 'column_removed' when type_before is null then 'column_added' else 'retyped' end,
    type_before, type_after
from both_columns
inner join both_marts using (mart)
where is_before and is_after and type_before is distinct from type_after;

create temp table pair (
    mart varchar, change_kind varchar, key_text varchar, subject_fr varchar, territory_level varchar,
    territory_code varchar, territory_name varchar, period varchar, label_fr varchar, dataset varchar,
    edition_before varchar, edition_after varchar, value_before varchar, value_after varchar, is_masked boolean,
    cells struct(
        column_name varchar, column_order integer, label_fr varchar, old_value varchar, new_value varchar,
        old_number decimal(38, 6), new_number decimal(38, 6), differs boolean
    )[]
)
"""


def _tables(connection: duckdb.DuckDBPyConnection) -> list[_Table]:
    rows = connection.execute(
        f"""
        select shared.mart, shared.column_name, type_before, type_after, is_key,
            coalesce(described.label_fr, shared.column_name), shared.column_order, described.unit
        from both_columns as shared
        inner join both_marts on shared.mart = both_marts.mart and key_before = key_after
        left join after.{MARTS}.data_dictionary as described
            on shared.mart = described.table_name and shared.column_name = described.column_name
        where type_before is not null and type_after is not null and shared.mart not in {RUN_FACTS}
        order by shared.mart, shared.column_order
        """
    ).fetchall()
    tables: dict[str, _Table] = {}
    for mart, name, old, new, is_key, label, order, unit in rows:
        table = tables.setdefault(mart, _Table(mart, [], []))
        if is_key:
            table.key.append(name)
        else:
            table.columns.append(_Column(name, old, new, label, order, unit))
    return list(tables.values())


def _sides(connection: duckdb.DuckDBPyConnection, table: _Table, known: Sequence[Period] | None) -> dict[str, str]:
    """What to compare of a table on each side; of a long one, only the periods that are not the same.

    Where they are not known, a period is the same when the sums of the hashes of its rows are: a small part of the
    cost of comparing its cells.
    """
    whole = {side: f'{side}.{MARTS}."{table.mart}"' for side in ("before", "after")}
    is_long = max(rows_of(connection, name) for name in whole.values()) > LONGEST_INDEX
    if known is not None:
        connection.execute("create or replace temp table changed_period (dataset varchar, period_code varchar)")
        insert_rows(connection, "changed_period", known)
    elif is_long and {"dataset", "period_code"} <= set(table.key):
        _find_changed_periods(connection, table, whole)
    else:
        return whole
    return {
        side: f"(select whole.* from {name} as whole semi join changed_period using (dataset, period_code))"
        for side, name in whole.items()
    }


def _find_changed_periods(connection: duckdb.DuckDBPyConnection, table: _Table, whole: Mapping[str, str]) -> None:
    names = ", ".join(f'"{name}"' for name in [*table.key, *(column.name for column in table.columns)])
    sums = {
        side: f"select dataset, period_code, count(*) as rows, {sum_of_hashes(names)} from {name} group by all"
        for side, name in whole.items()
    }
    connection.execute(
        f"create or replace temp table changed_period as select distinct dataset, period_code from "
        f"(({sums['before']} except {sums['after']}) union all ({sums['after']} except {sums['before']}))"
    )


def _pairs(table: _Table, sides: dict[str, str]) -> str:
    """The rows of a table that are not the same on both sides, each with its changed cells."""
    compared = [column for column in table.columns if column.name not in PROVENANCE]
    measures = [column for column in compared if column.is_measure]
    first = f'"{table.key[0]}"'
    cells = ", ".join(column.cell for column in compared)
    changed = f"list_filter([{cells}], lambda cell: cell.differs)" if compared else "[]"
    place = [f"coalesce({table.either(*_NAMES)}, {table.either('territory_code')})"] * ("territory_code" in table.key)
    subject = [table.either(name) for name in table.key if name not in _TERRITORY]
    names = {column.name for column in table.columns}
    has_edition = table.mart != "edition" and "edition" in names

    def value(side: str) -> str:
        return f"coalesce({', '.join(column.written(side) for column in measures)}, null)" if measures else "null"

    return f"""
    insert into pair
    select
        {quoted(table.mart)},
        case when before.{first} is null then 'added' when after.{first} is null then 'removed' else 'changed' end,
        concat_ws(', ', {", ".join(table.either(name) for name in table.key)}),
        concat_ws(', ', {", ".join([*place, *subject])}),
        {table.either("territory_level")},
        {table.either("territory_code")},
        {table.either(*_NAMES)},
        {table.either(*_PERIODS)},
        {table.either(*_LABELS)},
        {table.either("dataset")},
        {"before.edition" if has_edition else "null"},
        {"after.edition" if has_edition else "null"},
        {value("before")},
        {value("after")},
        {"after.conf_status in ('C', 'D')" if "conf_status" in names else "false"},
        case when before.{first} is null or after.{first} is null then []
            else {changed} end
    from {sides["before"]} as before
    full join {sides["after"]} as after
        on {" and ".join(f'before."{name}" = after."{name}"' for name in table.key)}
    where before.{first} is null or after.{first} is null
        or {" or ".join(column.differs for column in table.columns) or "false"}
    """


def _counts(connection: duckdb.DuckDBPyConnection) -> str:
    """One row a table: how many rows on each side, and how many were added, removed, changed or only confirmed."""
    marts = connection.execute("select mart, is_before, is_after from both_marts order by mart").fetchall()
    sides = " union all ".join(
        f"select {quoted(mart)} as mart, "
        + (f'(select count(*) from before.{MARTS}."{mart}")' if is_before else "null")
        + " as rows_before, "
        + (f'(select count(*) from after.{MARTS}."{mart}")' if is_after else "null")
        + " as rows_after"
        for mart, is_before, is_after in marts
    )
    return f"""
    create temp table row_change as
    select
        sides.mart, any_value(rows_before) as rows_before, any_value(rows_after) as rows_after,
        count(*) filter (change_kind = 'added') as added,
        count(*) filter (change_kind = 'removed') as removed,
        count(*) filter (change_kind = 'changed' and len(cells) > 0) as changed,
        count(*) filter (change_kind = 'changed' and len(cells) = 0) as confirmed
    from ({sides}) as sides
    left join pair on sides.mart = pair.mart
    group by sides.mart
    """


def _cells(derived: Collection[str]) -> str:
    """One row a changed cell, an added or a removed row, with the edition that caused it, as far as its row says."""
    names = ", ".join(map(quoted, sorted(derived)))
    return f"""
    create temp table cell_change as
    with change as (
        select pair.* exclude (cells), unnest(cells) as cell from pair where change_kind = 'changed'
        union all
        select pair.* exclude (cells), null as cell from pair where change_kind <> 'changed'
    ),

    arrived as (
        select dataset, max_by(edition, known_from) as edition from edition_change where change = 'new' group by dataset
    ),

    caused as (
        select
            change.*,
            arrived.edition as arrived,
            case
                when edition_after in (select edition from edition_change where change = 'new') then 'new_edition'
                when edition_before in (select edition from edition_change where change = 'withdrawn')
                    then 'withdrawn_edition'
                when change_kind = 'removed' and arrived.edition is not null then 'new_edition'
                when list_contains([{names}], mart) and exists (from edition_change) then 'derived'
                when coalesce(edition_before, edition_after) is null and arrived.edition is not null then 'new_edition'
                when coalesce(edition_before, edition_after) is null and exists (from edition_change) then 'derived'
                when change_kind = 'changed' and edition_before is distinct from edition_after then 'other_edition'
                else 'same_edition'
            end as cause
        from change
        left join arrived on change.dataset = arrived.dataset
    )

    select
        mart, change_kind, cell.column_name, cell.column_order, coalesce(cell.label_fr, label_fr) as label_fr,
        key_text, subject_fr, territory_level, territory_code, territory_name, period,
        case
            -- What is confidential from now on is not told again; the base beside it, which is shown, is.
            when is_masked and cell.old_number is not null and cell.new_number is null then 'masquée'
            when change_kind = 'removed' and value_before is not null
                and edition_before in (select edition from before.{MARTS}.edition where access = 'restricted')
                then 'masquée'
            when change_kind = 'changed' then cell.old_value
            else value_before
        end as old_value,
        case when change_kind = 'changed' then cell.new_value else value_after end as new_value,
        cell.old_number, cell.new_number,
        try_cast(
            round((cell.new_number - cell.old_number) / nullif(abs(cell.old_number), 0) * 100, 2) as decimal(18, 2)
        ) as relative_change_pct,
        case
            when cause = 'new_edition' and change_kind = 'removed' then arrived
            when cause = 'new_edition' then coalesce(edition_after, arrived)
            else coalesce(edition_after, edition_before)
        end as edition,
        cause
    from caused
    """
