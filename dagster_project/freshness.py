"""How old each dataset is, against its producer's calendar."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from dagster_project.catalogue import Dataset
from dagster_project.connectors.calendar import Calendar, is_stale, next_expected
from dagster_project.connectors.producers import SOURCES


@dataclass(frozen=True)
class Age:
    """The newest edition of a dataset, and the one awaited; no date where its producer keeps no calendar."""

    dataset: str
    edition: str
    published: date
    is_dated: bool
    days: int
    next_expected: date | None
    is_late: bool

    @property
    def sentence(self) -> str:
        """What a person reads. French."""
        when = "le" if self.is_dated else "au plus tard le"
        said = f"{self.dataset} : édition {self.edition}, publiée {when} {self.published:%d/%m/%Y} ({self.days} jours)"
        if self.next_expected is None:
            return f"{said} ; sans calendrier"
        if self.is_late:
            return f"{said} ; EN RETARD, une édition plus récente devrait être là (« bilan fetch {self.dataset} »)"
        return f"{said} ; prochaine attendue d'ici le {self.next_expected:%d/%m/%Y}"


def calendar_of(dataset: str) -> Calendar | None:
    """The calendar of a dataset's producer, if it keeps one."""
    return next((source.calendar for source in SOURCES if source.name == dataset), None)


def ages(datasets: Iterable[Dataset], today: date) -> Iterator[Age]:
    """The age of every dataset of the catalogue."""
    sources = {source.name: source for source in SOURCES}
    for dataset in datasets:
        newest = dataset.editions[-1]
        published = newest.sidecar.published.known_from
        source = sources.get(dataset.name)
        yield Age(
            dataset.name,
            newest.label,
            published,
            newest.sidecar.published.on is not None,
            (today - published).days,
            next_expected(source, published, today) if source else None,
            is_stale(source, published, today) if source else False,
        )
