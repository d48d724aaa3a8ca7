"""What differs between two releases as rows a reader can use: the table ``release_change``, signal first.

The detail of a table is capped, a kind and a column at a time, the largest moves first; what is beyond is one row that
says how many.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import duckdb

from dagster_project.query import rows_of
from dagster_project.release.diff.approvals import GuardedChange
from dagster_project.release.keys import MARTS
from dagster_project.sql import quoted

DETAIL_CAP = 200
# Tables that name and describe, beside those that hold values.
_REFERENCE = ("data_dictionary", "edition", "indicator", "territory")

Row = dict[str, Any]


@dataclass(frozen=True)
class ReleaseDiff:
    """What changed from one release to the next, as it is told; `before` is None for the first release."""

    before: str | None
    after: str
    signal: list[str]
    editions: list[Row]
    schema: list[Row]
    marts: list[Row]
    largest: list[Row]
    details: dict[str, list[Row]]


def write_changes(connection: duckdb.DuckDBPyConnection, approved: Mapping[GuardedChange, str]) -> None:
    """Add to a judged comparison the table ``change``, which has the columns of ``marts.release_change``."""
    connection.execute(
        "create temp table approved (mart varchar, column_name varchar, rule varchar, approval_id varchar)"
    )
    for change, approval_id in approved.items():
        values = [change.mart, change.column, change.rule, approval_id]
        connection.execute("insert into approved values (?, ?, ?, ?)", values)
    connection.execute(_CHANGES)
    if _release_id(connection, "before") is None:
        connection.execute("delete from change")
    signal = _signal(connection, sorted(set(approved.values())))
    connection.execute(f"update change set change_order = change_order + {len(signal)}")
    for order, sentence in enumerate(signal, start=1):
        connection.execute(
            "insert into change (change_order, change_kind, changes, sentence_fr) "
            f"values ({order}, 'signal', 1, {quoted(sentence)})"
        )


def read_diff(connection: duckdb.DuckDBPyConnection) -> ReleaseDiff:
    """The changes found, ready to be told."""

    def changes(condition: str) -> list[Row]:
        return rows_of(connection, f"from change where {condition} order by change_order")

    details: dict[str, list[Row]] = {}
    for row in changes("change_kind in ('changed', 'added', 'removed', 'beyond')"):
        details.setdefault(row["mart"], []).append(row)
    return ReleaseDiff(
        before=_release_id(connection, "before"),
        after=str(_release_id(connection, "after")),
        signal=[row["sentence_fr"] for row in changes("change_kind = 'signal'")],
        editions=rows_of(connection, "select change, edition from edition_change order by change, edition"),
        schema=changes("change_kind = 'schema'"),
        marts=rows_of(connection, _MARTS),
        largest=rows_of(connection, f"{_LARGEST} limit 10"),
        details=details,
    )


def _release_id(connection: duckdb.DuckDBPyConnection, side: str) -> str | None:
    row = connection.execute(f"select release_id from {side}.{MARTS}.release").fetchone()
    return row[0] if row else None


def _signal(connection: duckdb.DuckDBPyConnection, approvals: list[str]) -> list[str]:
    """Two to four French sentences: how much changed, because of what, the largest move, and who approved."""
    before = _release_id(connection, "before")
    (counts,) = rows_of(connection, _COUNTS)
    if before is None:
        return [
            f"Première version : {_counted(counts['tables'], 'table', 'tables')} ; il n'y a rien à quoi la comparer."
        ]
    parts = [
        _counted(counts["moved"], "valeur changée", "valeurs changées"),
        _counted(counts["described"], "autre case changée", "autres cases changées"),
        _counted(counts["added"], "ligne ajoutée", "lignes ajoutées"),
        _counted(counts["removed"], "ligne retirée", "lignes retirées"),
        _counted(counts["tables_added"], "table ajoutée", "tables ajoutées"),
        _counted(counts["tables_removed"], "table retirée", "tables retirées"),
        _counted(counts["columns_changed"], "colonne changée", "colonnes changées"),
    ]
    told = ", ".join(part for part in parts if not part.startswith("0 ")) or "aucune valeur changée"
    lines = [f"Depuis la version précédente ({before}) : {told}.", _cause(connection)]
    if largest := rows_of(connection, f"{_LARGEST} limit 1"):
        lines.append(f"Plus fort mouvement : {largest[0]['mart']}, {largest[0]['sentence_fr']}.")
    if approvals:
        lines.append(f"Au-delà des seuils, et approuvé : {', '.join(approvals)}.")
    return lines


def _cause(connection: duckdb.DuckDBPyConnection) -> str:
    editions = connection.execute("select change, edition from edition_change order by change, edition").fetchall()
    if editions:
        words = {"new": "nouvelle", "withdrawn": "retirée", "rewritten": "réécrite"}
        shown = [f"{edition} ({words[change]})" for change, edition in editions[:4]]
        more = f" et {len(editions) - 4} autres" if len(editions) > 4 else ""
        return f"Éditions : {', '.join(shown)}{more}."
    (same,) = rows_of(
        connection,
        f"select old.code_version = new.code_version as code, old.inputs_sha256 = new.inputs_sha256 as inputs "
        f"from before.{MARTS}.release as old, after.{MARTS}.release as new",
    )
    match same["code"], same["inputs"]:
        case False, True:
            return "Aucune édition nouvelle : seul le code a changé."
        case True, False:
            return "Aucune édition nouvelle, même code : seuls les registres de raw/ (relations, errata…) ont changé."
        case True, True:
            return "Aucune édition nouvelle, même code : la version est publiée de nouveau."
    return "Aucune édition nouvelle : le code et les registres de raw/ (relations, errata…) ont changé."


def _counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}".replace(",", "\u202f")


_CHANGES = f"""
create temp macro in_french(written) as
    case when written = 'masquée' then written else
        case when starts_with(written, '-') then '-' else '' end
        || replace(format('{{:,}}', abs(split_part(written, '.', 1)::hugeint)), ',', '\u202f')
        || case when contains(written, '.') then ',' || split_part(written, '.', 2) else '' end
    end;
create temp macro shown(written, is_number) as
    case when written is null then 'vide' when is_number then in_french(written)
        when length(written) > 80 then '« ' || left(written, 80) || '… »' else '« ' || written || ' »' end;
create temp macro percent(move) as
    coalesce(' (' || replace(printf('%+.1f', move::double), '.', ',') || ' %)', '');
create temp macro because(cause, edition) as
    case cause
        when 'new_edition' then 'édition nouvelle ' || edition
        when 'withdrawn_edition' then 'édition retirée ' || edition
        when 'other_edition' then 'édition déjà connue ' || edition
        when 'derived' then 'découle des éditions nouvelles, ou du code'
        else 'sans édition nouvelle'
    end;

create temp table family as
select
    mart,
    case
        when ends_with(mart, '_history') then 3
        when mart in {_REFERENCE} then 2
        when is_derived then 1
        else 0
    end as family
from threshold;

create temp table told as
with judged as (
    select cell.*, family, guarded.rule, approval_id
    from cell_change as cell
    inner join family on cell.mart = family.mart
    left join guarded_change as guarded
        on cell.mart = guarded.mart and cell.key_text = guarded.key_text
        and (cell.column_name = guarded.column_name or guarded.rule = 'rows_lost')
    left join approved
        on guarded.mart = approved.mart and guarded.rule = approved.rule
        and guarded.column_name is not distinct from approved.column_name
)

select
    *,
    row_number() over (
        partition by mart, change_kind, column_name
        order by rule is null, abs(relative_change_pct) desc nulls last, key_text
    ) as place,
    case
        when change_kind = 'changed' then concat(
            subject_fr, ' : ', label_fr, ' ', shown(old_value, coalesce(old_number, new_number) is not null), ' → ',
            shown(new_value, coalesce(old_number, new_number) is not null), percent(relative_change_pct)
        )
        else concat_ws(
            ' : ', subject_fr, label_fr, in_french(coalesce(new_value, old_value)),
            case when change_kind = 'added' then 'ligne ajoutée' else 'ligne retirée' end
        )
    end || ' ; ' || because(cause, edition) as sentence_fr
from judged;

create temp table change as
with line as (
    select
        1 as part, family, found.mart, 'schema' as change_kind, found.column_name, 1 as changes, null as key_text,
        null as territory_level, null as territory_code, null as territory_name, null as period, null as label_fr,
        type_before as old_value, type_after as new_value, null as relative_change_pct, null as edition,
        null as cause, approval_id, 0 as place,
        case what
            when 'table_added' then concat('table ajoutée, ', in_french(coalesce(rows_after, 0)::varchar), ' lignes')
            when 'table_removed' then concat('table retirée, ', in_french(coalesce(rows_before, 0)::varchar), ' lignes')
            when 'key_changed' then concat('clé changée : (', type_before, ') → (', type_after, ')')
            when 'column_added' then concat('colonne ', found.column_name, ' ajoutée (', type_after, ')')
            when 'column_removed' then concat('colonne ', found.column_name, ' retirée ou renommée (', type_before, ')')
            else concat('colonne ', found.column_name, ' : type ', type_before, ' → ', type_after)
        end as sentence_fr
    from schema_change as found
    inner join row_change on found.mart = row_change.mart
    inner join family on found.mart = family.mart
    left join approved
        on found.mart = approved.mart and what = rule and found.column_name is not distinct from approved.column_name
    union all
    select
        2, family, mart, 'rows', null, added + removed + changed, null, null, null, null, null, null,
        rows_before::varchar, rows_after::varchar,
        try_cast(round((rows_after - rows_before) / nullif(rows_before, 0) * 100, 2) as decimal(18, 2)), null, null,
        null, 0,
        concat(
            in_french(rows_before::varchar), ' → ', in_french(rows_after::varchar), ' lignes : ',
            in_french(added::varchar), ' ajoutées, ', in_french(removed::varchar), ' retirées, ',
            in_french(changed::varchar), ' changées, ', in_french(confirmed::varchar),
            ' inchangées mais d''une autre édition'
        )
    from row_change
    inner join family using (mart)
    where added + removed + changed + confirmed > 0
    union all
    select
        3, family, mart, change_kind, column_name, 1, key_text, territory_level, territory_code, territory_name,
        period, label_fr, old_value, new_value, relative_change_pct, edition, cause, approval_id, place, sentence_fr
    from told
    where place <= {DETAIL_CAP}
    union all
    select
        3, family, mart, 'beyond', column_name, count(*), null, null, null, null, null, null, null, null, null, null,
        null, null, {DETAIL_CAP + 1},
        concat(
            'et ', in_french(count(*)::varchar),
            case change_kind when 'added' then ' autres lignes ajoutées' when 'removed' then ' autres lignes retirées'
                else concat(' autres changements de ', column_name) end,
            ', non détaillés'
        )
    from told
    where place > {DETAIL_CAP}
    group by family, mart, change_kind, column_name
)

select
    row_number() over (
        order by part, family, mart, change_kind not in ('changed', 'schema'), column_name nulls first, place,
            change_kind, key_text
    )::integer as change_order,
    mart, change_kind, column_name, changes::bigint as changes, key_text, territory_level, territory_code,
    territory_name, period, label_fr, old_value, new_value, relative_change_pct::decimal(18, 2) as relative_change_pct,
    edition, cause, approval_id, sentence_fr
from line
"""
_COUNTS = """
select
    (select count(*) from row_change where rows_after is not null) as tables,
    (select count(*) from told where family = 0 and change_kind = 'changed'
        and coalesce(old_number, new_number) is not null) as moved,
    (select count(*) from told where family = 0 and change_kind = 'changed'
        and coalesce(old_number, new_number) is null) as described,
    (select count(*) from told where family = 0 and change_kind = 'added') as added,
    (select count(*) from told where family < 3 and change_kind = 'removed') as removed,
    (select count(*) from schema_change where what = 'table_added') as tables_added,
    (select count(*) from schema_change where what = 'table_removed') as tables_removed,
    (select count(*) from schema_change where what not like 'table%') as columns_changed
"""
_MARTS = """
select mart, rows_before, rows_after, added, removed, changed, confirmed
from row_change inner join family using (mart)
where added + removed + changed + confirmed > 0
order by family, mart
"""
_LARGEST = """
select
    mart, subject_fr, label_fr, sentence_fr, in_french(old_value) as old_value, in_french(new_value) as new_value,
    replace(printf('%+.1f', relative_change_pct::double), '.', ',') as relative_change_pct
from told
where told.relative_change_pct is not null and family in (0, 3)
order by family, abs(told.relative_change_pct) desc, mart, key_text, column_order
"""
