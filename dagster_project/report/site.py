"""The site of a release: one folder of static pages that opens from disk or from any web server.

Nothing is asked of another host, no cookie is set, and every number comes from the marts of that release.
"""

import json
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from markupsafe import Markup, escape

from dagster_project.errors import WrongUseError
from dagster_project.query import served_database
from dagster_project.report import french
from dagster_project.report.checks import Check, gaps_among, numbers_of, sentences_of
from dagster_project.report.figures import Figure, figure_of, link
from dagster_project.report.known import Known
from dagster_project.report.marts import Marts, Row
from dagster_project.report.tables import Line, Table, as_csv
from dagster_project.settings import Settings

_HERE = Path(__file__).parent
_ROOT = "@root/"
# A folder that holds this may be replaced: it is a site.
_SIGN = Path("assets") / "site.css"


@dataclass(frozen=True)
class Built:
    """What was made: how many pages, and how many entries the search finds."""

    pages: int
    entries: int


def write_site(settings: Settings, folder: Path) -> Iterator[str]:
    """Write the site of the served release where it is asked for, and say so in French.

    Raises:
        BilanError: nothing has been published.
        WrongUseError: the folder holds something else than a site.
    """
    database = served_database(settings)
    if folder.exists() and any(folder.iterdir()) and not (folder / _SIGN).exists():
        raise WrongUseError(f"{folder} contient autre chose qu'un site : choisissez un dossier vide ou nouveau.")
    built = build_site(database, folder)
    yield f"{built.pages} pages, {built.entries} entrées dans la recherche."
    yield f"Ouvrez {folder / 'index.html'} dans un navigateur."


def build_site(database: Path, folder: Path) -> Built:
    """Write the site of the release in `database` into `folder`, which is created or replaced."""
    from dagster_project.report.pages import PAGES

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with Marts.opened(database) as marts:
        site = Site(marts, folder)
        for write in PAGES:
            write(site)
        site.finish()
    return Built(site.pages, len(site.entries))


@dataclass
class Page:
    """One page being written: where it is, and which gaps it has already explained."""

    path: str
    title: str
    summary: str
    trail: Sequence[tuple[str, str]] = ()
    _explained: set[str] = field(default_factory=set)

    @property
    def root(self) -> str:
        return "../" * self.path.count("/")

    def gaps_to_explain(self, checks: Sequence[Check]) -> list[Row]:
        """The gaps among these figures that no earlier part of the page explains."""
        found = [gap for gap in gaps_among(checks) if gap["relation_id"] not in self._explained]
        self._explained |= {gap["relation_id"] for gap in found}
        return found

    def first_mention(self, gap: Row) -> bool:
        """Whether nothing on the page explained this gap yet; from now on, something does."""
        return bool(self.gaps_to_explain([Check(gap["verdict"], (gap,))]))


SECTIONS = (
    ("rapports/index.html", "Rapport"),
    ("territoires/index.html", "Territoires"),
    ("indicateurs/index.html", "Indicateurs"),
    ("qualite.html", "Qualité"),
    ("version.html", "Version"),
    ("dictionnaire.html", "Dictionnaire"),
    ("connexion.html", "Se connecter"),
)


class Site(Known):
    """What is known of a release, and the folder being filled."""

    def __init__(self, marts: Marts, folder: Path) -> None:
        from jinja2 import Environment, FileSystemLoader, StrictUndefined

        super().__init__(marts)
        self.folder = folder
        self.sections = SECTIONS
        self.entries: list[tuple[str, str, str, str]] = []
        self.pages = 0
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.globals.update(
            site=self, french=french, numbers_of=numbers_of, sentences_of=sentences_of, version=_version(self.release)
        )

    def write(self, page: Page, template: str, **content: Any) -> None:
        """Render a page into its place."""
        text = self._templates.get_template(template).render(page=page, **content)
        path = self.folder / page.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(french.spaced(text.replace(_ROOT, page.root)), encoding="utf-8")
        self.pages += 1

    def table(
        self,
        name: str,
        caption: str,
        columns: Sequence[str],
        lines: Sequence[Line],
        *,
        editions: Sequence[str | None] = (),
        notes: Sequence[str] = (),
        text_columns: Sequence[int] = (),
    ) -> Table:
        """A table of a page, and the same as a file to download; `text_columns` counts from the first cell."""
        table = Table(
            caption, columns, lines, self.sources(editions), notes, f"donnees/{name}.csv", frozenset(text_columns)
        )
        path = self.folder / table.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(as_csv(table), encoding="utf-8", newline="")
        return table

    def sources(self, editions: Sequence[str | None]) -> list[Markup]:
        """One line an edition: who published what, when, in which state."""
        return [self.source(edition) for edition in dict.fromkeys(editions) if edition]

    def source(self, edition: str) -> Markup:
        """A link to what is known of an edition."""
        row = self.editions[edition]
        when = french.day(row["published_on"]) if row["published_on"] else "date de publication non indiquée"
        state = french.MATURITIES.get(row["maturity"], row["maturity"])
        return Markup("{}, {} (édition {}, {}, {})").format(
            french.publisher(row["publisher"]),
            link(f"qualite.html#{french.slug(edition)}", row["title"]),
            edition.rpartition("/")[2],
            state,
            when,
        )

    @property
    def reports(self) -> list[str]:
        """The reports of the release, the newest first."""
        return [row["report"] for row in self.marts.rows(_REPORTS)]

    def report_of(self, row: Row) -> str:
        """The folder of the pages of the report a row was read in."""
        edition = self.editions[row["edition"]]
        return report_folder(f"{edition['publisher']}/{edition['version_label']}")

    def relation_href(self, relation: Row) -> str:
        """Where a relation and its terms are shown."""
        return f"{report_folder(relation['report'])}/verifications.html#{relation['relation_id']}"

    def term_figure(self, term: Row) -> Figure:
        """A term of a relation, as a figure."""
        return figure_of(term, "value", unit=term["unit"] or "")

    def axis_file(self, axis: int | None) -> str:
        """The page of an axis; what belongs to none is with the frame of the strategy."""
        return f"axe-{axis}.html" if axis else "gouvernance.html"

    def indicator_link(self, region: str, row: Row) -> Markup:
        """An indicator, linked to the page that compares territories by it, when there is one."""
        href = self.comparisons.href(region, row["indicator_code"])
        return link(href, row["indicator_label_fr"]) if href else escape(row["indicator_label_fr"])

    def find(self, title: str, detail: str, href: str, words: str = "") -> None:
        """Let the search find a page, or a place in one."""
        self.entries.append((title, detail, href, words))

    def finish(self) -> None:
        """Write what pages share: style, script, fonts, and the search index."""
        assets = self.folder / "assets"
        (assets / "fonts").mkdir(parents=True)
        for path in sorted((_HERE / "assets").rglob("*")):
            if path.suffix in (".css", ".js", ".woff2", ".txt", ".svg"):
                shutil.copy(path, assets / path.relative_to(_HERE / "assets"))
        index = json.dumps(self.entries, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
        (assets / "index.js").write_text(f"window.BILAN_INDEX={index};\n", encoding="utf-8")


_REPORTS = "select report from marts.key_figure group by report order by max(period_end) desc nulls last, report"


def report_folder(report: str) -> str:
    """`dreets_occitanie/2021` is told in `rapports/dreets-occitanie-2021/`."""
    return f"rapports/{french.slug(report)}"


def _version(release: Row) -> dict[str, str]:
    built = release["built_at"]
    return {"id": release["release_id"], "day": french.day(built.date()), "time": f"{built:%H h %M} (UTC)"}
