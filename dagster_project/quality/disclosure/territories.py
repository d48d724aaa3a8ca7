"""Which territories a total is the sum of, and which stand inside another."""

import csv
from collections.abc import Sequence
from functools import cache

from dagster_project.settings import TERRITORIES

Place = tuple[str, str]
_METROPOLES = ("metropole", "communaute_urbaine")


class Territories:
    """Country, regions, départements and métropoles of the seed; communes and IRIS by their codes."""

    def __init__(self) -> None:
        self._rows = [row for row in _seed() if not row["valid_to"]]
        self._region_of = {
            row["territory_code"]: row["region_code"] for row in self._rows if row["territory_level"] == "departement"
        }
        self._departement_of = {
            row["territory_code"]: row["departement_code"] for row in self._rows if row["territory_level"] == "epci"
        }

    @property
    def departements(self) -> dict[str, Sequence[str]]:
        """The départements of each region."""
        found: dict[str, list[str]] = {}
        for code, region in self._region_of.items():
            found.setdefault(region, []).append(code)
        return {region: tuple(codes) for region, codes in found.items()}

    def wholes(self, level: str, code: str) -> list[Place]:
        """The territories a total of which this one is a member of."""
        if level == "region":
            # Overseas regions have the codes 01 to 06.
            return [("country", "FR"), *([("country", "FR-METRO")] if code > "10" else [])]
        if level == "departement" and code in self._region_of:
            return [("region", self._region_of[code])]
        if level == "epci" and code in self._departement_of:
            return [("region", self._region_of[self._departement_of[code]])]
        if level == "commune":
            return [("departement", code[:3] if code.startswith("97") else code[:2])]
        if level == "iris":
            return [("commune", code[:5])]
        return []

    def around(self, level: str, code: str) -> list[Place]:
        """The département a métropole stands in, or itself."""
        if level == "epci" and code in self._departement_of:
            return [("departement", self._departement_of[code])]
        return [("departement", code)] if level == "departement" else []

    def inside(self, level: str, code: str) -> list[Place]:
        """The métropoles of a département."""
        return [("epci", epci) for epci, of in self._departement_of.items() if (level, of) == ("departement", code)]

    def members(self, level: str, code: str) -> list[Place] | None:
        """The territories that make up this one; None where the seed does not list them."""
        if level == "region":
            return [("departement", one) for one in self.departements.get(code, ())]
        if level == "country":
            regions = [row["territory_code"] for row in self._rows if row["territory_level"] == "region"]
            return [("region", one) for one in regions if code == "FR" or one > "10"]
        return None

    def metropoles(self, level: str, code: str) -> list[Place]:
        """The métropoles of a region, which some counts keep apart from their département."""
        if level != "region":
            return []
        return [
            ("epci", row["territory_code"])
            for row in self._rows
            if row["territory_level"] == "epci" and row["region_code"] == code and row["category"] in _METROPOLES
        ]


@cache
def _seed() -> tuple[dict[str, str], ...]:
    with TERRITORIES.open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
