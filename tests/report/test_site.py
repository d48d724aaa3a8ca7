"""What readers of the site rely on: numbers are the marts', links lead somewhere, nothing leaves the folder."""

import gzip
import json
import re
from decimal import Decimal
from itertools import pairwise
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import pytest
from click.testing import CliRunner
from lxml import html

from dagster_project.cli import cli
from dagster_project.report.marts import KEY_SEPARATOR
from dagster_project.report.site import write_site
from dagster_project.settings import Settings
from tests.report.conftest import SiteOnDisk

MOST_BYTES_COMPRESSED = 300_000
_FONTS = ("source-sans-3.woff2", "source-sans-3-italic.woff2", "source-serif-4.woff2")
_ASSETS = ("assets/site.css", "assets/search.js", *(f"assets/fonts/{name}" for name in _FONTS))


def text_of(element: html.HtmlElement) -> str:
    return re.sub(r"[ \n\u00a0]+", " ", element.text_content()).strip()


def test_every_figure_of_every_page_is_the_cell_of_the_mart_it_names(site: SiteOnDisk) -> None:
    cells: dict[str, dict[str, dict[str, object]]] = {}
    wrong, checked = [], 0
    for path, page in site.pages.items():
        for figure in page.iter("data"):
            mart = figure.get("data-mart")
            if mart not in cells:
                cells[mart] = {row.key: row for row in site.marts.table(mart)}
            exact = cells[mart][figure.get("data-key")][figure.get("data-col")]
            raw = figure.get("value")
            if raw != ("" if exact is None else str(exact)):
                wrong.append((path, figure.get("data-key"), raw, exact))
            if exact is not None and shown_number(text_of(figure)) != Decimal(str(exact)):
                wrong.append((path, figure.get("data-key"), text_of(figure), exact))
            checked += exact is not None
    assert not wrong
    assert checked > 3000


def shown_number(text: str) -> Decimal:
    """What a French reader reads: written back without the code that wrote it."""
    assert re.fullmatch(r"−?\d{1,3}(\u202f\d{3})*(,\d+)?", text), text
    return Decimal(text.replace("\u202f", "").replace(",", ".").replace("−", "-"))


def test_every_link_leads_to_a_page_a_file_or_a_place_that_exists(site: SiteOnDisk) -> None:
    anchors = anchors_of(site)
    broken = []
    for path, page in site.pages.items():
        for _, attribute, address, _ in page.iterlinks():
            parts = urlsplit(address)
            if attribute == "action" or parts.scheme in ("https", "http", "data"):
                continue
            target = resolved(path, unquote(parts.path))
            fine = (site.folder / target).is_file()
            if fine and parts.fragment:
                fine = parts.fragment in anchors[target]
            if not fine:
                broken.append((path, address))
    assert not broken


def anchors_of(site: SiteOnDisk) -> dict[str, set[str]]:
    return {path: set(page.xpath("//@id")) for path, page in site.pages.items()}


def resolved(page: str, address: str) -> str:
    if not address:
        return page
    parts: list[str] = []
    for part in (PurePosixPath(page).parent / address).parts:
        if part == "..":
            parts.pop()
        else:
            parts.append(part)
    return "/".join(parts)


def test_nothing_is_asked_of_another_host(site: SiteOnDisk) -> None:
    """A producer's page may be linked to; nothing a browser loads by itself comes from elsewhere."""
    loading = {
        (element.tag, address)
        for page in site.pages.values()
        for element, attribute, address, _ in page.iterlinks()
        if not (element.tag == "a" and attribute == "href") and re.match(r"[a-z]+:|//", address)
    }
    assert loading == {("link", "data:,")}
    for name in ("assets/site.css", "assets/search.js"):
        assert not re.search(r"https?:|url\((?!fonts/)", (site.folder / name).read_text(encoding="utf-8"))


def test_no_page_is_heavy(site: SiteOnDisk) -> None:
    shared = sum(len(gzip.compress((site.folder / name).read_bytes())) for name in _ASSETS)
    heavy = {
        path: size
        for path in site.pages
        if (size := shared + len(gzip.compress((site.folder / path).read_bytes()))) > MOST_BYTES_COMPRESSED
    }
    assert not heavy


def test_every_page_has_a_language_a_title_one_heading_and_no_skipped_level(site: SiteOnDisk) -> None:
    for path, page in site.pages.items():
        assert page.get("lang") == "fr", path
        assert page.findtext(".//title"), path
        levels = [int(element.tag[1]) for element in page.iter("h1", "h2", "h3", "h4", "h5")]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(deeper <= level + 1 for level, deeper in pairwise(levels)), (path, levels)


def test_identifiers_are_unique_and_tables_have_captions_and_headers(site: SiteOnDisk) -> None:
    for path, page in site.pages.items():
        identifiers = [element.get("id") for element in page.iter() if element.get("id")]
        assert len(identifiers) == len(set(identifiers)), path
        for table in page.iter("table"):
            assert text_of(table.find("caption")), path
            assert all(cell.get("scope") for cell in table.iter("th")), path
            assert all(text_of(cell) for cell in table.iter("th")), path


def test_every_drawing_says_what_it_shows(site: SiteOnDisk) -> None:
    drawings = [svg for page in site.pages.values() for svg in page.iter("svg")]
    assert drawings
    for svg in drawings:
        assert svg.get("role") == "img"
        assert len(svg.get("aria-label")) > 20


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("territoires/departement-30.html", "31\u202f390"),
        ("territoires/departement-48.html", "280\u202f296"),
        ("rapports/dreets-occitanie-2021/credits.html", "dépasse de 390"),
        ("rapports/dreets-occitanie-2021/prestations.html", "omet les Pyrénées-Orientales"),
        ("version.html", "première version publiée"),
    ],
)
def test_the_questions_people_ask_have_their_answer(site: SiteOnDisk, page: str, expected: str) -> None:
    assert expected in text_of(site.pages[page])


def test_a_count_says_whether_it_is_final(site: SiteOnDisk) -> None:
    section = site.pages["territoires/departement-30.html"].get_element_by_id("prestations")
    assert "Statut : définitif" in text_of(section)


def test_a_total_that_is_not_the_sum_of_its_lines_is_marked_and_leads_to_why(site: SiteOnDisk) -> None:
    page = site.pages["rapports/dreets-occitanie-2021/credits.html"]
    (total,) = page.xpath("//td[data/@value='32963233.00']")
    assert total.xpath(".//a[@class='gap']/@href") == ["#ecart-credits-2021-total"]
    assert "32\u202f572\u202f284" in text_of(page.get_element_by_id("ecart-credits-2021-total"))


def index(site: SiteOnDisk) -> list[list[str]]:
    script = (site.folder / "assets" / "index.js").read_text(encoding="utf-8")
    entries: list[list[str]] = json.loads(script.removeprefix("window.BILAN_INDEX=").rstrip().removesuffix(";"))
    return entries


def test_the_search_leads_to_places_that_exist(site: SiteOnDisk) -> None:
    anchors = anchors_of(site)
    for title, _, href, _ in index(site):
        path, _, anchor = href.partition("#")
        assert title and path in site.pages, href
        assert not anchor or anchor in anchors[path], href


def test_a_downloaded_table_holds_the_numbers_of_the_page(site: SiteOnDisk) -> None:
    text = (site.folder / "donnees" / "departement-30-prestations.csv").read_text(encoding="utf-8-sig")
    header, *lines = [line.split(";") for line in text.splitlines()]
    column = next(position for position, name in enumerate(header) if name.startswith("Allocataires du RSA"))
    assert [(line[0], line[column]) for line in lines] == [("Décembre 2018", "31300"), ("Décembre 2019", "31390")]


def test_no_page_is_built_twice_differently(site: SiteOnDisk, published: Settings, tmp_path: Path) -> None:
    list(write_site(published, tmp_path / "again"))
    for path in sorted(site.folder.rglob("*")):
        if path.is_file():
            assert path.read_bytes() == (tmp_path / "again" / path.relative_to(site.folder)).read_bytes(), path


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path, published: Settings) -> None:
    (tmp_path / "mine.txt").write_text("à moi")
    environment = {"BILAN_WAREHOUSE": str(published.warehouse)}
    result = CliRunner().invoke(cli, ["site", "--output", str(tmp_path)], env=environment)
    assert "choisissez un dossier vide" in str(result.exception)
    assert (tmp_path / "mine.txt").exists()


def test_key_separator_appears_in_no_key(site: SiteOnDisk) -> None:
    for mart in ("beneficiaries", "budget_line", "contracted_amount", "key_figure"):
        assert all(row.key.count(KEY_SEPARATOR) == len(site.marts.keys[mart]) - 1 for row in site.marts.table(mart))
