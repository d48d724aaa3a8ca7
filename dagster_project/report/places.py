"""The territories that have a page: those the marts know something of, and the regions they belong to."""

from markupsafe import Markup, escape

from dagster_project.report.figures import link
from dagster_project.report.marts import Marts, Row


class Places:
    """Regions, their départements and their intercommunalités, with the address of each page."""

    def __init__(self, marts: Marts) -> None:
        known = marts.rows("""
            select distinct territory_level, territory_code from marts.territory_profile
            union select distinct territory_level, territory_code from marts.beneficiaries
            union select distinct territory_level, territory_code from marts.poverty_rate
        """)
        codes = {(row["territory_level"], row["territory_code"]) for row in known}
        places = marts.table("territory", "territory_level in ('region', 'departement', 'epci') and valid_to is null")
        inside = [place for place in places if (place["territory_level"], place["territory_code"]) in codes]
        present = {place["region_code"] for place in inside}
        self.all = [
            place
            for place in places
            if place in inside or (place["territory_level"] == "region" and place["territory_code"] in present)
        ]
        self.regions = [place for place in self.all if place["territory_level"] == "region"]
        self._known = {(place["territory_level"], place["territory_code"]): place for place in self.all}

    def within(self, region: str, level: str) -> list[Row]:
        """The territories of a level in a region, by code."""
        return [p for p in self.all if p["territory_level"] == level and p["region_code"] == region]

    def href(self, level: str, code: str) -> str | None:
        """The address of a territory's page, when it has one."""
        return f"territoires/{level}-{code}.html" if (level, code) in self._known else None

    def link(self, level: str, code: str, name: str) -> Markup:
        """The name of a territory, linked to its page when it has one."""
        href = self.href(level, code)
        return link(href, name) if href else escape(name)
