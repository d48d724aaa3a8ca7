"""The figures a report prints, one by one: number, what it counts, where, when, on which line, and its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dagster_project.report import french
from dagster_project.report.checks import Check
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.marts import Row
from dagster_project.report.references import reference_of

if TYPE_CHECKING:
    from dagster_project.report.site import Site


@dataclass(frozen=True)
class Printed:
    """A printed figure and what its line on the page says."""

    row: Row
    figure: Figure
    check: Check
    anchor: str

    @property
    def status(self) -> str:
        return "objectif" if self.row["statement"] == "target" else french.STATUSES[self.row["obs_status"]]


def printed_figures(site: "Site", rows: Sequence[Row], path: str, *, searchable: bool = False) -> list[Printed]:
    """The figures of a page, in the order of the report; the search finds them where they are told to be."""
    found = []
    for row in sorted(rows, key=lambda row: (row["report"], row["source_line"], row["figure_id"])):
        check = site.checks.of(reference_of(row))
        printed = Printed(row, figure_of(row, "value", unit=row["unit"], check=check), check, f"f-{row['figure_id']}")
        found.append(printed)
        if searchable:
            detail = (
                f"{row['printed_text']} – {row['territory_label']}, {row['period_label'] or 'période non précisée'}"
            )
            site.find(row["indicator_label_fr"], detail, f"{path}#{printed.anchor}", str(row["value"] or ""))
    return found
