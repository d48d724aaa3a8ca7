"""What Superset imports names what exists, in French, opens the database locked, and adds nothing up wrongly."""

import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
import yaml

from dagster_project.connect import superset_parameters
from dagster_project.connect.superset import write_bundle
from dagster_project.query import open_release, rows_of
from dagster_project.settings import Settings

Document = dict[str, Any]


def documents(settings: Settings, path: Path) -> dict[str, Document]:
    write_bundle(settings, path)
    with zipfile.ZipFile(path) as bundle:
        return {name: yaml.safe_load(bundle.read(name)) for name in bundle.namelist()}


@pytest.fixture(scope="module")
def bundle(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    return documents(published, tmp_path_factory.mktemp("superset") / "bilan.zip")


def under(bundle: dict[str, Document], folder: str) -> dict[str, Document]:
    return {name.rsplit("/")[-1]: one for name, one in bundle.items() if name.startswith(f"bilan/{folder}/")}


def test_the_database_is_the_one_locked_down(bundle: dict[str, Document], published: Settings) -> None:
    (database,) = under(bundle, "databases").values()
    assert database["sqlalchemy_uri"] == f"duckdb:///{published.served}"
    assert database["extra"]["engine_params"] == superset_parameters()
    assert not any(database[right] for right in ("allow_dml", "allow_ctas", "allow_cvas", "allow_file_upload"))


def test_every_published_table_is_there_with_its_labels(bundle: dict[str, Document], published: Settings) -> None:
    with open_release(published) as connection:
        dictionary = rows_of(connection, "select * from marts.data_dictionary order by table_name, column_order")
    datasets = {one["table_name"]: one for one in under(bundle, "datasets").values() if "sql" not in one}
    assert {(row["table_name"], row["column_name"], row["label_fr"], row["description_fr"]) for row in dictionary} == {
        (name, column["column_name"], column["verbose_name"], column["description"])
        for name, one in datasets.items()
        for column in one["columns"]
    }


def test_every_query_and_every_metric_runs_on_the_release(bundle: dict[str, Document], published: Settings) -> None:
    with open_release(published) as connection:
        for one in under(bundle, "datasets").values():
            source = f"({one['sql']})" if "sql" in one else f"marts.{one['table_name']}"
            columns = ", ".join(f'"{column["column_name"]}"' for column in one["columns"])
            metrics = ", ".join(metric["expression"] for metric in one["metrics"])
            connection.execute(f"select {columns} from {source} limit 1").fetchall()
            connection.execute(f"select {metrics} from {source}").fetchall()


def test_a_metric_is_the_value_of_one_row_or_nothing(bundle: dict[str, Document]) -> None:
    dataset = under(bundle, "datasets")["poverty_rate.yaml"]
    (metric,) = (one for one in dataset["metrics"] if one["metric_name"] == "valeur_poverty_rate_pct")
    with duckdb.connect() as connection:
        connection.execute("create table rates as select 1 as id, 12.5 as poverty_rate_pct union all select 2, 20.0")
        ask = f"select {metric['expression']} from rates"
        assert connection.execute(f"{ask} where id = 1").fetchone() == (Decimal("12.5"),)
        assert connection.execute(ask).fetchone() == (None,)


def test_each_chart_draws_columns_and_metrics_that_exist(bundle: dict[str, Document]) -> None:
    datasets = {one["uuid"]: one for one in under(bundle, "datasets").values()}
    for chart in under(bundle, "charts").values():
        dataset, drawn = datasets[chart["dataset_uuid"]], chart["params"]
        columns = {column["column_name"] for column in dataset["columns"]}
        metrics = {metric["metric_name"] for metric in dataset["metrics"]}
        named = {*drawn.get("groupby", []), *drawn.get("all_columns", []), drawn.get("x_axis")} - {None}
        assert named | {one["subject"] for one in drawn.get("adhoc_filters", [])} <= columns, chart["slice_name"]
        assert {*drawn.get("metrics", []), drawn.get("metric")} - {None} <= metrics, chart["slice_name"]


def test_the_dashboard_holds_every_chart(bundle: dict[str, Document]) -> None:
    (dashboard,) = under(bundle, "dashboards").values()
    places = [one for one in dashboard["position"].values() if isinstance(one, dict)]
    placed = {one["meta"]["uuid"] for one in places if one["type"] == "CHART"}
    assert placed == {chart["uuid"] for chart in under(bundle, "charts").values()}


def test_the_budget_marks_what_does_not_add_up(bundle: dict[str, Document], published: Settings) -> None:
    budget = under(bundle, "datasets")["budget.yaml"]["sql"]
    with open_release(published) as connection:
        marked = rows_of(connection, f"""select * from ({budget}) where "Contrôle" = 'ne tombe pas juste'""")
        shares = connection.execute(
            f"""select year, sum("Part du total (€)"), max(amount_eur) filter (is_total) from ({budget}) group by 1"""
        ).fetchall()
    gaps = {(row["year"], row["action"]): row["Écart, calculé moins imprimé (€)"] for row in marked}
    assert gaps[2021, "Total"] == Decimal("-390949.00")
    assert gaps[2019, "Enveloppe Commissaire"] == Decimal("89087.00")
    assert len(gaps) == 4
    assert shares
    assert all(total == printed for _, total, printed in shares)


def test_the_same_release_gives_the_same_identifiers(
    bundle: dict[str, Document], published: Settings, tmp_path: Path
) -> None:
    again = documents(published, tmp_path / "again.zip")
    assert {name: one.get("uuid") for name, one in again.items()} == {
        name: one.get("uuid") for name, one in bundle.items()
    }
