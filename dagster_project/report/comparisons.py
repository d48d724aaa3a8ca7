"""The indicators that compare the départements of a region, each at the period most of them have."""

from collections import Counter
from collections.abc import Sequence

from dagster_project.report import french
from dagster_project.report.marts import Marts, Row
from dagster_project.report.places import Places

_FEWEST = 3


class Comparisons:
    """For each region and level, the rows of each indicator that deserves a map, a ranking or a chart."""

    def __init__(self, marts: Marts, places: Places) -> None:
        profiles: dict[tuple[str, str, str], list[Row]] = {}
        rows = marts.table(
            "territory_profile", "ranked_territories > 1", order="indicator_label_fr, indicator_code, territory_code"
        )
        region_of = {(place["territory_level"], place["territory_code"]): place["region_code"] for place in places.all}
        for row in rows:
            level = row["territory_level"]
            if region := region_of.get((level, row["territory_code"])):
                profiles.setdefault((region, level, row["indicator_code"]), []).append(row)
        self._rows = {key: same for key, group in profiles.items() if len(same := _same_period(group)) >= _FEWEST}

    def within(self, region: str, level: str = "departement") -> list[list[Row]]:
        """The rows of each indicator of a region, in the order of their labels."""
        return [rows for (code, of_level, _), rows in self._rows.items() if (code, of_level) == (region, level)]

    def href(self, region: str, indicator: str) -> str | None:
        """The page of an indicator in a region, when there is one."""
        if (region, "departement", indicator) not in self._rows:
            return None
        return f"indicateurs/{region}-{french.slug(indicator)}.html"


def _same_period(rows: Sequence[Row]) -> list[Row]:
    counts = Counter(row["period_code"] for row in rows if row["value"] is not None)
    if not counts:
        return []
    period = max(counts, key=lambda code: (counts[code], code))
    return [row for row in rows if row["period_code"] == period and row["value"] is not None]
