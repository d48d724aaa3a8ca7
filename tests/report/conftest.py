"""The site of the published release serves every test of the pages."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from lxml import html

from dagster_project.release.pages import SITE
from dagster_project.report.marts import Marts
from dagster_project.settings import Settings
from tests.release.publishing import copy_of


@dataclass(frozen=True)
class SiteOnDisk:
    """A site, its pages parsed once, and the marts it says it shows."""

    folder: Path
    pages: dict[str, html.HtmlElement]
    marts: Marts


@pytest.fixture(scope="session")
def site(published: Settings, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteOnDisk]:
    folder = published.served.resolve().parent / SITE
    pages = {
        str(path.relative_to(folder)): html.fromstring(path.read_text(encoding="utf-8"))
        for path in sorted(folder.rglob("*.html"))
    }
    with Marts.opened(copy_of(published, tmp_path_factory.mktemp("marts"))) as marts:
        yield SiteOnDisk(folder, pages, marts)
