"""What may change from one release to the next without asking: numbers in ``thresholds.yml``, applied in SQL."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from types import MappingProxyType

import duckdb
import yaml
from pydantic import BaseModel, ConfigDict

from dagster_project.release.diff.compare import comparison
from dagster_project.release.digest import Period
from dagster_project.sql import quoted

THRESHOLDS = Path(__file__).with_name("thresholds.yml")


class Threshold(BaseModel):
    """Beyond which change a table waits for an approval; percentages of the value, or of the rows, before."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    same_edition_pct: Decimal
    new_edition_pct: Decimal
    rows_lost_pct: Decimal
    fewer_rows: bool


class Thresholds(BaseModel):
    """The thresholds of every table: the default, what some tables change of it, and the tables that follow others."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    default: Threshold
    marts: dict[str, dict[str, Decimal | bool]]
    derived: frozenset[str]

    def of(self, mart: str) -> Threshold:
        return Threshold.model_validate(self.default.model_dump() | self.marts.get(mart, {}))


def read_thresholds(path: Path = THRESHOLDS) -> Thresholds:
    """Read the declared thresholds."""
    return Thresholds.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))


@contextmanager
def judged_comparison(
    before: Path | None,
    after: Path,
    *,
    same: Collection[str] = (),
    changed: Mapping[str, Sequence[Period]] = MappingProxyType({}),
    writable: bool = False,
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A comparison that also holds ``guarded_change``: each change that needs an approval, with the rule it meets.

    ``pending`` groups them by table, column and rule; its digest names exactly these changes, values included.
    """
    thresholds = read_thresholds()
    with comparison(
        before, after, same=same, changed=changed, derived=thresholds.derived, writable=writable
    ) as connection:
        _judge(connection, thresholds)
        yield connection


def _judge(connection: duckdb.DuckDBPyConnection, thresholds: Thresholds) -> None:
    marts = connection.execute("select mart from row_change order by mart").fetchall()
    rows = ", ".join(_row(mart, thresholds) for (mart,) in marts)
    connection.execute(
        "create temp table threshold (mart varchar, same_edition_pct decimal(9, 2), new_edition_pct decimal(9, 2), "
        f"rows_lost_pct decimal(9, 2), fewer_rows boolean, is_derived boolean); insert into threshold values {rows}"
    )
    connection.execute(_GUARDED)


def _row(mart: str, thresholds: Thresholds) -> str:
    values = [quoted(mart), *thresholds.of(mart).model_dump().values(), mart in thresholds.derived]
    return f"({', '.join(map(str, values))})"


_GUARDED = """
create temp table emptied as
select mart, column_name
from cell_change
inner join row_change using (mart)
inner join threshold using (mart)
where old_number is not null and new_number is null and cell_change.change_kind = 'changed' and not is_derived
group by mart, column_name
having count(*) filter (cause <> 'new_edition') > 0
    or count(*) * 100 > any_value(rows_lost_pct) * any_value(rows_before);

create temp table guarded_change as
select mart, column_name, what as rule, null as key_text, null as subject_fr, type_before as old_value,
    type_after as new_value, null as relative_change_pct, null as edition, null as cause
from schema_change
where what not in ('table_added', 'column_added')
union all
select mart, null, 'rows_lost', key_text, subject_fr, old_value, null, null, edition, cause
from cell_change
inner join row_change using (mart)
inner join threshold using (mart)
where change_kind = 'removed'
    and (removed * 100 > rows_lost_pct * rows_before or (fewer_rows and rows_after < rows_before))
    -- An edition that arrives after newer ones moves versions in time: their key changes, none is lost.
    and not (ends_with(mart, '_history') and cause = 'new_edition' and rows_after >= rows_before)
union all
select mart, column_name, 'emptied', key_text, subject_fr, old_value, null, null, edition, cause
from cell_change
inner join emptied using (mart, column_name)
where old_number is not null and new_number is null
union all
select mart, column_name, 'moved', key_text, subject_fr, old_value, new_value, relative_change_pct, edition, cause
from cell_change
inner join threshold using (mart)
where not is_derived and abs(new_number - old_number) * 100
    > abs(old_number) * case when cause = 'new_edition' then new_edition_pct else same_edition_pct end;

create temp table pending as
select
    mart, column_name, rule, count(*) as changes,
    sha256(string_agg(
        concat_ws(chr(31), coalesce(key_text, ''), coalesce(old_value, chr(30)), coalesce(new_value, chr(30))),
        chr(29) order by key_text, old_value, new_value
    )) as sha256
from guarded_change
group by mart, column_name, rule
"""
