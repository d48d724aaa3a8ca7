"""From a catalogue to ``raw/``: new, unchanged or failed, and never half done."""

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import httpx
import pytest
import yaml

from dagster_project.catalogue import SIDECAR, Publication, load_catalogue
from dagster_project.connectors import bdm, datagouv, opendatasoft
from dagster_project.connectors.archive import archive
from dagster_project.connectors.calendar import Calendar
from dagster_project.connectors.fetch import Fetched, fetch, today_in_paris
from dagster_project.connectors.http import Client
from dagster_project.connectors.producers import Source
from dagster_project.connectors.remote import Catalogue, RemoteEdition, RemoteFile, Site
from dagster_project.errors import LockHeldError, WrongUseError
from tests.connectors import answers
from tests.connectors.producer import Producer, Reply

ODS = "/api/explore/v2.1/catalog/datasets"
CSV = b"mois;valeur\n2026-01;10\n2026-02;20\n"
KEY = "cle-tres-secrete-0123456789"


def _source(dataset: str, catalogue: Catalogue, site: Site, **more: object) -> Source:
    made = Source("essai", dataset, "Jeu d'essai", "producer_extract", catalogue, site, Calendar((6,), 0), "final")
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture
def prestations(producer: Producer, site: Site) -> Source:
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations"))
    producer.serve(f"{ODS}/prestations/exports/csv", Reply(CSV, etag='"a"'))
    return _source("prestations", opendatasoft.Export("prestations"), site)


class Bench:
    """A raw/ and a state of its own; each run has its client, as each command has."""

    def __init__(self, folder: Path) -> None:
        self.raw, self.state = folder / "raw", folder / "state"
        self.told: list[str] = []

    def run(self, *sources: Source, names: list[str] | None = None) -> list[Fetched]:
        client = Client(timeouts=httpx.Timeout(5, read=0.3), sleep=lambda seconds: None)
        return fetch(self.raw, self.state, names, self.told.append, client=client, sources=sources)

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.raw)) for path in self.raw.rglob("*") if path.is_file())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_new_edition(bench: Bench, prestations: Source) -> None:
    [result] = bench.run(prestations)
    assert (result.status, result.edition) == ("new", "2026-06-17"), result.message
    assert bench.files() == ["essai/prestations/2026-06-17/edition.yml", "essai/prestations/2026-06-17/prestations.csv"]
    [dataset] = load_catalogue(bench.raw)
    sidecar = dataset.editions[0].sidecar
    assert sidecar.published.on == date(2026, 6, 17) and sidecar.retrieved_at == today_in_paris()
    assert sidecar.url is not None and sidecar.url.endswith("exports/csv?delimiter=%3B")
    assert (sidecar.licence, sidecar.access, sidecar.maturity) == ("Licence Ouverte 2.0", "open", "final")
    assert bench.told == [f"essai/prestations : {result.message}"]
    assert [path for path in bench.state.rglob("*") if path.is_file() and "downloads" in path.parts] == []


def test_a_first_edition_that_cannot_be_read_is_not_archived(bench: Bench, prestations: Source) -> None:
    """The catalogue's address answers, with another table than the one its reader knows: publication must not stop."""
    [result] = bench.run(replace(prestations, layout="bdf_over_indebtedness"))
    assert result.status == "failed"
    assert "n'est pas celui que l'on sait lire" in result.message
    assert bench.files() == []


def test_same_revision_downloads_nothing(bench: Bench, prestations: Source, producer: Producer) -> None:
    bench.run(prestations)
    before = len(producer.asked)
    [result] = bench.run(prestations)
    assert (result.status, result.edition) == ("unchanged", "2026-06-17")
    assert [one.path for one in producer.asked[before:]] == [f"{ODS}/prestations"]


def test_republished_same_bytes(bench: Bench, prestations: Source, producer: Producer) -> None:
    bench.run(prestations)
    files = bench.files()
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", modified="2026-07-01T08:00:00+00:00"))
    [result] = bench.run(prestations)
    assert result.status == "unchanged" and producer.asked[-1].headers["if-none-match"] == '"a"'
    producer.serve(f"{ODS}/prestations/exports/csv", Reply(CSV, etag='"b"'))
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", modified="2026-07-02T08:00:00+00:00"))
    [result] = bench.run(prestations)
    assert (result.status, result.edition) == ("unchanged", "2026-06-17")
    assert bench.files() == files


def test_new_bytes_are_a_new_edition_even_under_the_same_label(
    bench: Bench, prestations: Source, producer: Producer
) -> None:
    bench.run(prestations)
    producer.serve(f"{ODS}/prestations/exports/csv", Reply(CSV.replace(b"20\n", b"21\n"), etag='"b"'))
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", modified="2026-06-16T22:45:00+00:00"))
    [result] = bench.run(prestations)
    assert (result.status, result.edition) == ("new", "2026-06-17-2")
    assert len(load_catalogue(bench.raw)[0].editions) == 2


def test_an_edition_taken_out_of_raw_is_fetched_again(bench: Bench, prestations: Source) -> None:
    bench.run(prestations)
    for path in (bench.raw / "essai/prestations/2026-06-17").iterdir():
        path.unlink()
    (bench.raw / "essai/prestations/2026-06-17").rmdir()
    assert bench.run(prestations)[0].status == "new"


@pytest.mark.parametrize("content", ["", "{", "[]", '{"essai/prestations": {"other": 1}}'])
def test_a_lost_state_costs_only_time(bench: Bench, prestations: Source, content: str) -> None:
    bench.run(prestations)
    (bench.state / "connectors.json").write_text(content)
    assert bench.run(prestations)[0].status == "unchanged"


def test_one_failure_does_not_stop_the_others(bench: Bench, prestations: Source, site: Site) -> None:
    gone = _source("gone", opendatasoft.Export("gone"), site)
    results = bench.run(gone, prestations)
    assert [one.status for one in results] == ["failed", "new"]
    assert "introuvable chez le producteur" in results[0].message
    assert results[0].message.endswith("raw/ n'a pas changé.")


@pytest.mark.parametrize(
    "reply", [Reply(b"<html>maintenance</html>"), Reply(b""), Reply(CSV[:20]), Reply(CSV, cut=5), Reply(status=500)]
)
def test_a_failed_download_leaves_raw_as_it_was(
    bench: Bench, prestations: Source, producer: Producer, reply: Reply
) -> None:
    producer.serve(f"{ODS}/prestations/exports/csv", reply)
    assert bench.run(prestations)[0].status == "failed"
    assert not bench.raw.exists()


def test_too_big_for_the_dataset(bench: Bench, prestations: Source) -> None:
    [result] = bench.run(replace(prestations, largest_file=10))
    assert result.status == "failed" and "plus de 10 octets" in result.message


def test_sdmx_header_changes_at_each_request(bench: Bench, producer: Producer, site: Site) -> None:
    source = _source("chomage", bdm.Dataflow("TAUX-CHOMAGE"), site)
    producer.serve("/data/TAUX-CHOMAGE", *[Reply(answers.sdmx(number)) for number in range(10)])
    assert bench.run(source)[0].status == "new"
    (bench.state / "connectors.json").unlink()
    assert bench.run(source)[0].status == "unchanged"
    producer.serve("/data/TAUX-CHOMAGE", Reply(answers.sdmx(20, updated="2026-12-17", value="7.5")))
    assert bench.run(source)[0].edition == "2026-12-17"


def test_remote_resource_without_checksum(bench: Bench, producer: Producer, site: Site) -> None:
    resource = answers.resource("Communes", f"{producer.base}/communes.csv", "2026-02-20T08:00:00+00:00")
    producer.serve_json("/api/1/datasets/cog/", {"resources": [resource]})
    producer.serve("/communes.csv", Reply(CSV))
    source = _source("communes", datagouv.Resource("cog", "csv", "communes"), site)
    assert [bench.run(source)[0].status for _ in range(2)] == ["new", "unchanged"]
    producer.serve("/communes.csv", Reply(CSV + b"2026-03;30\n"))
    assert bench.run(source)[0].edition == "2026-02-20-2"


def test_resource_off_the_domains(bench: Bench, producer: Producer, site: Site) -> None:
    resource = answers.resource("Communes", "https://ailleurs.example.org/c.csv", "2026-02-20T08:00:00+00:00")
    producer.serve_json("/api/1/datasets/cog/", {"resources": [resource]})
    [result] = bench.run(_source("communes", datagouv.Resource("cog", "csv", "communes"), site))
    assert result.status == "failed" and "hors des domaines" in result.message


def test_key_is_in_no_file_and_no_message(
    bench: Bench, prestations: Source, producer: Producer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILAN_KEY_PRODUCTEUR", KEY)
    producer.serve(f"{ODS}/prestations/exports/csv", Reply(CSV, etag=f'"{KEY}"'))
    keyed = replace(prestations, site=replace(prestations.site, key_scheme="Apikey"))
    bench.run(keyed)
    producer.serve(f"{ODS}/prestations", Reply(status=401))
    bench.run(keyed)
    assert all(one.headers["authorization"] == f"Apikey {KEY}" for one in producer.asked)
    written = [path.read_text() for path in bench.raw.parent.rglob("*") if path.is_file()]
    assert written and not any(KEY in text for text in [*written, *bench.told])


def test_without_its_key_a_dataset_is_skipped_unless_asked_for(
    bench: Bench, prestations: Source, producer: Producer
) -> None:
    keyed = replace(prestations, site=replace(prestations.site, key_scheme="Apikey"))
    assert bench.run(keyed)[0].status == "skipped"
    [result] = bench.run(keyed, names=["essai/prestations"])
    assert result.status == "failed" and "BILAN_KEY_PRODUCTEUR" in result.message and not producer.asked
    [result] = fetch(bench.raw, bench.state, ["essai"], bench.told.append, sources=[keyed], tolerant=True)
    assert result.status == "skipped"


def test_without_a_reader_nothing_is_asked(bench: Bench, prestations: Source, producer: Producer) -> None:
    assert bench.run(replace(prestations, layout="unknown_layout"))[0].status == "skipped"
    assert not producer.asked


def test_another_address(bench: Bench, prestations: Source, producer: Producer) -> None:
    public = replace(prestations, site=Site("producteur", "https://data.example.fr", ("data.example.fr",)))
    bases = {"essai/prestations": producer.base}
    [result] = fetch(bench.raw, bench.state, None, bench.told.append, sources=[public], bases=bases)
    assert result.status == "new"


def test_unknown_name(bench: Bench, prestations: Source) -> None:
    with pytest.raises(WrongUseError, match="essai/prestations"):
        bench.run(prestations, names=["essai/prestation"])


def test_publisher_names_all_its_datasets(bench: Bench, prestations: Source) -> None:
    assert len(bench.run(prestations, replace(prestations, dataset="encore"), names=["essai"])) == 2


def test_one_fetch_at_a_time(bench: Bench, prestations: Source) -> None:
    import fcntl

    bench.state.mkdir()
    with (bench.state / ".lock").open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with pytest.raises(LockHeldError):
            bench.run(prestations)


def _edition(published: Publication) -> RemoteEdition:
    return RemoteEdition("Été 2026 / provisoire", "v", published, "https://example.fr", (RemoteFile("u", "a.csv"),))


def test_archive_labels_are_plain_and_future_dates_are_bounded(tmp_path: Path, site: Site) -> None:
    (tmp_path / "a").write_bytes(CSV)
    today = date(2026, 6, 20)
    source = _source("jeu", opendatasoft.Export("jeu"), site)
    announced = _edition(Publication(on=today + timedelta(days=3)))
    assert archive(tmp_path / "raw", source, announced, {"a.csv": tmp_path / "a"}, today).label == "Ete_2026_provisoire"
    published = load_catalogue(tmp_path / "raw")[0].editions[0].sidecar.published
    assert published.on is None and published.not_after == today and "23/06/2026" in str(published.basis)


def test_archive_is_whole_or_not_at_all(tmp_path: Path, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(CSV)
    source = _source("jeu", opendatasoft.Export("jeu"), site)
    edition = _edition(Publication(on=date(2026, 6, 1)))
    home = tmp_path / "raw" / "essai" / "jeu"

    def killed(folder: Path, target: Path) -> None:
        assert (folder / SIDECAR).is_file(), "all is written before the folder takes its place"
        assert not list((tmp_path / "raw").glob(f"*/*/*/{SIDECAR}")), "no catalogue sees what is not finished"
        raise OSError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", killed)
        with pytest.raises(OSError, match="No space"):
            archive(tmp_path / "raw", source, edition, {"a.csv": tmp_path / "a"}, date(2026, 6, 20))
    assert list(home.iterdir()) == []
    (home / ".fetch-left-by-a-kill" / "label").mkdir(parents=True)
    archive(tmp_path / "raw", source, edition, {"a.csv": tmp_path / "a"}, date(2026, 6, 20))
    assert [path.name for path in home.iterdir()] == ["Ete_2026_provisoire"]


def test_sidecar_as_the_others_are_written(bench: Bench, prestations: Source) -> None:
    bench.run(prestations)
    text = (bench.raw / "essai/prestations/2026-06-17" / SIDECAR).read_text()
    assert re.search(r"^published:\n  'on': '2026-06-17'$", text, re.MULTILINE)
    assert list(yaml.safe_load(text)) == [
        "publisher", "dataset", "title", "layout", "version_label", "url", "origin", "published", "retrieved_at",
        "licence", "access", "maturity", "files",
    ]  # fmt: skip
