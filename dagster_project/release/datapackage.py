"""The data package of a release (Data Package 2.0): every exported file, with the schema of its columns."""

from collections.abc import Iterable
from typing import Any

from dagster_project.release.described import DESCRIPTION, KEYWORDS, DescribedRelease, DescribedTable, Row, licences
from dagster_project.release.stage import primary_key, published_models

_PROFILE = "https://datapackage.org/profiles/2.0/datapackage.json"
_LICENCES = {
    "Licence Ouverte 2.0": {
        "name": "etalab-2.0",
        "path": "https://www.etalab.gouv.fr/wp-content/uploads/2017/04/ETALAB-Licence-Ouverte-v2.0.pdf",
    },
}
_TYPES = {
    "varchar": "string", "integer": "integer", "bigint": "integer", "boolean": "boolean", "date": "date",
    "timestamp": "datetime", "decimal": "number",
}  # fmt: skip
_FRENCH_CSV = {"delimiter": ";", "quoteChar": '"', "doubleQuote": True, "header": True}
_TIMESTAMP = "%Y-%m-%d %H:%M:%S"


def datapackage_of(release: DescribedRelease) -> dict[str, Any]:
    """The document, as the standard writes it. French."""
    keys = {model["name"]: primary_key(model) for model in published_models()}
    return {
        "$schema": _PROFILE,
        "name": "bilan",
        "id": release.facts["release_id"],
        "title": release.title,
        "description": DESCRIPTION,
        "version": release.facts["release_id"],
        "created": f"{release.facts['built_at']:%Y-%m-%dT%H:%M:%SZ}",
        "keywords": list(KEYWORDS),
        "licenses": _licences(release.sources),
        "sources": _sources(release.sources),
        "resources": [_RESOURCE[kind](table, keys) for table in release.tables for kind in table.files],
    }


def _csv(table: DescribedTable, keys: dict[str, list[str]]) -> dict[str, Any]:
    return {
        **_resource(table, "csv", table.name),
        "type": "table",
        "mediatype": "text/csv",
        "encoding": "utf-8",
        "dialect": _FRENCH_CSV,
        "schema": _schema(table, keys, "", {"decimalChar": ","}, _TIMESTAMP),
    }


def _parquet(table: DescribedTable, keys: dict[str, list[str]]) -> dict[str, Any]:
    """The same table for tools. It is a file to those who validate: few of them read Parquet."""
    return {
        **_resource(table, "parquet", f"{table.name}.parquet"),
        "type": "file",
        "mediatype": "application/vnd.apache.parquet",
        "schema": _schema(table, keys, ".parquet", {}, "default"),
    }


_RESOURCE = {"csv": _csv, "parquet": _parquet}


def _resource(table: DescribedTable, kind: str, name: str) -> dict[str, Any]:
    file = table.files[kind]
    about = {
        "name": name,
        "path": file.path,
        "title": table.title,
        "description": table.description,
        "format": kind,
        "bytes": file.size,
        "hash": f"sha256:{file.sha256}",
    }
    if table.sources:
        about |= {"licenses": _licences(table.sources), "sources": _sources(table.sources)}
    return about


def _schema(
    table: DescribedTable, keys: dict[str, list[str]], suffix: str, number: dict[str, str], timestamp: str
) -> dict[str, Any]:
    key = primary_key(table.model)
    schema: dict[str, Any] = {
        "fields": [_field(column, key, number, timestamp) for column in table.model["columns"].values()],
        "primaryKey": key,
        "missingValues": [""],
    }
    if foreign := table.model["config"]["meta"].get("foreign_keys"):
        schema["foreignKeys"] = [
            {
                "fields": one["columns"],
                "reference": {"resource": f"{one['to']}{suffix}", "fields": keys[one["to"]]},
            }
            for one in foreign
        ]
    return schema


def _field(column: dict[str, Any], key: list[str], number: dict[str, str], timestamp: str) -> dict[str, Any]:
    meta, kind = column["config"]["meta"], _TYPES[column["data_type"].partition("(")[0]]
    field = {"name": column["name"], "type": kind, "title": meta["label"], "description": column["description"]}
    if kind == "number":
        field |= number
    if kind == "datetime":
        field["format"] = timestamp
    if "unit" in meta:
        field["unit"] = meta["unit"]
    constraints: dict[str, Any] = {}
    if column["name"] in key and kind != "string":  # a text of a key may be blank: a period that is not printed
        constraints["required"] = True
    if "values" in meta:
        constraints["enum"] = meta["values"]
    return field | ({"constraints": constraints} if constraints else {})


def _licences(sources: Iterable[Row]) -> list[dict[str, str]]:
    """A licence by its name in the Open Definition's list; one that is not there is told by its title."""
    return [{**_LICENCES.get(title, {"name": "other-open"}), "title": title} for title in licences(sources)]


def _sources(sources: Iterable[Row]) -> list[dict[str, str]]:
    return [
        {
            "title": f"{row['publisher']} : {row['title']}",
            "version": row["version_label"],
            **({"path": row["url"]} if row["url"] else {}),
        }
        for row in sources
    ]
