"""Two public databases compared: schema, rows and values, the edition behind each, and what asks for an approval."""

import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.errors import RefusedDataError
from dagster_project.query import rows_of
from dagster_project.release.diff import compare
from dagster_project.release.diff.approvals import Approval, GuardedChange, entry_to_sign, judge, read_approvals
from dagster_project.release.diff.changes import DETAIL_CAP, ReleaseDiff, read_diff, write_changes
from dagster_project.release.diff.compare import comparison
from dagster_project.release.diff.render import SHOWN, as_markdown, as_page
from dagster_project.release.diff.thresholds import judged_comparison
from dagster_project.settings import Settings

NEW_EDITION = """
    insert into marts.edition by name
    select * replace (
        'drees/monthly_benefits/2024-06' as edition, 'f' as content_sha256, date '2024-06-30' as known_from
    ) from marts.edition where edition = 'drees/monthly_benefits/2020-12';
"""
LOZERE = "where territory_code = '48' and benefit = 'rsa' and month = date '2018-12-01'"
REVISED = f"update marts.beneficiaries set beneficiaries = 1300, edition = 'drees/monthly_benefits/2024-06' {LOZERE}"

MOVED_IN_TIME = """
    update marts.beneficiaries_history set known_from = date '2019-01-01' where dataset = 'drees/monthly_benefits'
"""


@pytest.fixture
def before(published: Settings) -> Path:
    return published.served.resolve()


@pytest.fixture
def after(before: Path, tmp_path: Path) -> Callable[[str], Path]:
    """The published database, changed by some SQL."""

    def change(sql: str) -> Path:
        path = tmp_path / "after.duckdb"
        shutil.copy(before, path)
        path.chmod(0o644)
        with duckdb.connect(str(path)) as connection:
            connection.execute(sql)
        return path

    return change


def all_but(database: Path, marts: tuple[str, ...]) -> frozenset[str]:
    """The tables a test leaves as they are: as in production, they are not read."""
    with duckdb.connect(str(database), read_only=True) as connection:
        names = connection.execute("select table_name from duckdb_tables()").fetchall()
    return frozenset(name for (name,) in names) - set(marts) if marts else frozenset()


@contextmanager
def told(before: Path | None, after: Path, *marts: str) -> Iterator[tuple[duckdb.DuckDBPyConnection, ReleaseDiff]]:
    with judged_comparison(before, after, same=all_but(after, marts)) as connection:
        write_changes(connection, {})
        yield connection, read_diff(connection)


def pending(before: Path, after: Path, *marts: str) -> list[tuple[Any, ...]]:
    with judged_comparison(before, after, same=all_but(after, marts)) as connection:
        return connection.execute("select mart, column_name, rule, changes from pending order by all").fetchall()


# A renamed column is one removed and one added.
@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        (
            "alter table marts.population rename column population to inhabitants",
            ("population", "population", "column_removed", 1),
        ),
        ("alter table marts.territory drop column category", ("territory", "category", "column_removed", 1)),
        (
            "alter table marts.population alter column population type integer",
            ("population", "population", "retyped", 1),
        ),
        ("drop table marts.governance_body", ("governance_body", None, "table_removed", 1)),
        ("alter table marts.release drop column code_version", ("release", "code_version", "column_removed", 1)),
        ("delete from marts.key_figure where source_line < 120", ("key_figure", None, "rows_lost", 8)),
        (MOVED_IN_TIME, ("beneficiaries_history", None, "rows_lost", 156)),
        ("delete from marts.scheme_total where period_label = 'déc-18'", ("scheme_total", None, "rows_lost", 1)),
        (
            f"update marts.beneficiaries set beneficiaries = 1241 * 2 {LOZERE}",
            ("beneficiaries", "beneficiaries", "moved", 1),
        ),
        ("update marts.budget_line set amount_eur = 1 where amount_eur = 0", ("budget_line", "amount_eur", "moved", 1)),
        ("update marts.population set population = null", ("population", "population", "emptied", 1)),
        (
            f"update marts.beneficiaries set beneficiaries = null {LOZERE}",
            ("beneficiaries", "beneficiaries", "emptied", 1),
        ),
    ],
)
def test_what_waits_for_an_approval(
    before: Path, after: Callable[[str], Path], sql: str, expected: tuple[Any, ...]
) -> None:
    found = pending(before, after(sql), expected[0])
    assert [(mart, column, rule) for mart, column, rule, _ in found] == [expected[:3]]
    if expected[0] not in ("key_figure", "budget_line"):
        assert found == [expected]


def test_a_changed_key_waits_and_its_rows_are_not_guessed(before: Path, after: Callable[[str], Path]) -> None:
    changed = after(
        "create table marts.kept as from marts.scheme_total;"
        "drop table marts.scheme_total; alter table marts.kept rename to scheme_total;"
        "alter table marts.scheme_total add primary key (period_label)"
    )
    assert pending(before, changed) == [("scheme_total", None, "key_changed", 1)]


@pytest.mark.parametrize(
    "sql",
    [
        "alter table marts.population add column density decimal(9, 1)",
        "create table marts.extra (id integer primary key)",
        "insert into marts.beneficiaries "
        f"select * replace (date '2030-01-01' as month) from marts.beneficiaries {LOZERE}",
        f"update marts.beneficiaries set beneficiaries = beneficiaries + 50 {LOZERE}",
        "update marts.budget_line set amount_eur = 5 where amount_eur is null",
        "update marts.territory_profile set rank_in_region = 40, change = change * 9",
        NEW_EDITION + REVISED,
        NEW_EDITION + REVISED.replace("1300", "null"),
        NEW_EDITION + MOVED_IN_TIME,
    ],
)
def test_what_may_be_published_at_once(before: Path, after: Callable[[str], Path], sql: str) -> None:
    assert pending(before, after(sql)) == []


def test_a_new_edition_may_revise_more_than_code_may_change(before: Path, after: Callable[[str], Path]) -> None:
    revised = REVISED.replace("1300", "1700")  # + 37 %
    assert pending(before, after(NEW_EDITION + revised), "beneficiaries") == []
    assert pending(before, after(revised.replace("2024-06", "2020-12")), "beneficiaries") != []
    assert pending(before, after(NEW_EDITION + revised.replace("1700", "3000")), "beneficiaries") != []


def test_the_edition_behind_a_change_is_named(before: Path, after: Callable[[str], Path]) -> None:
    with told(before, after(NEW_EDITION + REVISED), "beneficiaries", "edition") as (connection, diff):
        (row,) = rows_of(connection, "from change where mart = 'beneficiaries' and change_kind = 'changed'")
        assert (row["old_value"], row["new_value"], row["cause"]) == ("1240", "1300", "new_edition")
        assert row["edition"] == "drees/monthly_benefits/2024-06"
        assert (row["territory_name"], row["period"]) == ("Lozère", "2018-12-01")
        assert "Lozère, 2018-12-01, rsa : Bénéficiaires 1\u202f240 → 1\u202f300 (+4,8 %)" in row["sentence_fr"]
        assert "1 valeur changée" in diff.signal[0]
        assert diff.signal[1] == "Éditions : drees/monthly_benefits/2024-06 (nouvelle)."


def test_a_value_another_edition_confirms_is_not_a_change(before: Path, after: Callable[[str], Path]) -> None:
    confirmed = after(NEW_EDITION + "update marts.beneficiaries set edition = 'drees/monthly_benefits/2024-06'")
    with told(before, confirmed, "beneficiaries") as (_, diff):
        counts = {row["mart"]: row for row in diff.marts}["beneficiaries"]
        assert (counts["changed"], counts["confirmed"]) == (0, 200)
        assert "beneficiaries" not in diff.details


def test_when_only_the_code_changed_it_says_so(before: Path, after: Callable[[str], Path]) -> None:
    changed = after("update marts.release set code_version = 'x'; delete from marts.edition_note")
    with told(before, changed, "edition_note") as (_, diff):
        assert diff.signal[1] == "Aucune édition nouvelle : seul le code a changé."


def test_a_value_masked_from_now_on_is_not_told_again(before: Path, after: Callable[[str], Path]) -> None:
    masked = after(f"update marts.beneficiaries set beneficiaries = null, conf_status = 'C' {LOZERE}")
    with told(before, masked, "beneficiaries") as (connection, diff):
        everything = str(connection.execute("from change").fetchall()) + as_page(diff) + as_markdown(diff)
        guarded = str(connection.execute("from guarded_change").fetchall())
    assert "Lozère, 2018-12-01, rsa : Bénéficiaires masquée → vide" in everything
    # The name of a release holds the time of day, which may be twenty to one.
    values = re.sub(r"\d{8}T\d{6}Z", "", everything + guarded)
    assert not re.search("1\u202f?240", values)


def test_a_row_of_a_restricted_edition_that_goes_is_not_told_again(after: Callable[[str], Path]) -> None:
    """A table may leave out what is masked, or have no column that says so."""
    restricted = "update marts.edition set access = 'restricted' where dataset = 'drees/monthly_benefits'"
    before = after(restricted)
    before = before.rename(before.with_name("before.duckdb"))
    without = after(f"{restricted}; delete from marts.beneficiaries {LOZERE}")
    with told(before, without, "beneficiaries") as (connection, diff):
        everything = str(connection.execute("from change").fetchall()) + as_page(diff) + as_markdown(diff)
    assert "Lozère, 2018-12-01, rsa" in everything and "masquée" in everything
    assert not re.search("1\u202f?240", re.sub(r"\d{8}T\d{6}Z", "", everything))


def test_the_base_beside_a_masked_value_is_told(before: Path, after: Callable[[str], Path]) -> None:
    masked = after(
        "update marts.calpae_indicator set value = null, numerator = null, published_pct = null, computed_pct = null, "
        "implied_denominator = null, denominator = 3031, conf_status = 'D' "
        "where indicator_code = 'ase_leavers_housed' and year = 2020 and territory_code = '76'"
    )
    with told(before, masked, "calpae_indicator") as (connection, diff):
        told_of = dict(
            connection.execute(
                "select column_name, old_value from change where mart = 'calpae_indicator' and column_name is not null"
            ).fetchall()
        )
    assert (told_of["denominator"], told_of["value"], told_of["published_pct"]) == ("3030", "masquée", "masquée")
    assert [row["new_value"] for row in diff.largest] == ["3\u202f031"]


def test_a_first_release_says_so_and_asks_nothing(before: Path) -> None:
    with told(None, before) as (connection, diff):
        assert diff.before is None
        assert diff.signal[0].startswith("Première version : ")
        assert connection.execute("select count(*) from pending").fetchone() == (0,)
        assert connection.execute("select count(*) from change").fetchone() == (1,)


def test_detail_is_capped_and_says_what_is_beyond(before: Path, after: Callable[[str], Path]) -> None:
    with told(before, after("update marts.key_figure set value = value * 2 where value <> 0"), "key_figure") as (
        connection,
        diff,
    ):
        total = "select count(*) from cell_change where mart = 'key_figure' and column_name = 'value'"
        (count,) = connection.execute(total).fetchone() or (0,)
        assert count > DETAIL_CAP
        rows = [row for row in diff.details["key_figure"] if row["column_name"] == "value"]
        assert (len(rows), sum(row["changes"] for row in rows)) == (DETAIL_CAP + 1, count)
        for document in (as_markdown(diff), as_page(diff)):
            assert f"et {sum(row['changes'] for row in diff.details['key_figure'][SHOWN:])} autres" in document


def test_the_page_stands_alone_and_shows_text_as_text(before: Path, after: Callable[[str], Path]) -> None:
    hostile = "<script>alert(1)</script> | *a*"
    changed = after(f"update marts.measure set heading = '{hostile}' where measure_order = 1")
    with told(before, changed, "measure") as (_, diff):
        page, text = as_page(diff), as_markdown(diff)
    assert "<script" not in page and "&lt;script&gt;" in page
    assert "\\<script\\>" in text and "\\| \\*a\\*" in text
    assert page.startswith('<!doctype html>\n<html lang="fr">')
    assert not re.search(r'(src|href)="(?!#)|@import|url\(', page)
    assert "prefers-color-scheme: dark" in page and "@media print" in page


def test_tables_of_equal_digest_need_not_be_read(before: Path, after: Callable[[str], Path]) -> None:
    changed = after(REVISED)
    with comparison(before, changed) as all_read, comparison(before, changed, same={"key_figure", "measure"}) as fewer:
        everything = "from cell_change order by all"
        assert all_read.execute(everything).fetchall() == fewer.execute(everything).fetchall() != []


_TABLE = st.dictionaries(
    st.integers(0, 6),
    st.tuples(st.one_of(st.none(), st.integers(-99, 99)), st.sampled_from(["a", "b", None])),
    max_size=7,
)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=_TABLE, new=_TABLE)
def test_nothing_is_missed_and_nothing_invented(
    tmp_path: Path, old: dict[int, tuple[Any, ...]], new: dict[int, tuple[Any, ...]]
) -> None:
    """The changes found are those a plain comparison of two dictionaries finds."""
    paths = [_miniature(tmp_path / name, rows) for name, rows in (("old.duckdb", old), ("new.duckdb", new))]
    with comparison(*paths) as connection:
        found = connection.execute(
            "select key_text, change_kind, column_name, old_value, new_value from cell_change where mart = 'figure'"
        ).fetchall()
    expected: set[tuple[str | None, ...]]
    expected = {(str(key), "added", None, None, _text(new[key][0])) for key in new.keys() - old.keys()}
    expected |= {(str(key), "removed", None, _text(old[key][0]), None) for key in old.keys() - new.keys()}
    for key in old.keys() & new.keys():
        for name, left, right in zip(("amount", "note"), old[key], new[key], strict=True):
            if left != right:
                expected.add((str(key), "changed", name, _text(left), _text(right)))
    assert sorted(found, key=str) == sorted(expected, key=str)


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _miniature(path: Path, rows: dict[int, tuple[Any, ...]]) -> Path:
    path.unlink(missing_ok=True)
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "create schema marts; "
            "create table marts.edition (edition varchar primary key, dataset varchar, known_from date, "
            "content_sha256 varchar, access varchar);"
            "create table marts.release (release_id varchar primary key);"
            "create table marts.data_dictionary (table_name varchar, column_name varchar, label_fr varchar, "
            "unit varchar, primary key (table_name, column_name));"
            "create table marts.figure (id integer primary key, amount decimal(18, 2), note varchar)"
        )
        for key, values in rows.items():
            connection.execute("insert into marts.figure values (?, ?, ?)", [key, *values])
    return path


LONG = [
    ("d", period, code, 10 * int(period) + code) for period in ("2019", "2020", "2021", "2022") for code in (1, 2, 3)
]


def _long(path: Path, rows: list[tuple[str, str, int, int]], *, indexed: bool) -> Path:
    """A table with a dataset and a period, its key in the dictionary, and as a constraint too if it is indexed."""
    _miniature(path, {})
    with duckdb.connect(str(path)) as connection:
        connection.execute("alter table marts.data_dictionary add column key_position integer")
        connection.execute(
            "create table marts.long (dataset varchar, period_code varchar, code integer, amount bigint)"
        )
        for position, name in enumerate(("dataset", "period_code", "code"), start=1):
            connection.execute(
                "insert into marts.data_dictionary values ('long', ?, ?, null, ?)", [name, name, position]
            )
        connection.executemany("insert into marts.long values (?, ?, ?, ?)", rows)
        if indexed:
            connection.execute("alter table marts.long add primary key (dataset, period_code, code)")
    return path


def test_a_table_too_long_for_an_index_is_compared_period_by_period(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = [row for row in LONG if row[1:3] != ("2019", 2)]
    changed = [(*row[:3], -1) if row[1:3] == ("2021", 3) else row for row in changed] + [("d", "2023", 1, 5)]
    told = []
    known = {"long": [("d", "2019"), ("d", "2021"), ("d", "2023")]}
    for indexed, periods in ((True, {}), (False, {}), (False, known)):
        monkeypatch.setattr(compare, "LONGEST_INDEX", 1_000 if indexed else 2)
        before = _long(tmp_path / "before.duckdb", LONG, indexed=indexed)
        after = _long(tmp_path / "after.duckdb", changed, indexed=indexed)
        with comparison(before, after, changed=periods) as connection:
            told.append(
                connection.execute(
                    "select key_text, change_kind, column_name, old_value, new_value from cell_change "
                    "where mart = 'long' order by all"
                ).fetchall()
            )
    whole, by_period, as_known = told
    assert whole == by_period == as_known
    assert [(key, kind) for key, kind, *_ in by_period] == [
        ("d, 2019, 2", "removed"), ("d, 2021, 3", "changed"), ("d, 2023, 1", "added"),
    ]  # fmt: skip


GUARDED = GuardedChange(mart="beneficiaries", column="beneficiaries", rule="moved", changes=1, sha256="a" * 64)


def approval(**changes: Any) -> Approval:
    facts = {
        "approval_id": "r1-1", "approved_by": "M. Dupont", "reason_fr": "Erreur de lecture corrigée",
        "approved_on": "2026-11-26", "since": "r1", "changes": [GUARDED.model_dump()],
    }  # fmt: skip
    return Approval.model_validate(facts | changes)


def test_an_approval_covers_the_change_it_names_and_no_other() -> None:
    assert judge([GUARDED], [approval()], "r1", ()).approved == {GUARDED: "r1-1"}
    other_values = GUARDED.model_copy(update={"sha256": "b" * 64})
    assert judge([other_values], [approval()], "r1", ()).unapproved == [other_values]
    assert judge([GUARDED], [approval(since="r0")], "r1", ()).unapproved == [GUARDED]


def test_an_approval_never_applies_twice() -> None:
    assert judge([GUARDED], [approval()], "r2", ()).unapproved == [GUARDED]
    assert judge([GUARDED], [approval()], "r1", {"r1-1"}).unapproved == [GUARDED]


def test_the_digest_names_keys_and_values(before: Path, after: Callable[[str], Path]) -> None:
    def digest(sql: str) -> str:
        changed = after(sql)
        with judged_comparison(before, changed, same=all_but(changed, ("beneficiaries",))) as connection:
            return str((connection.execute("select sha256 from pending").fetchone() or ("",))[0])

    doubled = f"update marts.beneficiaries set beneficiaries = 2480 {LOZERE}"
    assert digest(doubled) == digest(doubled)
    assert len({digest(doubled), digest(doubled.replace("2480", "2481")), digest(doubled.replace("48'", "12'"))}) == 3


def test_an_entry_nobody_signed_is_refused(tmp_path: Path) -> None:
    (tmp_path / "approvals").mkdir()
    file = tmp_path / "approvals" / "2026.yml"
    file.write_text(entry_to_sign([GUARDED], [], "r1"), encoding="utf-8")
    with pytest.raises(RefusedDataError, match=r"approvals/2026.yml : approbation illisible, champ « approved_by »"):
        read_approvals(tmp_path)
    signed = file.read_text(encoding="utf-8").replace("approved_by: ''", "approved_by: A. Martin")
    file.write_text(signed.replace("reason_fr: ''", "reason_fr: voulu, série corrigée"), encoding="utf-8")
    (read,) = read_approvals(tmp_path)
    assert judge([GUARDED], [read], "r1", ()).approved == {GUARDED: "r1-1"}
    (tmp_path / "approvals" / "encore.yml").write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(RefusedDataError, match="figure deux fois"):
        read_approvals(tmp_path)
