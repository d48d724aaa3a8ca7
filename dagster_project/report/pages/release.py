"""The release page: what this version is, and what changed since the one before."""

from dagster_project.report.figures import figure_of
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Cell, Line, Table

_HOME = ("index.html", "Accueil")
_CHANGES = "release_change"
_MOST = 500


def write(site: Site) -> None:
    """Write the release page."""
    page = Page(
        "version.html", "Cette version", "Ce qu'est cette version, et ce qui a changé depuis la précédente.", [_HOME]
    )
    site.find(
        "Cette version : ce qui a changé", site.release["release_id"], page.path, "version changements nouveautés"
    )
    known = site.marts.has(_CHANGES)
    changes = site.marts.table(_CHANGES) if known else []
    site.write(
        page,
        "release.html.j2",
        release=site.release,
        compared=known,
        count=len(changes),
        changes=_changes(site, changes[:_MOST]) if changes else None,
        most=_MOST,
    )


def _changes(site: Site, rows: list[Row]) -> Table:
    """The changes as the mart tells them, under the labels of the dictionary."""
    labels = {
        row["column_name"]: row["label_fr"]
        for row in site.marts.table("data_dictionary", "table_name = ?", _CHANGES, order="column_order")
    }
    first, *others = labels
    return site.table(
        "version-changements",
        "Ce qui a changé depuis la version précédente",
        [labels[first], *(labels[name] for name in others)],
        [Line(str(row[first] or ""), [_cell(row, name) for name in others]) for row in rows],
        text_columns=range(len(others)),
    )


def _cell(row: Row, name: str) -> Cell:
    value = row[name]
    if value is None:
        return ""
    return figure_of(row, name) if not isinstance(value, str | bool) and hasattr(value, "__abs__") else str(value)
