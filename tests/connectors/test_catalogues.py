"""The newest edition, found in each catalogue; an answer in another form is refused by the name of its field."""

import contextlib
import copy
from datetime import date
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.connectors import bdm, datagouv, melodi, opendatasoft
from dagster_project.connectors.answers import Answer
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.http import Client
from dagster_project.connectors.remote import Catalogue, Checksum, Site
from tests.connectors import answers
from tests.connectors.producer import Producer, Reply

ODS = "/api/explore/v2.1/catalog/datasets"


def test_ods_export(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", rows=2))
    found = opendatasoft.Export("prestations").newest(client, site)
    assert found.label == "2026-06-17", "22:30 UTC on the 16th is the 17th in Paris"
    assert found.published.on == date(2026, 6, 17)
    assert found.files[0].url == f"{producer.base}{ODS}/prestations/exports/csv?delimiter=%3B"
    assert found.files[0].at_least_lines == 3


def test_ods_filtered_export_has_no_known_length(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json(f"{ODS}/observations", answers.ods("observations", rows=10**7))
    catalogue = opendatasoft.Export("observations", where='series_key IN ("A","B")', order_by="series_key")
    found = catalogue.newest(client, site)
    assert found.files[0].at_least_lines is None
    assert "where=series_key+IN+" in found.url and "order_by=series_key" in found.url


def test_ods_attachment_of_the_latest_month(producer: Producer, client: Client, site: Site) -> None:
    attached = [
        answers.attachment(
            "Données mensuelles prestations_novembre25.xlsx", "donnees_mensuelles_prestations_novembre25"
        ),
        answers.attachment("Données mensuelles prestations_février26.xlsx", "donnees_mensuelles_prestations_fevrier26"),
        answers.attachment("Notice méthodologique mars26.xlsx", "notice_mars26"),
        {"mimetype": "application/pdf", "url": "odsfile://lisez.pdf", "id": "lisez_pdf", "title": "Lisez-moi.pdf"},
    ]
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", attachments=attached))
    found = opendatasoft.Attachment("prestations", "donnees.mensuelles", ".xlsx").newest(client, site)
    assert (found.label, found.files[0].name) == ("2026-02", "Donnees_mensuelles_prestations_fevrier26.xlsx")
    assert found.url.endswith("/attachments/donnees_mensuelles_prestations_fevrier26_xlsx")
    assert found.published.on is None and found.published.not_after == date(2026, 6, 20)


def test_ods_attachment_of_the_latest_years(producer: Producer, client: Client, site: Site) -> None:
    titles = [
        "OARSA – Principaux indicateurs de 2015 à 2018.xlsx",
        "OARSA – Principaux indicateurs de 2015 à 2023.xlsx",
    ]
    attached = [answers.attachment(title, f"oarsa_{number}") for number, title in enumerate(titles)]
    producer.serve_json(f"{ODS}/3035", answers.ods("3035", attachments=attached))
    found = opendatasoft.Attachment("3035", "oarsa.*principaux indicateurs", ".xlsx").newest(client, site)
    assert (found.label, found.version_label) == ("2023", titles[1])


def test_ods_attachment_without_a_month(producer: Producer, client: Client, site: Site) -> None:
    attached = [answers.attachment("Données mensuelles", "donnees_mensuelles")]
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", attachments=attached))
    found = opendatasoft.Attachment("prestations", "donnees.mensuelles", ".xlsx").newest(client, site)
    assert (found.label, found.files[0].name) == ("2026-06-17", "donnees_mensuelles.xlsx")


@pytest.mark.parametrize(
    ("titles", "message"),
    [
        ([], r"aucune pièce jointe .*Trouvées : aucune"),
        (["Notice"], r"aucune pièce jointe .*« Notice »"),
        (["Données mensuelles A", "Données mensuelles B"], "plusieurs pièces jointes"),
    ],
)
def test_ods_attachment_never_guessed(
    producer: Producer, client: Client, site: Site, titles: list[str], message: str
) -> None:
    attached = [answers.attachment(title, f"piece{number}") for number, title in enumerate(titles)]
    producer.serve_json(f"{ODS}/prestations", answers.ods("prestations", attachments=attached))
    with pytest.raises(FetchError, match=message):
        opendatasoft.Attachment("prestations", "donnees.mensuelles", ".xlsx").newest(client, site)


BUDGET = opendatasoft.NewestExport("destination-et-nature", r"plf-?(?:20)?\d\d-depenses-(?P<year>20\d\d)-.*nature")


def test_ods_dataset_whose_name_changes(producer: Producer, client: Client, site: Site) -> None:
    older = [answers.ods(f"plf-2024-autre-{number}") for number in range(100)]
    newer = [
        answers.ods("plf-2024-depenses-2024-selon-nomenclatures-destination-et-nature"),
        answers.ods("plf25-depenses-2025-du-bg-et-des-ba-selon-nomenclatures-destination-et-nature"),
    ]
    search = f"{ODS}?where=search%28dataset_id%2C%22destination-et-nature%22%29&limit=100&offset="
    producer.serve_json(f"{search}0", {"total_count": 102, "results": older})
    producer.serve_json(f"{search}100", {"total_count": 102, "results": newer})
    found = BUDGET.newest(client, site)
    assert found.label == "2025" and "/plf25-depenses-2025" in found.url


def test_ods_no_dataset_fits(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json(ODS, {"total_count": 1, "results": [answers.ods("plf-2031-credits")]})
    with pytest.raises(FetchError, match="aucun jeu du catalogue"):
        BUDGET.newest(client, site)


def test_melodi_latest_vintage(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/catalog/DS_X", answers.melodi("DS_X", producer.base, ("_2021", "_2023", "_2022")))
    found = melodi.Product("DS_X").newest(client, site)
    assert (found.label, found.files[0].name) == ("2023", "DS_X_2023_CSV_FR.zip")
    assert found.version_label == "Niveau de vie, millésime 2023" and found.published.on == date(2025, 12, 17)


def test_melodi_without_a_vintage(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/catalog/DS_X", answers.melodi("DS_X", producer.base, ("",)))
    assert melodi.Product("DS_X").newest(client, site).label == "2025-12-17"


def test_melodi_no_french_file(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/catalog/DS_X", answers.melodi("DS_Y", producer.base))
    with pytest.raises(FetchError, match="DS_Y_2023_CSV_FR"):
        melodi.Product("DS_X").newest(client, site)


def test_melodi_pages(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/catalog/DS_X", answers.melodi("DS_X", producer.base))
    producer.serve_json("/data/DS_X", {"observations": [], "paging": {"count": 20_001}, "identifier": "DS_X"})
    found = melodi.Pages("DS_X", (("GEO", "DEP"),)).newest(client, site)
    assert [file.name for file in found.files] == [f"DS_X_page_000{number}.json" for number in (1, 2, 3)]
    assert found.files[2].url == f"{producer.base}/data/DS_X?GEO=DEP&maxResult=10000&page=3"


def test_bdm_is_dated_by_its_latest_series(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/data/TAUX-CHOMAGE", Reply(answers.sdmx()))
    found = bdm.Dataflow("TAUX-CHOMAGE").newest(client, site)
    assert found.label == "2026-09-17" and found.files[0].name == "TAUX-CHOMAGE.xml"
    assert producer.asked[0].url.endswith("?lastNObservations=1")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (answers.sdmx().replace(b"LAST_UPDATE", b"UPDATED"), "« LAST_UPDATE » absent"),
        (answers.sdmx(updated="hier"), "« hier », une date"),
        (answers.sdmx().replace(b"Series", b"Serie"), "aucun élément « Series »"),
        (answers.sdmx()[:-10], "pas du XML lisible"),
    ],
)
def test_bdm_in_another_form(producer: Producer, client: Client, site: Site, body: bytes, message: str) -> None:
    producer.serve("/data/TAUX-CHOMAGE", Reply(body))
    with pytest.raises(FetchError, match=message):
        bdm.Dataflow("TAUX-CHOMAGE").newest(client, site)


def _communes(base: str) -> list[Any]:
    hosted = {"checksum": {"type": "sha1", "value": "ab" * 20}, "filesize": 12, "filetype": "file"}
    return [
        answers.resource("Liste des communes 2025", f"{base}/a/v_commune_2025.csv", "2025-02-20T08:00:00+00:00"),
        answers.resource(
            "Liste des communes 2026", f"{base}/b/v_commune_2026.csv", "2026-02-20T08:00:00+00:00", **hosted
        ),
        answers.resource("Liste des régions 2026", f"{base}/c/v_region.csv", "2026-03-20T08:00:00+00:00"),
        answers.resource("Liste des communes 2026", f"{base}/d/v.zip", "2026-04-20T08:00:00+00:00", format="zip"),
    ]


def test_datagouv_newest_fitting_resource(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/api/1/datasets/cog/", {"id": "58c9", "resources": _communes(producer.base)})
    found = datagouv.Resource("cog", "csv", "communes").newest(client, site)
    assert (found.label, found.files[0].name) == ("2026-02-20", "v_commune_2026.csv")
    assert found.files[0].checksum == Checksum("sha1", "ab" * 20) and found.files[0].size == 12
    assert found.revision is not None


def test_datagouv_without_checksum_only_bytes_can_tell(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/api/1/datasets/cog/", {"resources": _communes(producer.base)[:1]})
    found = datagouv.Resource("cog", "csv", "communes").newest(client, site)
    assert found.revision is None and found.files[0].checksum is None and found.files[0].size is None


def test_datagouv_pages(producer: Producer, client: Client, site: Site) -> None:
    one, two, *_ = _communes(producer.base)
    listed = "/api/2/datasets/cog/resources/?page={}&page_size=50"
    producer.serve_json(listed.format(1), {"data": [one], "next_page": f"{producer.base}/2", "total": 2})
    producer.serve_json(listed.format(2), {"data": [two], "next_page": None, "total": 2})
    assert datagouv.Resource("cog", "csv", "communes", paged=True).newest(client, site).label == "2026-02-20"


def test_datagouv_nothing_fits(producer: Producer, client: Client, site: Site) -> None:
    producer.serve_json("/api/1/datasets/cog/", {"resources": _communes(producer.base)})
    with pytest.raises(FetchError, match="« Liste des régions 2026 »"):
        datagouv.Resource("cog", "csv", "cantons").newest(client, site)


def test_datagouv_unknown_checksum(producer: Producer, client: Client, site: Site) -> None:
    resources = _communes(producer.base)
    resources[1]["checksum"]["type"] = "crc"
    producer.serve_json("/api/1/datasets/cog/", {"resources": resources})
    with pytest.raises(FetchError, match="« crc »"):
        datagouv.Resource("cog", "csv", "communes").newest(client, site)


def _without(content: Any, path: tuple[Any, ...]) -> Any:
    changed = copy.deepcopy(content)
    inside = changed
    for name in path[:-1]:
        inside = inside[name]
    del inside[path[-1]]
    return changed


@pytest.mark.parametrize(
    "path",
    [
        ("dataset_id",),
        ("metas",),
        ("metas", "default"),
        ("metas", "default", "modified"),
        ("metas", "default", "title"),
    ],
)
def test_ods_field_gone(producer: Producer, client: Client, site: Site, path: tuple[str, ...]) -> None:
    producer.serve_json(f"{ODS}/a", _without(answers.ods("a"), path))
    with pytest.raises(FetchError, match=f"champ « {'.'.join(path)} » absent"):
        opendatasoft.Export("a").newest(client, site)


@pytest.mark.parametrize(
    ("path", "named"),
    [
        (("product",), "product"),
        (("product", 0, "id"), r"product\[0\].id"),
        (("product", 0, "accessURL"), r"product\[0\].accessURL"),
        (("product", 0, "modified"), r"product\[0\].modified"),
        (("title", 0, "content"), r"title\[0\].content"),
    ],
)
def test_melodi_field_gone(producer: Producer, client: Client, site: Site, path: tuple[Any, ...], named: str) -> None:
    producer.serve_json("/catalog/DS_X", _without(answers.melodi("DS_X", producer.base), path))
    with pytest.raises(FetchError, match=f"champ « {named} » absent"):
        melodi.Product("DS_X").newest(client, site)


@pytest.mark.parametrize("name", ["title", "url", "last_modified", "checksum"])
def test_datagouv_field_gone(producer: Producer, client: Client, site: Site, name: str) -> None:
    producer.serve_json("/api/1/datasets/cog/", {"resources": [_without(_communes(producer.base)[1], (name,))]})
    with pytest.raises(FetchError, match=rf"champ « resources\[0\]\.{name} » absent"):
        datagouv.Resource("cog", "csv", "communes").newest(client, site)


@pytest.mark.parametrize(
    ("modified", "message"),
    [(None, "rien, un texte"), (20260616, "« 20260616 », un texte"), ("juin", "« juin », une date")],
)
def test_field_of_another_kind(producer: Producer, client: Client, site: Site, modified: Any, message: str) -> None:
    producer.serve_json(f"{ODS}/a", answers.ods("a", modified=modified))
    with pytest.raises(FetchError, match=message):
        opendatasoft.Export("a").newest(client, site)


class _Recorded:
    """A client that has one answer to everything."""

    def __init__(self, content: Any) -> None:
        self.content = content

    def answer(self, url: str, *_: object) -> Answer:
        return Answer(self.content, url)


_RECORDED: list[tuple[Catalogue, Any]] = [
    (opendatasoft.Export("a"), answers.ods("a")),
    (
        opendatasoft.Attachment("a", "donnees", ".xlsx"),
        answers.ods("a", attachments=[answers.attachment("Données mai26", "donnees"), answers.attachment("b", "b")]),
    ),
    (BUDGET, {"total_count": 1, "results": [answers.ods("plf25-depenses-2025-par-nature")]}),
    (melodi.Product("DS_X"), answers.melodi("DS_X", "https://api.insee.fr/melodi")),
    (melodi.Pages("DS_X"), {**answers.melodi("DS_X", "https://x"), "paging": {"count": 3}}),
    (datagouv.Resource("cog", "csv", "communes"), {"resources": _communes("https://static.data.gouv.fr")}),
]


def _places(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inside = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [path, *(place for name, value in inside for place in _places(value, (*path, name)))]


_ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["http://[", "0001-01-01T00:00+14:00"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_answer_is_an_edition_or_a_refusal(data: st.DataObject) -> None:
    catalogue, recorded = data.draw(st.sampled_from(_RECORDED))
    changed: Any = copy.deepcopy(recorded)
    place = data.draw(st.sampled_from(_places(recorded)))
    value = data.draw(_ANYTHING)
    if place:
        inside = changed
        for name in place[:-1]:
            inside = inside[name]
        inside[place[-1]] = value
    else:
        changed = value
    site = Site("p", "https://p.example.fr", ("p.example.fr",))
    with contextlib.suppress(FetchError, httpx.InvalidURL):
        found = catalogue.newest(_Recorded(changed), site)
        assert found.label and found.files


def test_recorded_answers_are_understood() -> None:
    site = Site("p", "https://p.example.fr", ("p.example.fr",))
    for catalogue, recorded in _RECORDED:
        assert catalogue.newest(_Recorded(recorded), site).files  # type: ignore[arg-type]
