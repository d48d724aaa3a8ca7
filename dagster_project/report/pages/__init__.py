"""One module a kind of page; each writes its pages into the site it is given."""

from collections.abc import Callable, Sequence

from dagster_project.report.pages import guide, home, indicator, quality, release, report, territory
from dagster_project.report.site import Site

PAGES: Sequence[Callable[[Site], None]] = (
    home.write,
    report.write,
    territory.write,
    indicator.write,
    quality.write,
    release.write,
    guide.write,
)
