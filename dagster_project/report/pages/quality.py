"""The quality page: verdicts, gaps with their diagnosis, what was set aside, revisions, the age of each source."""

from collections import Counter
from datetime import date

from markupsafe import Markup

from dagster_project.report import french
from dagster_project.report.figures import figure_of
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Line, Table

_HOME = ("index.html", "Accueil")
_NOTE_KINDS = {"set_aside": "écarté", "flag": "signalé"}


def write(site: Site) -> None:
    """Write the quality page."""
    page = Page(
        "qualite.html",
        "Qualité",
        "Ce qui est contrôlé, ce qui ne s'accorde pas, ce qui a été mis de côté, et l'âge de chaque source.",
        [_HOME],
    )
    site.find(
        "Qualité : écarts et errata", "Écarts, diagnostics, sources et leur âge", page.path, "contrôles vérifications"
    )
    gaps = sorted(site.checks.gaps, key=lambda row: (row["report"], row["relation_id"]))
    site.write(
        page,
        "quality.html.j2",
        verdicts=_verdicts(site),
        gaps=gaps,
        uncomputable=[row for row in site.checks.relations if row["verdict"] == "not_computable"],
        sources=_sources(site),
        notes=_notes(site),
        revisions=_revisions(site),
    )


def _verdicts(site: Site) -> Table:
    counts = Counter(row["verdict"] for row in site.checks.relations)
    waived = sum(row["waiver_id"] is not None for row in site.checks.relations)
    return site.table(
        "qualite-verdicts",
        "Ce que disent les relations entre chiffres",
        ["Verdict", "Relations"],
        [Line(french.capital(words), [french.number(counts[verdict])]) for verdict, words in french.VERDICTS.items()],
        notes=[f"{waived} écarts sont inscrits au registre des errata : un écart nouveau empêcherait la publication."],
    )


def _sources(site: Site) -> Table:
    built = site.release["built_at"].date()
    rows = sorted(site.editions.values(), key=lambda row: (row["publisher"], row["dataset"], row["known_from"]))
    lines = []
    for row in rows:
        site.find(
            row["title"],
            f"Source : {french.publisher(row['publisher'])}, édition {row['edition']}",
            f"qualite.html#{french.slug(row['edition'])}",
        )
        published = (
            french.day(row["published_on"])
            if row["published_on"]
            else f"au plus tard le {french.day(row['published_not_after'])}"
        )
        title = Markup('<a href="{}">{}</a>').format(row["url"], row["title"]) if row["url"] else row["title"]
        lines.append(
            Line(
                Markup('<span id="{}">{}</span>').format(french.slug(row["edition"]), title),
                [
                    french.publisher(row["publisher"]),
                    row["edition"].rpartition("/")[2],
                    published,
                    _age(row, built),
                    french.MATURITIES.get(row["maturity"], row["maturity"]),
                    "oui" if row["is_newest"] else "non",
                    row["licence"],
                ],
            )
        )
    return site.table(
        "qualite-sources",
        "Éditions dont viennent les chiffres",
        ["Titre", "Producteur", "Édition", "Publiée", "Âge", "État", "La plus récente", "Licence"],
        lines,
        text_columns=(0, 1, 2, 4, 5, 6),
        notes=["Les liens mènent chez le producteur, hors de ce site."],
    )


def _age(row: Row, built: date) -> str:
    """How old an edition was when the release was built, from the date it was known."""
    days = (built - row["known_from"]).days
    if days < 60:
        return f"{days} jours"
    months = days // 30
    return f"{months} mois" if months < 24 else f"{days // 365} ans"


def _notes(site: Site) -> Table | None:
    rows = site.marts.table("edition_note")
    if not rows:
        return None
    lines = [
        Line(
            row["edition"],
            [
                _NOTE_KINDS.get(row["note_kind"], row["note_kind"]),
                ", ".join(text for text in (row["file"], row["sheet"]) if text),
                f"{row['source_column'] or ''}{row['source_row'] or ''}",
                row["found"] or "",
                row["expected"] or "",
                row["note_rule_fr"] or "",
                figure_of(row, "cells") if row["cells"] is not None else "",
            ],
        )
        for row in rows
    ]
    return site.table(
        "qualite-ecartes",
        "Cellules écartées ou signalées",
        ["Édition", "Sort", "Fichier", "Cellule", "Trouvé", "Attendu", "Règle", "Cellules"],
        lines,
        text_columns=(0, 1, 2, 3, 4, 5),
    )


def _revisions(site: Site) -> Table | None:
    rows = site.marts.table("revision", "revisions > 0")
    if not rows:
        return None
    lines = [
        Line(
            f"{row['indicator_label_fr']} ({row['dataset']})",
            [
                *(
                    figure_of(row, column)
                    for column in ("versions", "revisions", "upward_revisions", "downward_revisions")
                ),
                figure_of(row, "median_revision_pct", unit="percent"),
                figure_of(row, "largest_revision_pct", unit="percent"),
            ],
        )
        for row in rows
    ]
    return site.table(
        "qualite-revisions",
        "Comment les producteurs révisent leurs chiffres",
        ["Indicateur", "Versions", "Révisions", "À la hausse", "À la baisse", "Médiane", "La plus forte"],
        lines,
    )
