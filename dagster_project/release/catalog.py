"""The catalogue of a release (DCAT-AP 3): one dataset a table, and the database that holds them all.

Addresses are relative to the folder of the release: they hold wherever it is placed.
"""

from typing import Any

from dagster_project.release.described import (
    DESCRIPTION,
    KEYWORDS,
    DescribedRelease,
    DescribedTable,
    File,
    Row,
    licences,
)
from dagster_project.release.proof import DATABASE

Node = dict[str, Any]

_CONTEXT = {
    "adms": "http://www.w3.org/ns/adms#",
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "spdx": "http://spdx.org/rdf/terms#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}
_EUROPE = "http://publications.europa.eu/resource/authority"
_PROFILE = "https://semiceu.github.io/DCAT-AP/releases/3.0.1"
_TABLE_SCHEMA = "https://datapackage.org/standard/table-schema/"
_LICENCES = {"Licence Ouverte 2.0": "https://spdx.org/licenses/etalab-2.0"}
_MEDIA_TYPES = {
    "csv": "https://www.iana.org/assignments/media-types/text/csv",
    "parquet": "https://www.iana.org/assignments/media-types/application/vnd.apache.parquet",
}


def catalog_of(release: DescribedRelease) -> Node:
    """The document, in JSON-LD. French."""
    shared = _shared(release)
    return {
        "@context": _CONTEXT,
        "@id": "#catalogue",
        "@type": "dcat:Catalog",
        "dct:title": _french(release.title),
        "dct:description": _french(DESCRIPTION),
        "dct:conformsTo": _typed("dct:Standard", _PROFILE),
        "dct:license": _licence(release.sources),
        "dcat:themeTaxonomy": {
            **_typed("skos:ConceptScheme", f"{_EUROPE}/data-theme"),
            "dct:title": _french("Thèmes de données de l'Union européenne"),
        },
        **shared,
        "dcat:dataset": [_database(release, shared), *(_dataset(table, shared) for table in release.tables)],
    }


def _shared(release: DescribedRelease) -> Node:
    """What is the same for the catalogue and for each of its datasets."""
    built = {"@value": f"{release.facts['built_at']:%Y-%m-%dT%H:%M:%SZ}", "@type": "xsd:dateTime"}
    return {
        "dct:publisher": {**_typed("foaf:Agent", "#bilan"), "foaf:name": _french("Bilan")},
        "dct:issued": built,
        "dct:modified": built,
        "dct:language": _typed("dct:LinguisticSystem", f"{_EUROPE}/language/FRA"),
        "dct:spatial": [_typed("dct:Location", f"{_EUROPE}/country/FRA"), *map(_region, release.regions)],
        "dcat:version": release.facts["release_id"],
    }


def _database(release: DescribedRelease, shared: Node) -> Node:
    """The file people query. Its bytes are told by the manifest: two builds of the same values differ in them."""
    return {
        **_typed("dcat:Dataset", "#bilan.duckdb"),
        "dct:title": _french(f"{release.title} : toutes les tables"),
        "dct:description": _french(DESCRIPTION),
        **shared,
        **_subject("bilan.duckdb", release.sources),
        "dcat:distribution": [
            {
                **_typed("dcat:Distribution", f"#distribution-{DATABASE}"),
                "dct:title": _french("Base DuckDB, à ouvrir en lecture seule"),
                "dcat:accessURL": _typed("rdfs:Resource", DATABASE),
                "dct:license": _licence(release.sources),
            }
        ],
    }


def _dataset(table: DescribedTable, shared: Node) -> Node:
    dataset = {
        **_typed("dcat:Dataset", f"#{table.name}"),
        "dct:title": _french(table.title),
        "dct:description": _french(table.description),
        **shared,
        **_subject(table.name, table.sources),
        "dcat:distribution": [_distribution(table, kind, file) for kind, file in table.files.items()],
    }
    if table.period:
        start, end = ({"@value": day.isoformat(), "@type": "xsd:date"} for day in table.period)
        dataset["dct:temporal"] = {"@type": "dct:PeriodOfTime", "dcat:startDate": start, "dcat:endDate": end}
    return dataset


def _subject(identifier: str, sources: list[Row]) -> Node:
    about: Node = {
        "dct:identifier": identifier,
        "dcat:keyword": [_french(word) for word in KEYWORDS],
        "dcat:theme": {**_typed("skos:Concept", f"{_EUROPE}/data-theme/SOCI"), "skos:prefLabel": _french("Société")},
        "dct:accessRights": _typed("dct:RightsStatement", f"{_EUROPE}/access-right/PUBLIC"),
    }
    if sources:
        said = " ; ".join(f"{row['publisher']}, {row['title']} ({row['version_label']})" for row in sources)
        about["dct:provenance"] = {"@type": "dct:ProvenanceStatement", "rdfs:label": _french(said)}
    return about


def _distribution(table: DescribedTable, kind: str, file: File) -> Node:
    return {
        **_typed("dcat:Distribution", f"#distribution-{file.path}"),
        "dct:title": _french(f"{table.title} ({kind.upper()})"),
        "dcat:accessURL": _typed("rdfs:Resource", file.path),
        "dcat:downloadURL": _typed("rdfs:Resource", file.path),
        "dct:format": _typed("dct:MediaTypeOrExtent", f"{_EUROPE}/file-type/{kind.upper()}"),
        "dcat:mediaType": _typed("dct:MediaType", _MEDIA_TYPES[kind]),
        "dcat:byteSize": {"@value": str(file.size), "@type": "xsd:nonNegativeInteger"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": _typed("spdx:ChecksumAlgorithm", "spdx:checksumAlgorithm_sha256"),
            "spdx:checksumValue": {"@value": file.sha256, "@type": "xsd:hexBinary"},
        },
        "dct:conformsTo": _typed("dct:Standard", _TABLE_SCHEMA),
        "dct:license": _licence(table.sources),
    }


def _licence(sources: list[Row]) -> Node:
    """The licence of some editions: by its address when there is one, in words when several or when it has none."""
    titles = licences(sources)
    label = " ; ".join(titles) or "Celles des sources dont la table découle"
    known = _LICENCES.get(titles[0]) if len(titles) == 1 else None
    return {"@type": "dct:LicenseDocument", **({"@id": known} if known else {}), "rdfs:label": _french(label)}


def _region(region: Row) -> Node:
    return {
        "@type": "dct:Location",
        "skos:prefLabel": _french(region["territory_name"]),
        "dct:identifier": region["territory_code"],
    }


def _typed(kind: str, address: str) -> Node:
    return {"@id": address, "@type": kind}


def _french(text: str) -> Node:
    return {"@value": text, "@language": "fr"}
