"""The release a fresh clone publishes: the printed figures, exactly, and what is known of each."""

import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from dagster_project.query import open_release, run_query
from dagster_project.settings import Settings


@pytest.fixture(scope="module")
def marts(published: Settings) -> Any:
    with open_release(published) as connection:
        yield connection


def one(marts: Any, sql: str) -> Any:
    rows = marts.execute(sql).fetchall()
    assert len(rows) == 1, (sql, rows)
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


def test_printed_rates_and_counts(marts: Any) -> None:
    assert one(
        marts,
        "select poverty_rate_pct, median_living_standard_eur_per_year from marts.poverty_rate "
        "where territory_level = 'region' and territory_code = '76' and year = 2019 and population_group = 'all'",
    ) == (Decimal("16.8"), 20980)
    assert one(
        marts,
        "select poverty_rate_pct from marts.poverty_rate where population_group = 'age_under_30'",
    ) == Decimal("27.6")
    assert one(marts, "select population from marts.population") == 5_985_697


def test_a_range_is_one_row_for_its_group_and_no_member_gets_a_value(marts: Any) -> None:
    assert one(
        marts,
        "select unemployment_rate_pct, unemployment_rate_lower_pct, unemployment_rate_upper_pct, territory_name "
        "from marts.unemployment_rate where territory_level = 'other'",
    ) == (None, Decimal("5.1"), Decimal("6.1"), "Gers, Aveyron et Lozère")


def test_the_publisher_of_the_statistic_speaks_and_the_report_stays_in_history(marts: Any) -> None:
    assert one(
        marts,
        "select unemployment_rate_pct, dataset from marts.unemployment_rate where territory_level = 'region'",
    ) == (Decimal("9.3"), "insee/unemployment")
    assert one(
        marts,
        "select unemployment_rate_pct from marts.unemployment_rate_history "
        "where territory_level = 'region' and dataset = 'dreets_occitanie/report_poverty'",
    ) == Decimal("9.5")


def test_a_starred_cell_carries_the_month_of_its_note(marts: Any) -> None:
    assert one(
        marts,
        "select month, beneficiaries, marker, unit from marts.beneficiaries "
        "where period_label = 'déc-21' and benefit = 'ass'",
    ) == (date(2021, 11, 1), 35_070, "*", "person")


def test_a_regional_total_is_computed_beside_its_completeness(marts: Any) -> None:
    assert one(
        marts,
        "select beneficiaries, departements_present, departements_expected, missing_departements "
        "from marts.beneficiaries_total where benefit = 'prime_activite' and month = date '2018-12-01'",
    ) == (333_700, 13, 13, None)


def test_blank_is_not_zero(marts: Any) -> None:
    amounts = dict(marts.execute("select line_code, amount_eur from marts.budget_line where year = 2020").fetchall())
    assert amounts["spie"] is None
    assert amounts["departements_fapi"] == 0
    assert amounts["total"] == Decimal("19704025.00")
    perpignan = one(
        marts,
        "select amount_eur, marker, note from marts.contracted_amount where territory_code = '200027183'",
    )
    assert perpignan[:2] == (Decimal(0), "*")
    assert perpignan[2]


def test_a_group_header_is_not_counted(marts: Any) -> None:
    headers = marts.execute(
        "select territory_name, amount_eur from marts.contracted_amount where is_total and parent_line_code = 'total' "
        "order by line_order"
    ).fetchall()
    assert headers == [("Haute-Garonne", None), ("Hérault", None), ("Pyrénées-Orientales", Decimal(1778034))]
    assert one(marts, "select sum(amount_eur) from marts.contracted_amount where not is_total") == Decimal(17940581)


def test_convention_indicators_keep_their_base_or_say_the_one_implied(marts: Any) -> None:
    columns = "numerator, denominator, implied_denominator, published_pct, computed_pct"
    query = f"select {columns} from marts.calpae_indicator where indicator_code = "
    housed = one(marts, query + "'ase_leavers_housed'")
    assert housed == (989, 3030, 3034, Decimal("32.6"), Decimal("32.64"))
    assert one(marts, query + "'rsa_oriented_within_month'") == (17551, None, 30260, Decimal(58), None)
    assert one(marts, "select value, unit from marts.calpae_indicator where unit = 'week'") == (Decimal(31), "week")


EXPECTED = {
    "credits-2019-total": ("gap", -71008, "unexplained"),
    "credits-2020-total": ("gap", -1200, "unexplained"),
    "credits-2021-total": ("gap", -390949, "unexplained"),
    "credits-2019-enveloppe": ("gap", 89087, "part_above_whole"),
    "drees-2018-12-prime-activite": ("gap", 30430, "left_out"),
    "drees-2019-12-prime-activite": ("gap", 41440, "left_out"),
    "ase-logement-among-supported": ("gap", 44, "part_above_whole"),
    "contracts-2021-total": ("rounding", 1, None),
    "contracts-2021-credits": ("exact", 0, None),
    "contracts-2021-metropoles": ("exact", 0, None),
}


@pytest.mark.parametrize("relation_id", EXPECTED)
def test_the_report_is_judged(marts: Any, relation_id: str) -> None:
    query = f"select verdict, difference, diagnosis_kind from marts.reconciliation where relation_id = '{relation_id}'"
    verdict, difference, kind = one(marts, query)
    assert (verdict, int(difference), kind) == EXPECTED[relation_id]


def test_the_member_left_out_is_named(marts: Any) -> None:
    query = "select diagnosis_fr from marts.reconciliation where relation_id = 'drees-2018-12-prime-activite'"
    assert "Pyrénées-Orientales" in one(marts, query)


def test_nothing_that_holds_is_flagged(marts: Any) -> None:
    held = marts.execute(
        "select relation_id from marts.reconciliation where verdict not in ('gap', 'not_computable')"
    ).fetchall()
    ids = {row[0] for row in held}
    assert {one for one in ids if one.startswith("schemes-total-")} >= {
        f"schemes-total-{month}" for month in ("dec-18", "dec-19", "dec-20", "mars-21", "juin-21", "sept-21", "dec-21")
    }
    assert {f"credits-{year}-departements" for year in (2019, 2020, 2021)} <= ids
    assert {f"drees-2019-12-{one}" for one in ("rsa", "aah", "ass", "garantie-jeunes", "aides-logement")} <= ids
    assert {f"ase-{one}-share" for one in ("pris-en-charge", "logement", "ressources", "parcours")} <= ids


def test_every_gap_is_in_the_register(marts: Any) -> None:
    query = "select relation_id from marts.reconciliation where verdict = 'gap' and severity = 'error'"
    assert not marts.execute(query + " and waiver_id is null").fetchall()


def test_only_marts_are_published_with_keys_and_french_comments(marts: Any) -> None:
    schemas = {row[0] for row in marts.execute("select distinct schema_name from duckdb_tables()").fetchall()}
    assert schemas == {"marts"}
    bare = marts.execute(
        "select table_name, column_name from duckdb_columns() where schema_name = 'marts' and comment is null"
    ).fetchall()
    assert not bare
    keyed = "select table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
    tables = "select table_name from duckdb_tables() where schema_name = 'marts'"
    assert set(marts.execute(keyed).fetchall()) == set(marts.execute(tables).fetchall())


def test_money_and_counts_are_exact_types(marts: Any) -> None:
    floats = marts.execute(
        "select table_name, column_name from duckdb_columns() "
        "where schema_name = 'marts' and data_type in ('DOUBLE', 'FLOAT', 'HUGEINT')"
    ).fetchall()
    assert not floats


def test_manifest_says_what_it_was_made_from_and_what_it_holds(published: Settings, marts: Any) -> None:
    folder = published.served.resolve().parent
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["inputs"]["dreets_occitanie/report_credits/2021/lines.csv"]
    assert manifest["marts"]["budget_line"]["rows"] == one(marts, "select count(*) from marts.budget_line")
    assert manifest["marts"]["release"]["sha256"] is None
    for name, table in manifest["marts"].items():
        parquet = folder / "parquet" / f"{name}.parquet"
        assert duckdb.sql(f"select count(*) from '{parquet}'").fetchone() == (table["rows"],)


def test_the_served_file_is_a_relative_link_to_a_read_only_file(published: Settings) -> None:
    target = Path(published.served.readlink())
    assert not target.is_absolute()
    assert published.served.resolve().stat().st_mode & 0o777 == 0o444
    assert not list(published.served.resolve().parent.glob("*.wal"))
    assert not published.stage.exists()


def test_queries_come_out_as_table_csv_and_json(published: Settings) -> None:
    sql = "select territory_name, population from marts.population"
    assert "Occitanie" in run_query(published, sql, "table")
    assert run_query(published, sql, "csv") == "territory_name,population\nOccitanie,5985697\n"
    assert json.loads(run_query(published, sql, "json")) == [{"territory_name": "Occitanie", "population": 5985697}]


def test_every_figure_of_the_report_is_a_row(marts: Any) -> None:
    assert one(marts, "select count(*) from marts.key_figure") > 700
    assert one(marts, "select count(*) from marts.key_figure where printed_text is null or source_line is null") == 0
    assert one(marts, "select count(distinct axis) from marts.measure where axis > 0") == 6
    assert one(marts, "select count(*) from marts.local_action") > 100
    kinds = marts.execute("select distinct kind from marts.governance_body").fetchall()
    assert {row[0] for row in kinds} >= {"working_group", "ad_hoc_group", "conference", "structure"}


def test_every_departement_and_metropole_has_its_profile(marts: Any) -> None:
    profiled = "select count(distinct territory_code) from marts.territory_profile where territory_level = "
    assert one(marts, profiled + "'departement'") == 13
    assert one(marts, profiled + "'epci'") == 3
    assert one(
        marts,
        "select value, previous_value, change, rank_in_region, region_value from marts.territory_profile "
        "where territory_code = '66' and indicator_code = 'prime_activite_recipients'",
    ) == (41440, 30430, 11010, 4, 466840)


def test_the_errors_of_the_prose_are_found_and_named(marts: Any) -> None:
    query = "select diagnosis_fr from marts.reconciliation where verdict = 'gap' and relation_id = "
    assert "33 conviendrait" in one(marts, query + "'herault-new-siae-by-type'")
