"""The strategy of a report: its six axes with measures, figures and local actions, and who governs it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dagster_project.report import french
from dagster_project.report.key_figures import Printed, printed_figures
from dagster_project.report.marts import Row
from dagster_project.report.site import Site
from dagster_project.report.tables import Line, Table

if TYPE_CHECKING:
    from dagster_project.report.pages.report import Report

_ROLES = {"runs": "pilote", "follows": "suivi par"}
_KINDS = {
    "structure": "Structures",
    "body": "Institutions",
    "conference": "Conférences",
    "working_group": "Groupes de travail",
    "ad_hoc_group": "Groupes ad hoc",
}
_STATUSES = {"active": "en activité", "completed": "achevé", "merged": "fusionné", "planned": "prévu"}


@dataclass
class Measure:
    """A heading of an axis, with what the report prints and illustrates under it."""

    heading: str
    level: int
    anchor: str
    lead: str
    convention: bool
    printed: list[Printed] = field(default_factory=list)
    actions: list[Row] = field(default_factory=list)


def write(site: Site, report: "Report") -> Iterator[tuple[str, str, str]]:
    """Write a page an axis, then the page of the frame; yield their addresses, titles and contents."""
    headings = site.marts.table("measure", "report = ?", report.name, order="measure_order")
    for axis in sorted({row["axis"] for row in headings}):
        yield _axis(site, report, axis, [row for row in headings if row["axis"] == axis])
    yield _frame(site, report)


def _axis(site: Site, report: "Report", axis: int, headings: list[Row]) -> tuple[str, str, str]:
    title = site.headings.plain(headings[0]["heading"].partition(":")[2] or headings[0]["heading"])
    page = report.page(
        site.axis_file(axis),
        f"Axe {axis} : {title[:1].lower()}{title[1:]}",
        f"{title} : mesures, chiffres et actions locales.",
    )
    rows = site.marts.table("key_figure", "report = ? and axis = ? and repeat_of is null", report.name, axis)
    measures = [_measure(site, row) for row in headings]
    by_heading = {row["heading"]: measure for row, measure in zip(headings, measures, strict=True)}
    by_id = {row["measure_id"]: measure for row, measure in zip(headings, measures, strict=True)}
    elsewhere = sorted({row["dataset"].rpartition("/")[2] for row in rows if _told_in_tables(row)})
    for heading, measure in by_heading.items():
        own = [
            row for row in rows if (row["measure"] or headings[0]["heading"]) == heading and not _told_in_tables(row)
        ]
        measure.printed = printed_figures(site, own, page.path, searchable=True)
    actions = site.marts.table("local_action", "report = ? and axis = ?", report.name, axis, order="source_line")
    for action in actions:
        by_id.get(action["measure_id"], measures[0]).actions.append(action)
        site.find(
            action["title"].strip(),
            f"Action locale, axe {axis}, {action['territory_labels'] or ''}",
            f"{page.path}#{action['action_id']}",
            action["bearer"] or "",
        )
    for measure in measures:
        site.find(measure.heading, f"Mesure, axe {axis}", f"{page.path}#{measure.anchor}")
    counts = f"{len(rows)} chiffres, {len(actions)} actions locales"
    site.write(
        page,
        "axis.html.j2",
        report=report,
        axis=axis,
        title=title,
        measures=measures,
        elsewhere=elsewhere,
        counts=counts,
    )
    return page.path, page.title, counts


def _told_in_tables(row: Row) -> bool:
    return row["dataset"].rpartition("/")[2] in ("report_benefits", "report_calpae")


def _measure(site: Site, row: Row) -> Measure:
    role = _ROLES.get(row["lead_role"] or "", "")
    lead = f"{role} : {row['lead_body']}" if row["lead_body"] else ""
    return Measure(
        site.headings.plain(row["heading"]), row["level"], row["measure_id"], lead, bool(row["under_calpae"])
    )


def _frame(site: Site, report: "Report") -> tuple[str, str, str]:
    title = "Cadre et gouvernance"
    page = report.page(
        site.axis_file(None),
        title,
        "Instances, groupes de travail, conférences, et les chiffres du cadre de la stratégie.",
    )
    bodies = site.marts.table("governance_body", "report = ?", report.name, order="source_line")
    tables = [
        _bodies(site, report, kind, [row for row in bodies if row["kind"] == kind])
        for kind in dict.fromkeys(row["kind"] for row in bodies)
    ]
    rows = site.marts.table(
        "key_figure",
        "report = ? and axis = 0 and repeat_of is null and dataset like '%/report_key_figures'",
        report.name,
        order="source_line",
    )
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault(row["measure"] or "Autres chiffres", []).append(row)
    printed = [
        (site.headings.plain(heading), printed_figures(site, group, page.path, searchable=True))
        for heading, group in groups.items()
    ]
    actions = site.marts.table("local_action", "report = ? and coalesce(axis, 0) = 0", report.name, order="source_line")
    site.write(page, "frame.html.j2", report=report, tables=tables, printed=printed, actions=actions)
    return page.path, title, f"{len(bodies)} instances, {len(rows)} chiffres"


def _bodies(site: Site, report: "Report", kind: str, rows: list[Row]) -> Table:
    lines = []
    for row in rows:
        site.find(row["name"], f"Instance, {row['territory_label'] or ''}", f"{report.folder}/{site.axis_file(None)}")
        pilots = "; ".join(text for text in (row["pilots"], row["co_pilots"]) if text)
        held = french.day(row["held_on"]) if row["held_on"] else _STATUSES.get(row["status"] or "", row["status"] or "")
        lines.append(
            Line(
                site.headings.plain(row["name"]),
                [
                    row["description_fr"] or "",
                    pilots,
                    row["territory_label"] or "",
                    held,
                    f"ligne {row['source_line']}",
                ],
            )
        )
    return site.table(
        f"{report.slug}-{french.slug(kind)}",
        _KINDS.get(kind, kind),
        ["Nom", "Rôle", "Pilotage", "Territoire", "État ou date", "Rapport"],
        lines,
        editions=[row["edition"] for row in rows],
        text_columns=(0, 1, 2, 3, 4),
    )
