"""What machines are told of a release is true of its files, and follows the standards it names."""

import json
import shutil
from pathlib import Path
from typing import Any

import duckdb
import pyshacl
import pytest
import rdflib
from frictionless import Package

from dagster_project.errors import RefusedDataError
from dagster_project.hashing import file_sha256
from dagster_project.release.described import write_descriptors
from dagster_project.release.verify import verify_release
from dagster_project.settings import Settings

SHAPES = Path(__file__).parent / "dcat-ap-SHACL.ttl"
DCAT = rdflib.Namespace("http://www.w3.org/ns/dcat#")
DCTERMS = rdflib.Namespace("http://purl.org/dc/terms/")
SPDX = rdflib.Namespace("http://spdx.org/rdf/terms#")
PARQUET_TYPES = {
    "VARCHAR": "string", "INTEGER": "integer", "BIGINT": "integer", "BOOLEAN": "boolean", "DATE": "date",
    "TIMESTAMP": "datetime", "DECIMAL": "number",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the published release: frictionless reads paths from the working folder."""
    copy = tmp_path_factory.mktemp("described") / "release"
    shutil.copytree(published.served.resolve().parent, copy)
    for path in (copy, *copy.rglob("*")):
        path.chmod(path.stat().st_mode | 0o200)
    return copy


@pytest.fixture(scope="module")
def package(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "datapackage.json").read_text(encoding="utf-8"))
    return document


@pytest.fixture(scope="module")
def catalogue(folder: Path) -> rdflib.Graph:
    return rdflib.Graph().parse(folder / "catalog.jsonld", format="json-ld")


def of_kind(package: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [resource for resource in package["resources"] if resource["format"] == kind]


def test_the_package_follows_the_standard(package: dict[str, Any]) -> None:
    assert package["$schema"].endswith("/2.0/datapackage.json")
    assert list(Package.metadata_validate(package)) == []
    assert list(Package.metadata_validate(package | {"name": 3}))


def test_every_file_is_what_its_schema_says(package: dict[str, Any], folder: Path) -> None:
    """Types, keys, keys of other tables, required and listed values of each CSV; sizes and hashes of all."""
    report = validated(package, folder)
    assert report.valid, report.flatten(["name", "rowNumber", "type", "note"])
    assert len(report.tasks) == 2 * len(list((folder / "csv").iterdir()))
    assert sum(task.stats.get("rows", 0) for task in report.tasks) > 4000


@pytest.mark.parametrize(
    ("table", "change", "defect"),
    [
        ("population", lambda text: text.replace("5985697", "beaucoup"), "type-error"),
        ("population", lambda text: text + text.splitlines()[-1] + "\r\n", "primary-key"),
        ("population", lambda text: text.replace(";A;F;", ";Z;F;"), "constraint-error"),
        ("population", lambda text: text.replace("report_poverty/2021", "report_poverty/2020"), "foreign-key"),
    ],
)  # fmt: skip
def test_a_csv_that_says_otherwise_is_found(
    package: dict[str, Any], folder: Path, tmp_path: Path, table: str, change: Any, defect: str
) -> None:
    """The validation above is one that can fail."""
    (tmp_path / "csv").mkdir()
    kept = [resource for resource in of_kind(package, "csv") if resource["name"] in (table, "edition")]
    for resource in kept:
        text = (folder / resource["path"]).read_text(encoding="utf-8")
        changed = change(text) if resource["name"] == table else text
        (tmp_path / resource["path"]).write_text(changed, encoding="utf-8", newline="")
    untold = [{name: value for name, value in one.items() if name not in ("bytes", "hash")} for one in kept]
    report = validated(package | {"resources": untold}, tmp_path)
    assert defect in {error[0] for error in report.flatten(["type"])}


def validated(package: dict[str, Any], folder: Path) -> Any:
    return Package.from_descriptor(package, basepath=str(folder)).validate()


def test_every_parquet_has_the_columns_its_schema_tells(package: dict[str, Any], folder: Path) -> None:
    for resource in of_kind(package, "parquet"):
        found = duckdb.sql(f"describe from '{folder / resource['path']}'").fetchall()
        columns = [(name, PARQUET_TYPES[kind.partition("(")[0]]) for name, kind, *_ in found]
        assert [(field["name"], field["type"]) for field in resource["schema"]["fields"]] == columns
        assert resource["hash"] == f"sha256:{file_sha256(folder / resource['path'])}"


def test_fields_are_told_as_in_the_dictionary(package: dict[str, Any], folder: Path) -> None:
    with duckdb.connect(str(folder / "bilan.duckdb"), read_only=True) as connection:
        told = connection.execute(
            "select table_name, column_name, label_fr, description_fr, unit from marts.data_dictionary"
        ).fetchall()
    fields = [
        (resource["name"], field["name"], field["title"], field["description"], field.get("unit"))
        for resource in of_kind(package, "csv")
        for field in resource["schema"]["fields"]
    ]
    assert sorted(fields, key=str) == sorted(told, key=str)


def test_sources_and_licences_are_those_of_the_editions(package: dict[str, Any]) -> None:
    (rates,) = [resource for resource in package["resources"] if resource["name"] == "unemployment_rate"]
    assert [source["title"].partition(" : ")[0] for source in rates["sources"]] == ["dreets_occitanie", "insee"]
    assert {licence["name"] for licence in rates["licenses"]} == {"etalab-2.0", "other-open"}
    assert len(package["sources"]) == 13


def test_the_catalogue_follows_dcat_ap(catalogue: rdflib.Graph) -> None:
    """With the European Union's own shapes."""
    conforms, _, told = pyshacl.validate(catalogue, shacl_graph=rdflib.Graph().parse(SHAPES))
    assert conforms, told


@pytest.mark.parametrize(
    ("kind", "missing"),
    [
        (DCAT.Catalog, DCTERMS.publisher),
        (DCAT.Catalog, DCTERMS.description),
        (DCAT.Dataset, DCTERMS["title"]),
        (DCAT.Distribution, DCAT.accessURL),
    ],
)
def test_a_catalogue_without_what_is_mandatory_is_found(
    catalogue: rdflib.Graph, kind: rdflib.URIRef, missing: rdflib.URIRef
) -> None:
    lame = rdflib.Graph() + catalogue
    one = next(iter(lame.subjects(rdflib.RDF.type, kind)))
    lame.remove((one, missing, None))
    conforms, _, _ = pyshacl.validate(lame, shacl_graph=rdflib.Graph().parse(SHAPES))
    assert not conforms


def test_every_distribution_is_a_file_of_the_release_with_its_hash(catalogue: rdflib.Graph, folder: Path) -> None:
    found = set()
    for distribution in catalogue.subjects(rdflib.RDF.type, DCAT.Distribution):
        address = str(catalogue.value(distribution, DCAT.accessURL))
        path = Path(address.removeprefix("file://"))
        assert path.is_file(), address
        found.add(str(path.relative_to(folder)))
        checksum = catalogue.value(distribution, SPDX.checksum)
        if checksum is not None:
            assert str(catalogue.value(checksum, SPDX.checksumValue)) == file_sha256(path)
            assert int(str(catalogue.value(distribution, DCAT.byteSize))) == path.stat().st_size
    exported = {str(path.relative_to(folder)) for kind in ("csv", "parquet") for path in (folder / kind).iterdir()}
    assert found == exported | {"bilan.duckdb"}


def test_a_dataset_says_the_time_and_the_place_it_covers(catalogue: rdflib.Graph) -> None:
    (counts,) = [
        dataset
        for dataset in catalogue.subjects(rdflib.RDF.type, DCAT.Dataset)
        if str(catalogue.value(dataset, DCTERMS.identifier)) == "beneficiaries"
    ]
    period = catalogue.value(counts, DCTERMS.temporal)
    ends = [str(catalogue.value(period, one)) for one in (DCAT.startDate, DCAT.endDate)]
    assert ends == ["2018-12-01", "2021-12-31"]
    codes = {str(catalogue.value(place, DCTERMS.identifier)) for place in catalogue.objects(counts, DCTERMS.spatial)}
    assert "76" in codes


def test_the_same_release_is_described_by_the_same_bytes(published: Settings, folder: Path) -> None:
    release = published.served.resolve().parent
    before = {name: (folder / name).read_bytes() for name in ("datapackage.json", "catalog.jsonld")}
    write_descriptors(folder / "bilan.duckdb", folder)
    for name, written in before.items():
        assert (folder / name).read_bytes() == written == (release / name).read_bytes()


@pytest.mark.parametrize("name", ["datapackage.json", "catalog.jsonld"])
def test_a_description_that_was_altered_is_found(workshop: Settings, name: str) -> None:
    path = workshop.served.resolve().parent / name
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace("Bilan", "Bilans"), encoding="utf-8")
    with pytest.raises(RefusedDataError, match=rf"{name} : ce n'est plus le fichier publié"):
        verify_release(workshop)
