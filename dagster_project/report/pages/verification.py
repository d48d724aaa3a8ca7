"""Every relation of a report, with the figures it compares: what `bilan explain` says, on a page."""

from collections import Counter
from typing import TYPE_CHECKING

from dagster_project.report import french
from dagster_project.report.site import Site

if TYPE_CHECKING:
    from dagster_project.report.pages.report import Report

_FIRST = ("gap", "not_computable", "rounding", "holds", "exact")


def write(site: Site, report: "Report") -> tuple[str, str, str] | None:
    """Write the page; None when nothing is said to be true of the report's figures."""
    relations = [row for row in site.checks.relations if row["report"] == report.name]
    if not relations:
        return None
    page = report.page(
        "verifications.html", "Vérifications", "Ce qui doit être vrai entre les chiffres, et ce qui l'est."
    )
    counts = Counter(row["verdict"] for row in relations)
    groups = [
        (verdict, french.VERDICTS[verdict], [row for row in relations if row["verdict"] == verdict])
        for verdict in _FIRST
        if counts[verdict]
    ]
    for row in relations:
        if row["verdict"] == "gap":
            exact = [french.trimmed(abs(row[name])) for name in ("left_value", "right_value", "difference")]
            values = " ".join(map(str, exact))
            detail = f"Écart de {french.number(round(exact[-1], 2))} : {row['waiver_reason_fr'] or row['diagnosis_fr']}"
            site.find(row["description_fr"], detail, f"{page.path}#{row['relation_id']}", values)
    site.write(page, "verification.html.j2", report=report, groups=groups, terms=site.checks.terms)
    words = f"{len(relations)} relations, {counts['gap']} écarts"
    return page.path, "Toutes les vérifications", words
