"""Melodi, INSEE's catalogue of local data: the file of the latest vintage, or the pages of a selection."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.catalogue import Publication
from dagster_project.connectors.answers import Answer
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.remote import RemoteEdition, RemoteFile, Site, url_with

if TYPE_CHECKING:
    from dagster_project.connectors.http import Client

_PAGE = 10_000
_MOST_OBSERVATIONS = 1_000_000  # beyond, the whole file asks less of the service than its pages
_SUFFIXES = {"application/zip": ".zip", "text/csv": ".csv"}


@dataclass(frozen=True)
class Product:
    """The French CSV file of a dataset, of its latest vintage: Melodi serves no other, so each must be kept."""

    dataset: str

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The product whose identifier has the highest year, or the only one without a year."""
        about = client.answer(f"{site.base}/catalog/{self.dataset}", site)
        identity = re.compile(rf"{re.escape(self.dataset)}(?:_(\d{{4}}))?_CSV_FR")
        products = {one.text("id"): one for one in about.items("product")}
        fitting = {name: found[1] for name in products if (found := identity.fullmatch(name))}
        if not fitting:
            raise FetchError(
                f"{about.url} : aucun produit « {identity.pattern} ». Trouvés : {', '.join(products) or 'aucun'}."
            )
        name = max(fitting, key=lambda found: fitting[found] or "")
        product, vintage = products[name], fitting[name]
        modified = product.day("modified")
        packaging = product.text("packageFormat" if product.has("packageFormat") else "mediaType")
        if packaging not in _SUFFIXES:
            raise FetchError(f"{about.url} : produit « {name} » de type « {packaging} », inconnu du connecteur.")
        return RemoteEdition(
            label=vintage or modified.isoformat(),
            version_label=f"{_title(about)}, {f'millésime {vintage}' if vintage else f'état du {modified:%d/%m/%Y}'}",
            published=Publication(on=modified),
            url=product.text("accessURL"),
            files=(RemoteFile(product.text("accessURL"), f"{name}{_SUFFIXES[packaging]}"),),
            revision=f"{name} {product.text('modified')}",
        )


@dataclass(frozen=True)
class Pages:
    """The observations a filter keeps (``{"GEO": "DEP"}``), as the JSON pages the API gives, one file a page."""

    dataset: str
    where: tuple[tuple[str, str], ...] = ()

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The pages there are now; their number follows from the count of observations."""
        about = client.answer(f"{site.base}/catalog/{self.dataset}", site)
        modified = about.day("modified")
        source = f"{site.base}/data/{self.dataset}"
        asked = dict(self.where)
        counted = client.answer(source, site, {**asked, "maxResult": "0", "totalCount": "true"})
        observations = counted.number("paging", "count")
        if not 0 < observations <= _MOST_OBSERVATIONS:
            raise FetchError(f"{counted.url} : {observations} observations pour ce filtre, il est à revoir.")
        pages = range(1, -(-observations // _PAGE) + 1)
        return RemoteEdition(
            label=modified.isoformat(),
            version_label=f"{_title(about)}, état du {modified:%d/%m/%Y}",
            published=Publication(on=modified),
            url=url_with(source, asked),
            files=tuple(
                RemoteFile(
                    url_with(source, {**asked, "maxResult": str(_PAGE), "page": str(page)}),
                    f"{self.dataset}_page_{page:04}.json",
                    ends_with=b"}",
                )
                for page in pages
            ),
            revision=f"{self.where} {about.text('modified')} {observations}",
        )


def _title(about: Answer) -> str:
    for title in about.items("title"):
        if title.text("lang") == "fr":
            return title.text("content")
    raise FetchError(f"{about.url} : champ « title » sans titre français.")
