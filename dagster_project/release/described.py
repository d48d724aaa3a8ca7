"""What machines are told of a release: a data package and a catalogue, from the same YAML as comments and dictionary.

They are written once the tables are exported, and sealed with them: what they say of a file is what was published.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.database import open_database
from dagster_project.hashing import file_sha256
from dagster_project.query import rows_of
from dagster_project.release.keys import MARTS
from dagster_project.release.stage import primary_key, published_models

Row = dict[str, Any]

# How a table says the time it covers: what it must hold, then its first and its last day.
_PERIODS = (
    ({"period_start", "period_end"}, "min(period_start)", "max(period_end)"),
    ({"month"}, "min(month)", "last_day(max(month))"),
    ({"quarter_start"}, "min(quarter_start)", "cast(max(quarter_start) + interval 3 month - interval 1 day as date)"),
    ({"reference_date"}, "min(reference_date)", "max(reference_date)"),
    ({"year"}, "make_date(min(year), 1, 1)", "make_date(max(year), 12, 31)"),
)


@dataclass(frozen=True)
class File:
    """A file of the release."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class DescribedTable:
    """A published table: what its model says of it, its files, where its rows come from, the time they cover."""

    model: dict[str, Any]
    files: dict[str, File]
    sources: list[Row]
    period: tuple[date, date] | None

    @property
    def name(self) -> str:
        return str(self.model["name"])

    @property
    def title(self) -> str:
        return str(self.model["description"])

    @property
    def description(self) -> str:
        """What the table holds, and what one row of it is."""
        labels = [self.model["columns"][name]["config"]["meta"]["label"].lower() for name in primary_key(self.model)]
        return f"{self.title}. Une ligne par : {', '.join(labels)}."


@dataclass(frozen=True)
class DescribedRelease:
    """A release and its tables."""

    facts: Row
    regions: list[Row]
    sources: list[Row]
    tables: list[DescribedTable]

    @property
    def title(self) -> str:
        names = ", ".join(region["territory_name"] for region in self.regions)
        return f"Lutte contre la pauvreté : les chiffres ({names})"


DESCRIPTION = (
    "Ce que les producteurs publient et ce que les rapports impriment, chiffre par chiffre, avec source, édition, "
    "statut et recoupements. Tables préparées par Bilan ; le dictionnaire est la table data_dictionary."
)
KEYWORDS = ("pauvreté", "niveau de vie", "chômage", "prestations sociales", "insertion", "budget de l'État")


def write_descriptors(database: Path, folder: Path) -> None:
    """Write `datapackage.json` and `catalog.jsonld` in the folder of a release whose tables are exported."""
    from dagster_project.release.catalog import catalog_of
    from dagster_project.release.datapackage import datapackage_of

    release = described(database, folder)
    for name, document in (("datapackage.json", datapackage_of(release)), ("catalog.jsonld", catalog_of(release))):
        text = json.dumps(document, ensure_ascii=False, indent=2)
        (folder / name).write_text(f"{text}\n", encoding="utf-8")


def described(database: Path, folder: Path) -> DescribedRelease:
    """Read what the two documents tell."""
    with open_database(database, read_only=True) as connection:
        editions = {row["edition"]: row for row in rows_of(connection, f"from {MARTS}.edition order by edition")}
        tables = [
            DescribedTable(
                model, _files(folder, model["name"]), _sources(connection, model, editions), _period(connection, model)
            )
            for model in published_models()
        ]
        codes = sorted({row["region_code"] for row in editions.values() if row["region_code"]})
        regions = rows_of(
            connection,
            f"from {MARTS}.territory where territory_level = 'region' and list_contains(?, territory_code) order by 2",
            codes,
        )
        (facts,) = rows_of(connection, f"from {MARTS}.release")
    return DescribedRelease(facts, regions, list(editions.values()), tables)


def licences(sources: Iterable[Row]) -> list[str]:
    """The licences of some editions, each once."""
    return sorted({row["licence"] for row in sources})


def _files(folder: Path, table: str) -> dict[str, File]:
    """A table's files by kind; one too long for a spreadsheet has no CSV."""
    paths = {kind: folder / kind / f"{table}.{kind}" for kind in ("csv", "parquet")}
    return {
        kind: File(str(path.relative_to(folder)), path.stat().st_size, file_sha256(path))
        for kind, path in paths.items()
        if path.exists()
    }


def _sources(connection: duckdb.DuckDBPyConnection, model: dict[str, Any], editions: dict[str, Row]) -> list[Row]:
    if "edition" not in model["columns"]:
        return []
    found = connection.execute(f'select distinct edition from {MARTS}."{model["name"]}" order by 1').fetchall()
    return [editions[edition] for (edition,) in found if edition in editions]


def _period(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> tuple[date, date] | None:
    for needed, first, last in _PERIODS:
        if needed <= model["columns"].keys():
            ends = connection.execute(f'select {first}, {last} from {MARTS}."{model["name"]}"').fetchone()
            return ends if ends and None not in ends else None
    return None
