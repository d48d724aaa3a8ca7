"""data.gouv.fr (API v1 and v2): the resource of a dataset that was changed last, among those that fit."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.catalogue import Publication
from dagster_project.connectors.answers import Answer
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.remote import Checksum, RemoteEdition, RemoteFile, Site, plain_name, url_name

if TYPE_CHECKING:
    from dagster_project.connectors.http import Client

_ALGORITHMS = {"sha1": "sha1", "sha2": "sha256", "sha256": "sha256", "md5": "md5"}
_PAGE = 50


@dataclass(frozen=True)
class Resource:
    """The newest resource of a format whose title fits a pattern (without accents, in lower case).

    ``paged`` asks API v2, which gives the resources of a large dataset page by page.
    """

    dataset: str
    format: str
    title: str = ""
    paged: bool = False

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The fitting resource with the latest ``last_modified``."""
        source = f"{site.base}/api/1/datasets/{self.dataset}/"
        resources = list(self._pages(client, site) if self.paged else client.answer(source, site).items("resources"))
        fitting = [one for one in resources if self._fits(one)]
        if not fitting:
            titles = ", ".join(f"« {one.text('title')} »" for one in resources[:10]) or "aucune"
            raise FetchError(
                f"{source} : aucune ressource {self.format} ne répond à « {self.title} ». Trouvées : {titles}."
            )
        chosen = max(fitting, key=lambda one: (one.day("last_modified"), one.text("last_modified")))
        return self._edition(chosen)

    def _pages(self, client: "Client", site: Site) -> Iterator[Answer]:
        for number in range(1, 1000):
            page = client.answer(
                f"{site.base}/api/2/datasets/{self.dataset}/resources/",
                site,
                {"page": str(number), "page_size": str(_PAGE)},
            )
            yield from page.items("data")
            if page.part("next_page").content is None:
                return

    def _fits(self, one: Answer) -> bool:
        title = plain_name(one.text("title")).lower().replace("_", " ")
        is_right_format = one.has("format") and one.text("format").lower() == self.format
        return is_right_format and re.search(self.title, title) is not None

    def _edition(self, one: Answer) -> RemoteEdition:
        day = one.day("last_modified")
        url = one.text("url")
        name = url_name(url)
        checksum = _checksum(one.part("checksum"))
        file = RemoteFile(
            url=url,
            name=name if name.lower().endswith(f".{self.format}") else f"{name}.{self.format}",
            checksum=checksum,
            # The size of a file hosted elsewhere is the one of its last visit: only a hosted file's is binding.
            size=one.number("filesize") if one.has("filesize") and one.text("filetype") == "file" else None,
        )
        return RemoteEdition(
            label=day.isoformat(),
            version_label=one.text("title"),
            published=Publication(on=day),
            url=url,
            files=(file,),
            revision=f"{one.text('id')} {one.text('last_modified')} {checksum.value}" if checksum else None,
        )


def _checksum(stated: Answer) -> Checksum | None:
    if stated.content is None:
        return None
    algorithm = _ALGORITHMS.get(stated.text("type"))
    if algorithm is None:
        raise FetchError(f"{stated.url} : empreinte de type « {stated.text('type')} », inconnu du connecteur.")
    return Checksum(algorithm, stated.text("value"))
