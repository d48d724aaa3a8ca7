"""Which region each département is of."""

import csv
from functools import cache

from dagster_project.settings import TERRITORIES


@cache
def departement_regions() -> dict[str, str]:
    """The region of each département, by code."""
    with TERRITORIES.open(encoding="utf-8") as file:
        return {
            row["departement_code"]: row["region_code"]
            for row in csv.DictReader(file)
            if row["territory_level"] == "departement" and not row["valid_to"]
        }


def metropolitan(level: str) -> set[str]:
    """Codes of the metropolitan départements, or regions."""
    regions = departement_regions()
    found = {code for code in regions if not code.startswith("97")}
    return found if level == "departement" else {regions[code] for code in found}
