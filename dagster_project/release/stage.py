"""The stage: one private file a run, on what the door accepted, built by dbt, then thrown away."""

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import duckdb

from dagster_project import spark
from dagster_project.catalogue import Edition
from dagster_project.database import open_database
from dagster_project.dbt import STAGE_FILE, manifest
from dagster_project.quality.accepted import Accepted
from dagster_project.quality.errata import Erratum
from dagster_project.quality.raw_tables import CELLS, RAW_TABLES
from dagster_project.quality.relations import WrittenRelation, is_group
from dagster_project.readers import OFFICIAL_MODULES, official_layout
from dagster_project.release.base import take_base
from dagster_project.release.keys import MARTS
from dagster_project.settings import Settings
from dagster_project.sql import quoted


class Received(NamedTuple):
    """An edition the door accepted: under which name, and whether it is the newest of its report, or of its dataset."""

    edition: Edition
    accepted_as: str
    is_newest: bool


@dataclass(frozen=True)
class ReleaseFacts:
    """What is known of a release before it is built."""

    release_id: str
    built_at: datetime
    code_version: str
    inputs_sha256: str
    previous_release_id: str | None


def fresh_stage(settings: Settings) -> Path:
    """Where the stage file of this run goes, in an empty folder only its owner may enter.

    The folder has a name of its own: a process left by a killed run cannot write into another's stage.
    """
    settings.stage.mkdir(parents=True)
    return Path(tempfile.mkdtemp(dir=settings.stage)) / STAGE_FILE


def write_raw(settings: Settings, stage: Path, accepted: Accepted, editions: Sequence[Edition]) -> None:
    """Make the stage file, and show in it the raw rows of some editions; a producer's cells are read where they are."""
    has_base = spark.engine() == "duckdb" and take_base(settings, stage)
    # Nobody else opens the stage: texts are compressed as only today's DuckDB can, for a third less time.
    with open_database(stage, storage_compatibility_version="latest") as connection:
        connection.execute("create schema raw")
        built = "as from core.period_state" if has_base else _PERIOD_BUILT
        connection.execute(f"create table raw.period_built {built}")
        for table, columns in RAW_TABLES.items():
            files = accepted.files(editions, table)
            kind = "view" if table == CELLS else "table"
            if files:
                listed = ", ".join(map(quoted, files))
                connection.execute(f"create {kind} raw.{table} as from read_parquet([{listed}])")
            else:
                connection.execute(f"create table raw.{table} ({columns})")


def write_context(
    stage: Path,
    editions: Sequence[Received],
    relations: Sequence[WrittenRelation],
    errata: Sequence[Erratum],
    facts: ReleaseFacts,
) -> None:
    """Write beside the raw rows what is known of them: editions, relations, errata."""
    with open_database(stage) as connection:
        _table(connection, "edition", _EDITION, _edition_rows(editions))
        _table(connection, "relation", _RELATION, map(_relation_row, relations))
        _table(connection, "relation_term", _TERM, _term_rows(relations))
        _table(connection, "erratum", _ERRATUM, [(e.erratum_id, e.relation_id, e.reason_fr) for e in errata])
        _table(connection, "data_dictionary", _DICTIONARY, dictionary_rows())
        _table(connection, "release", _RELEASE, [tuple(vars(facts).values())])
        # Filled once the tables are built and compared: its source only gives its contract a shape.
        _table(connection, "release_change", _RELEASE_CHANGE, [])


_PERIOD_BUILT = "(dataset varchar, period_code varchar, is_contested boolean, state varchar)"
_EDITION = """
    edition_id varchar, dataset varchar, publisher varchar, report varchar, edition_label varchar, title varchar,
    layout varchar, version_label varchar, url varchar, origin varchar, published_on date, published_not_after date,
    publication_basis varchar, known_from date, publication_rank integer, is_newest boolean, retrieved_at date,
    licence varchar, access varchar, maturity varchar, region_code varchar, content_sha256 varchar, accepted_as varchar,
    covers_itself_only boolean
"""
_RELATION = """
    relation_id varchar, report varchar, operator varchar, severity varchar, description_fr varchar, note_fr varchar
"""
_TERM = """
    relation_id varchar, side varchar, position integer, coefficient_numerator bigint, coefficient_denominator bigint,
    reference varchar, group_prefix varchar, group_region_code varchar
"""
_ERRATUM = "erratum_id varchar, relation_id varchar, reason_fr varchar"
_DICTIONARY = """
    table_name varchar, column_order integer, column_name varchar, data_type varchar, key_position integer,
    label_fr varchar, unit varchar, description_fr varchar, table_description_fr varchar
"""
_RELEASE = """
    release_id varchar, built_at timestamp, code_version varchar, inputs_sha256 varchar, previous_release_id varchar
"""
_RELEASE_CHANGE = """
    change_order integer, mart varchar, change_kind varchar, column_name varchar, changes bigint, key_text varchar,
    territory_level varchar, territory_code varchar, territory_name varchar, period varchar, label_fr varchar,
    old_value varchar, new_value varchar, relative_change_pct decimal(18, 2), edition varchar, cause varchar,
    approval_id varchar, sentence_fr varchar
"""


def _table(connection: duckdb.DuckDBPyConnection, name: str, columns: str, rows: Iterable[tuple[Any, ...]]) -> None:
    connection.execute(f"create table raw.{name} ({columns})")
    insert_rows(connection, f"raw.{name}", list(rows))


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert all rows in one statement: thirty times faster than one at a time."""
    if rows:
        marks = f"({', '.join('?' for _ in rows[0])})"
        connection.execute(f"insert into {table} values {', '.join([marks] * len(rows))}", list(chain(*rows)))


def _edition_rows(editions: Sequence[Received]) -> Iterable[tuple[Any, ...]]:
    rank: dict[str, int] = {}
    for edition, accepted_as, is_newest in editions:
        rank[edition.dataset] = rank.get(edition.dataset, 0) + 1
        about = edition.sidecar
        yield (
            edition.edition_id, edition.dataset, about.publisher, f"{about.publisher}/{about.version_label}",
            edition.label, about.title, about.layout, about.version_label, about.url, about.origin,
            about.published.on, about.published.not_after, about.published.basis, about.published.known_from,
            rank[edition.dataset], is_newest, about.retrieved_at, about.licence, about.access, about.maturity,
            about.region_code, edition.content_sha256, accepted_as,
            about.layout in OFFICIAL_MODULES and official_layout(about.layout).covers_itself_only,
        )  # fmt: skip


def _relation_row(relation: WrittenRelation) -> tuple[Any, ...]:
    return (
        relation.relation_id, relation.report, relation.operator, relation.severity, relation.description_fr,
        relation.note_fr,
    )  # fmt: skip


def _term_rows(relations: Sequence[WrittenRelation]) -> Iterable[tuple[Any, ...]]:
    for relation in relations:
        for term in relation.terms:
            prefix, region = None, None
            if is_group(term.reference):
                group, region = term.reference.split("@")
                prefix = group.removesuffix(":departements")
            numerator, denominator = term.coefficient.as_integer_ratio()
            yield (
                relation.relation_id, term.side, term.position, numerator, denominator, term.reference, prefix, region,
            )  # fmt: skip


class Described(NamedTuple):
    """A row of the dictionary."""

    table_name: str
    column_order: int
    column_name: str
    data_type: str
    key_position: int | None
    label_fr: str
    unit: str | None
    description_fr: str
    table_description_fr: str


def dictionary_rows() -> Iterable[Described]:
    """One row a published column, from the models' own YAML."""
    for model in published_models():
        rank = {name: position for position, name in enumerate(primary_key(model), start=1)}
        for order, column in enumerate(model["columns"].values(), start=1):
            meta = column["config"]["meta"]
            yield Described(
                model["name"], order, column["name"], column["data_type"], rank.get(column["name"]), meta["label"],
                meta.get("unit"), column["description"], model["description"],
            )  # fmt: skip


def published_models() -> list[dict[str, Any]]:
    """The models of the published contract, by name."""
    nodes = manifest()["nodes"].values()
    models = [node for node in nodes if node["resource_type"] == "model" and node["schema"] == MARTS]
    return sorted(models, key=lambda node: str(node["name"]))


def primary_key(model: dict[str, Any]) -> list[str]:
    """The key the contract declares for a model."""
    keys = [constraint["columns"] for constraint in model["constraints"] if constraint["type"] == "primary_key"]
    key: list[str] = keys[0]
    return key


def digested_columns(model: dict[str, Any]) -> dict[str, str]:
    """The columns a model's content digest is made of, with their types; none for a table of run facts."""
    if not model["config"]["meta"].get("digest", True):
        return {}
    columns = model["columns"].values()
    return {one["name"]: one["data_type"] for one in columns if one["config"]["meta"].get("digest", True)}
