"""The release page: what this version is, and what changed since the one before."""

from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Line, Table

_HOME = ("index.html", "Accueil")
_MOST = 500
_KINDS = {
    "schema": "table ou colonne",
    "rows": "lignes",
    "changed": "valeur changée",
    "added": "ligne ajoutée",
    "removed": "ligne retirée",
    "beyond": "autres, non détaillés",
}
_CAUSES = {
    "new_edition": "édition nouvelle",
    "withdrawn_edition": "édition retirée",
    "other_edition": "une autre édition déjà connue",
    "derived": "découle des éditions nouvelles ou du code",
    "same_edition": "le code ou un registre",
}


def write(site: Site) -> None:
    """Write the release page."""
    page = Page(
        "version.html", "Cette version", "Ce qu'est cette version, et ce qui a changé depuis la précédente.", [_HOME]
    )
    site.find("Cette version : ce qui a changé", site.release["release_id"], page.path, "changements nouveautés")
    told = site.marts.table("release_change", order="change_order")
    changes = [row for row in told if row["change_kind"] != "signal"]
    site.write(
        page,
        "release.html.j2",
        release=site.release,
        essence=[row["sentence_fr"] for row in told if row["change_kind"] == "signal"],
        count=len(changes),
        changes=_changes(site, changes[:_MOST]) if changes else None,
        most=_MOST,
    )


def _changes(site: Site, rows: list[Row]) -> Table:
    lines = [
        Line(
            row["sentence_fr"],
            [
                _KINDS.get(row["change_kind"], row["change_kind"]),
                row["old_value"] or "",
                row["new_value"] or "",
                _CAUSES.get(row["cause"] or "", row["cause"] or ""),
                row["edition"] or "",
                row["approval_id"] or "",
            ],
        )
        for row in rows
    ]
    return site.table(
        "version-changements",
        "Chaque changement",
        ["Changement", "Genre", "Avant", "Après", "Cause", "Édition", "Approbation"],
        lines,
        text_columns=(0, 3, 4, 5),
    )
