"""What pages and sheets both need of a release: its marts, read once and put beside each other."""

from dagster_project.report.checks import Checks
from dagster_project.report.comparisons import Comparisons
from dagster_project.report.headings import Headings
from dagster_project.report.marts import Marts, Row
from dagster_project.report.places import Places
from dagster_project.report.references import References


class Known:
    """The marts of a release, with verdicts, places, comparisons and names at hand."""

    def __init__(self, marts: Marts) -> None:
        self.marts = marts
        self.checks = Checks(marts)
        self.editions = {row["edition"]: row for row in marts.table("edition")}
        self.territories = {(row["territory_level"], row["territory_code"]): row for row in marts.table("territory")}
        self.indicators = {row["indicator_code"]: row for row in marts.table("indicator")}
        self.release = marts.table("release")[0]
        self.places = Places(marts)
        self.comparisons = Comparisons(marts, self.places)
        self.references = References(marts)
        self.breaks = self._breaks()
        self.headings = Headings(row["text"] for row in marts.rows(_WRITTEN) if row["text"])

    def _breaks(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.marts.table("series_break"):
            found.setdefault(row["indicator_code"], []).append(row)
        return found


# Where the report's words stand in small letters.
_WRITTEN = """
    select indicator_label_fr as text from marts.key_figure
    union all select title from marts.local_action union all select description_fr from marts.local_action
    union all select description_fr from marts.governance_body union all select label_fr from marts.indicator
    union all select ', ' || territory_name from marts.territory
"""
