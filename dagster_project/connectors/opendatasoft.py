"""Opendatasoft portals (Explore API v2.1): exports and attachments. Never ``records``, which stops at 10,000 rows."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.catalogue import Publication
from dagster_project.connectors.answers import Answer
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.remote import RemoteEdition, RemoteFile, Site, plain_name, url_with

if TYPE_CHECKING:
    from dagster_project.connectors.http import Client

_DATASETS = "/api/explore/v2.1/catalog/datasets"
_PAGE = 100
_MOST_DATASETS = 2_000
_MONTHS = (
    "janvier", "fevrier", "mars", "avril", "mai", "juin", "juillet", "aout", "septembre", "octobre", "novembre",
    "decembre",
)  # fmt: skip
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")
_MONTH_AND_YEAR = re.compile(rf"({'|'.join(_MONTHS)})[ _.-]*(?:20)?(\d\d)(?!\d)")


@dataclass(frozen=True)
class Export:
    """A dataset exported whole as CSV, or the rows and columns of it that a filter keeps."""

    dataset_id: str
    where: str | None = None
    select: str | None = None
    order_by: str | None = None

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The dataset as it is now, dated by its own ``modified``."""
        about = client.answer(f"{site.base}{_DATASETS}/{self.dataset_id}", site)
        return self._edition(about, site)

    def _edition(self, about: Answer, site: Site) -> RemoteEdition:
        identity = about.text("dataset_id")
        metas = about.part("metas", "default")
        modified = metas.day("modified")
        filters = {"where": self.where, "select": self.select, "order_by": self.order_by}
        asked = {"delimiter": ";", **{name: value for name, value in filters.items() if value}}
        rows = metas.number("records_count") if not self.where and metas.has("records_count") else None
        file = RemoteFile(
            url=url_with(f"{site.base}{_DATASETS}/{identity}/exports/csv", asked),
            name=f"{plain_name(identity)}.csv",
            at_least_lines=None if rows is None else rows + 1,
        )
        return RemoteEdition(
            label=modified.isoformat(),
            version_label=f"{metas.text('title')}, état du {modified:%d/%m/%Y}",
            published=Publication(on=modified),
            url=file.url,
            files=(file,),
            revision=_revision(metas, "modified", "data_processed"),
        )


@dataclass(frozen=True)
class NewestExport:
    """A dataset whose identifier changes each year: the newest of the catalogue whose identifier fits.

    ``pattern`` is a regular expression for the whole identifier, with the year in its group ``year``.
    """

    search: str
    pattern: str

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The dataset of the latest year, exported whole."""
        fitting: dict[str, Answer] = {}
        for offset in range(0, _MOST_DATASETS, _PAGE):
            page = client.answer(
                f"{site.base}{_DATASETS}",
                site,
                {"where": f'search(dataset_id,"{self.search}")', "limit": str(_PAGE), "offset": str(offset)},
            )
            results = list(page.items("results"))
            for about in results:
                if found := re.fullmatch(self.pattern, about.text("dataset_id")):
                    fitting[found["year"]] = about
            if offset + len(results) >= page.number("total_count") or not results:
                break
        if not fitting:
            raise FetchError(
                f"{site.base} : aucun jeu du catalogue ne répond à « {self.pattern} ». "
                "Le producteur a changé de nom de jeu : la table des producteurs est à revoir."
            )
        year = max(fitting)
        about = fitting[year]
        edition = Export(about.text("dataset_id"))._edition(about, site)
        return RemoteEdition(
            year, edition.version_label, edition.published, edition.url, edition.files,
            f"{about.text('dataset_id')} {edition.revision}",
        )  # fmt: skip


@dataclass(frozen=True)
class Attachment:
    """A file attached to a dataset, whose name changes at each edition: found by what its title must hold."""

    dataset_id: str
    title: str  # a regular expression, on the title without accents, in lower case
    suffix: str

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """The attachment of the latest month, or year, its names tell; or the only one that fits."""
        root = f"{site.base}{_DATASETS}/{self.dataset_id}"
        about = client.answer(root, site)
        metas = about.part("metas", "default")
        modified = metas.day("modified")
        chosen, period = self._choose(about)
        name = self._file_name(chosen)
        # An attachment has no date of its own. The portal republishes the metadata after each change of an attachment.
        processed = metas.day("metadata_processed")
        return RemoteEdition(
            label=period or modified.isoformat(),
            version_label=chosen.text("title"),
            published=Publication(
                not_after=processed, basis="dernière mise à jour de la notice du jeu au catalogue du producteur"
            ),
            url=f"{root}/attachments/{chosen.text('id')}",
            files=(RemoteFile(f"{root}/attachments/{chosen.text('id')}", name),),
            revision=f"{chosen.text('id')} {_revision(metas, 'modified', 'metadata_processed')}",
        )

    def _choose(self, about: Answer) -> tuple[Answer, str | None]:
        attached = list(about.items("attachments"))
        fitting = [one for one in attached if re.search(self.title, _plain(one)) and self._has_suffix(one)]
        if not fitting:
            titles = ", ".join(f"« {one.text('title')} »" for one in attached) or "aucune"
            raise FetchError(
                f"{about.url} : aucune pièce jointe {self.suffix} ne répond à « {self.title} ». Trouvées : {titles}."
            )
        periods = [(_period(_plain(one)), one) for one in fitting]
        dated = sorted(((period, one) for period, one in periods if period), key=lambda pair: pair[0])
        if dated and (len(dated) == 1 or dated[-1][0] != dated[-2][0]):
            return dated[-1][1], dated[-1][0]
        if len(fitting) == 1:
            return fitting[0], None
        titles = ", ".join(f"« {one.text('title')} »" for one in fitting)
        raise FetchError(
            f"{about.url} : plusieurs pièces jointes conviennent, sans dire laquelle est la dernière : {titles}."
        )

    def _has_suffix(self, one: Answer) -> bool:
        return any(one.text(name).lower().endswith(self.suffix) for name in ("title", "url"))

    def _file_name(self, one: Answer) -> str:
        title = plain_name(one.text("title"))
        return title if title.lower().endswith(self.suffix) else plain_name(one.text("url").rpartition("/")[2])


def _plain(one: Answer) -> str:
    return plain_name(f"{one.text('title')} {one.text('id')}").lower().replace("_", " ")


def _period(text: str) -> str | None:
    """The latest month a title names, ``2026-02`` for « fevrier26 », else the latest year."""
    found = [f"20{year}-{_MONTHS.index(name) + 1:02}" for name, year in _MONTH_AND_YEAR.findall(text)]
    return max(found or _YEAR.findall(text), default=None)


def _revision(metas: Answer, *names: str) -> str:
    return " ".join(metas.text(name) for name in names)
