"""INSEE's macro-economic database (BDM): a dataflow in SDMX, dated by the last update of its series."""

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from lxml import etree

from dagster_project.catalogue import Publication
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.remote import RemoteEdition, RemoteFile, Site

if TYPE_CHECKING:
    from dagster_project.connectors.http import Client

# The header of a message carries its own number and time: they differ at each request.
_CHANGING = (
    re.compile(rb"<message:ID>[^<]*</message:ID>"),
    re.compile(rb"<message:Prepared>[^<]*</message:Prepared>"),
    re.compile(rb"<message:Extracted>[^<]*</message:Extracted>"),
)


@dataclass(frozen=True)
class Dataflow:
    """All the series of a dataflow, with all their observations. Each update re-estimates the past: keep each."""

    flow: str

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The state of the latest ``LAST_UPDATE`` of its series, asked with one observation each."""
        source = f"{site.base}/data/{self.flow}"
        body, url = client.body(source, site, {"lastNObservations": "1"})
        updates = _last_updates(body, url)
        updated = max(updates)
        return RemoteEdition(
            label=updated.isoformat(),
            version_label=f"BDM, {self.flow}, édition du {updated:%d/%m/%Y}",
            published=Publication(on=updated),
            url=source,
            files=(RemoteFile(source, f"{self.flow}.xml", ends_with=b"StructureSpecificData>", changing=_CHANGING),),
            revision=f"{self.flow} {updated} {len(updates)}",
        )


def _last_updates(body: bytes, url: str) -> list[date]:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        raise FetchError(f"{url} : la réponse n'est pas du XML lisible (le service est-il en panne ?).") from None
    series = list(root.iter("{*}Series"))
    if not series:
        raise FetchError(f"Le catalogue a changé de forme : aucun élément « Series » dans la réponse de {url}.")
    updates = []
    for one in series:
        stated = one.get("LAST_UPDATE")
        if stated is None:
            raise FetchError(f"Le catalogue a changé de forme : attribut « LAST_UPDATE » absent d'une série de {url}.")
        try:
            updates.append(date.fromisoformat(stated[:10]))
        except ValueError:
            raise FetchError(f"{url} : attribut « LAST_UPDATE » : « {stated} », une date est attendue.") from None
    return updates
