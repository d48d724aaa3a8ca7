"""Spark as the engine of the models: chosen by ``BILAN_ENGINE=spark``, on the cluster ``SPARK_MASTER`` names.

The door and the release stay DuckDB's. Between them, the raw tables are lent to Spark as Parquet files it reads in
place, and what it builds, Parquet too, is seen from the stage file as views: whoever reads the stage sees no
difference. Everything is in the private folder of the run, which the cluster's machines must see at the same path.

The catalog is the session's own, in memory: nothing of a run outlives it, and two runs never meet.
"""

import os
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.database import open_database
from dagster_project.errors import BilanError, WrongUseError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

ENGINES = ("duckdb", "spark")
READ_BACK = ("core", "marts")
"""The schemas that are read after dbt: by the reconciliation, the disclosure audit and the release."""

_STAGE = "bilan.stage"
# What the values, or a quiet terminal, depend on; the rest is the cluster's own (spark-defaults.conf).
_SETTINGS = {
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.timestampType": "TIMESTAMP_NTZ",
    "spark.sql.session.timeZone": "UTC",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.ui.enabled": "false",  # it asks nobody for a password
}


def engine() -> str:
    """The engine of the models: ``duckdb``, or ``spark``.

    Raises:
        WrongUseError: ``BILAN_ENGINE`` names another.
    """
    chosen = os.environ.get("BILAN_ENGINE") or "duckdb"
    if chosen not in ENGINES:
        raise WrongUseError(f"BILAN_ENGINE vaut « {chosen} » : choisissez {' ou '.join(ENGINES)}.")
    return chosen


@cache
def session() -> "SparkSession":
    """The session of this process, begun when first asked for; dbt finds it, and it ends with the process.

    Raises:
        BilanError: Spark is not installed, or does not start.
    """
    warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")  # it is handed none
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise BilanError("Spark n'est pas installé : « uv sync --locked --extra spark ».") from error
    master = os.environ.get("SPARK_MASTER", "local[*]")
    builder = SparkSession.builder.appName("bilan").master(master)
    if master.startswith("local"):
        builder = builder.config("spark.driver.bindAddress", "127.0.0.1").config("spark.driver.host", "127.0.0.1")
    for name, value in _SETTINGS.items():
        builder = builder.config(name, value)
    try:
        return builder.getOrCreate()
    except Exception as error:
        raise BilanError(f"Spark ne démarre pas sur {master} (Java 17 est-il installé ?) : {error}") from error


def lend(stage: Path, sources: Iterable[tuple[str, str]], schemas: Iterable[str]) -> None:
    """Let Spark read the source tables the stage file holds by now, and give each schema its folder beside it."""
    spark = session()
    _begin(spark, stage, sorted({*schemas, *(schema for schema, _ in sources)}))
    with open_database(stage) as connection:
        held = set(connection.execute("select table_schema, table_name from information_schema.tables").fetchall())
        for schema, table in sorted(held.intersection(sources)):
            folder = _folder(stage, schema, table)
            if not folder.exists():
                folder.mkdir()
                connection.execute(f"copy {schema}.{table} to '{folder}/rows.parquet' (format parquet)")
                spark.sql(f"create table {schema}.{table} using parquet location '{folder}'")


def take_back(stage: Path) -> None:
    """Show in the stage file the tables Spark built, as views on their Parquet files."""
    spark = session()
    with open_database(stage) as connection:
        for schema in READ_BACK:
            connection.execute(f"create schema if not exists {schema}")
            for table in spark.catalog.listTables(schema):
                folder = _folder(stage, schema, table.name)
                if table.tableType == "VIEW" and not folder.exists():
                    spark.table(f"{schema}.{table.name}").write.parquet(str(folder))
                connection.execute(
                    f"create or replace view {schema}.{table.name} as from read_parquet('{folder}/*.parquet')"
                )


def _begin(spark: "SparkSession", stage: Path, schemas: Iterable[str]) -> None:
    """Empty schemas in the folder of this run, unless it began already."""
    if spark.conf.get(_STAGE, None) == str(stage):
        return
    for schema in schemas:
        folder = _folder(stage, schema)
        folder.mkdir(parents=True, exist_ok=True)
        spark.sql(f"drop schema if exists {schema} cascade")
        spark.sql(f"create schema {schema} location '{folder}'")
    spark.conf.set(_STAGE, str(stage))


def _folder(stage: Path, *names: str) -> Path:
    return stage.with_name("spark").joinpath(*names)
