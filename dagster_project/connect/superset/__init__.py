"""What Superset imports in one command: the locked-down database, every table with its French labels, one dashboard.

The labels and descriptions are those of the served release's own dictionary. Superset replaces a dashboard it already
has, but keeps charts and datasets of the same identifier as they are: theirs are made of what they hold, so that what
changed is imported again.
"""

import uuid
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from dagster_project.connect import superset_parameters
from dagster_project.connect.superset.dashboard import CHARTS, TITLE, Chart, dashboard, value_of
from dagster_project.query import open_release, rows_of
from dagster_project.settings import Settings
from dagster_project.sql import identifier

_DATABASE = "Bilan"
_ROOT = "bilan"
_NAMESPACE = uuid.UUID("6b6a5f0e-3b56-4d0e-9f3a-62696c616e00")
_QUERIES = Path(__file__).parent
_NUMBERS = ("BIGINT", "DECIMAL")
_COUNT = {"metric_name": "lignes", "verbose_name": "Nombre de lignes", "expression": "count(*)"}
_DICTIONARY = """
    select table_name, table_description_fr, column_name, data_type, label_fr, description_fr
    from marts.data_dictionary order by table_name, column_order
"""
_ONE_ROW_FR = "La valeur, quand une seule ligne est retenue ; vide sinon : rien n'est additionné à tort."

Document = dict[str, Any]


def write_bundle(settings: Settings, path: Path) -> list[str]:
    """Write the bundle for the served release, and say how to import it. French.

    Raises:
        BilanError: no release has been published.
    """
    with open_release(settings) as connection:
        tables: dict[str, list[Document]] = {}
        for row in rows_of(connection, _DICTIONARY):
            tables.setdefault(row["table_name"], []).append(row)
        labels = {row["column_name"]: row for rows in tables.values() for row in rows}
        queries = {query.stem: query.read_text(encoding="utf-8") for query in sorted(_QUERIES.glob("*.sql"))}
        datasets = [_table(name, rows) for name, rows in tables.items()]
        for name, sql in queries.items():
            described = connection.execute(f"describe {sql}").fetchall()
            datasets.append(_query(name, sql, [(column, kind) for column, kind, *_ in described], labels))
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, document in _documents(settings, datasets):
            bundle.writestr(f"{_ROOT}/{name}", yaml.safe_dump(document, allow_unicode=True, sort_keys=False))
    return [
        f"{path} : {len(datasets)} jeux de données, {len(CHARTS)} graphiques, un tableau de bord « {TITLE} ».",
        f"  superset import-dashboards --path {path} --username admin",
    ]


def _documents(settings: Settings, datasets: list[Document]) -> Iterator[tuple[str, Document]]:
    yield "metadata.yaml", {"version": "1.0.0", "type": "Dashboard", "timestamp": datetime.now(UTC).isoformat()}
    yield f"databases/{_DATABASE}.yaml", _database(settings)
    for dataset in datasets:
        yield f"datasets/{_DATABASE}/{dataset['table_name']}.yaml", dataset
    dataset_ids = {dataset["table_name"]: dataset["uuid"] for dataset in datasets}
    charts = {chart.name: _chart(chart, dataset_ids[chart.dataset]) for chart in CHARTS}
    for name, document in charts.items():
        yield f"charts/{name}.yaml", document
    chart_ids = {name: document["uuid"] for name, document in charts.items()}
    yield f"dashboards/{_ROOT}.yaml", {**dashboard(chart_ids), "uuid": _identifier(_ROOT)}


def _identifier(text: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, text))


def _identified(document: Document) -> Document:
    """A document with an identifier made of what it holds."""
    return {**document, "uuid": _identifier(yaml.safe_dump(document))}


def _database(settings: Settings) -> Document:
    return {
        "database_name": _DATABASE,
        "sqlalchemy_uri": f"duckdb:///{settings.served}",
        "cache_timeout": 0,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"allows_virtual_table_explore": True, "engine_params": superset_parameters()},
        "uuid": _identifier(_DATABASE),
        "version": "1.0.0",
    }


def _table(name: str, rows: list[Document]) -> Document:
    columns = [_column(row["column_name"], row["data_type"].upper(), row) for row in rows]
    return _dataset(name, columns, description=rows[0]["table_description_fr"])


def _query(name: str, sql: str, described: list[tuple[str, str]], labels: dict[str, Document]) -> Document:
    columns = [_column(column, kind, labels.get(column)) for column, kind in described]
    return _dataset(name, columns, sql=sql)


def _dataset(name: str, columns: list[Document], **more: object) -> Document:
    numbers = [column for column in columns if column["type"].startswith(_NUMBERS)]
    document = {
        "table_name": name,
        "schema": "marts",
        "main_dttm_col": None,
        "cache_timeout": 0,
        "metrics": [_COUNT, *map(_value, numbers)],
        "columns": columns,
        "database_uuid": _identifier(_DATABASE),
        "version": "1.0.0",
    }
    return _identified(document | more)


def _column(name: str, data_type: str, said: Document | None) -> Document:
    return {
        "column_name": name,
        "verbose_name": said["label_fr"] if said else name,
        "description": said["description_fr"] if said else None,
        "type": data_type,
        "is_dttm": data_type in ("DATE", "TIMESTAMP"),
        "is_active": True,
        "groupby": True,
        "filterable": True,
    }


def _value(column: Document) -> Document:
    """Rates, stocks and nested lines do not add up: a metric is the value of one row, or nothing."""
    return {
        "metric_name": value_of(column["column_name"]),
        "verbose_name": column["verbose_name"],
        "expression": f"case when count(*) = 1 then max({identifier(column['column_name'])}) end",
        "description": _ONE_ROW_FR,
    }


def _chart(chart: Chart, dataset_id: str) -> Document:
    document = {
        "slice_name": chart.title,
        "viz_type": chart.kind,
        "params": {"viz_type": chart.kind, **chart.parameters},
        "query_context": None,
        "cache_timeout": 0,
        "dataset_uuid": dataset_id,
        "version": "1.0.0",
    }
    return _identified(document)
