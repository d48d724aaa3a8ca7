"""The indicators that compare the départements of a region, each at the period most of them have."""

from collections import Counter
from collections.abc import Sequence

from dagster_project.report import french
from dagster_project.report.marts import Marts, Row
from dagster_project.report.places import Places

_FEWEST = 3


class Comparisons:
    """For each region, the rows of each indicator that deserves a map and a ranking."""

    def __init__(self, marts: Marts, places: Places) -> None:
        profiles: dict[tuple[str, str], list[Row]] = {}
        rows = marts.table(
            "territory_profile",
            "territory_level = 'departement' and ranked_territories > 1",
            order="indicator_label_fr, indicator_code, territory_code",
        )
        region_of = {
            place["territory_code"]: place["region_code"]
            for place in places.all
            if place["territory_level"] == "departement"
        }
        for row in rows:
            if row["territory_code"] in region_of:
                profiles.setdefault((region_of[row["territory_code"]], row["indicator_code"]), []).append(row)
        self._rows = {key: same for key, group in profiles.items() if len(same := _same_period(group)) >= _FEWEST}

    def within(self, region: str) -> list[list[Row]]:
        """The rows of each indicator of a region, in the order of their labels."""
        return [rows for (code, _), rows in self._rows.items() if code == region]

    def href(self, region: str, indicator: str) -> str | None:
        """The page of an indicator in a region, when there is one."""
        if (region, indicator) not in self._rows:
            return None
        return f"indicateurs/{region}-{french.slug(indicator)}.html"


def _same_period(rows: Sequence[Row]) -> list[Row]:
    counts = Counter(row["period_code"] for row in rows if row["value"] is not None)
    if not counts:
        return []
    period = max(counts, key=lambda code: (counts[code], code))
    return [row for row in rows if row["period_code"] == period and row["value"] is not None]
