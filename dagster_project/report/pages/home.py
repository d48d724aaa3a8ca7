"""The first page: the regions, the reports, and why one may trust a number."""

from dataclasses import dataclass
from decimal import Decimal

from dagster_project.report import french, maps
from dagster_project.report.charts import Chart
from dagster_project.report.figures import figure_of
from dagster_project.report.marts import Row
from dagster_project.report.pages.territory import Headline, region_headlines
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Line


@dataclass(frozen=True)
class Region:
    """What the first page shows of a region."""

    code: str
    name: str
    headlines: list[Headline]
    map: Chart | None
    places: list[Row]


def write(site: Site) -> None:
    """Write the first page."""
    regions = [
        Region(
            place["territory_code"],
            place["territory_name"],
            region_headlines(site, place),
            poverty_map(site, place),
            [
                *site.places.within(place["territory_code"], "departement"),
                *site.places.within(place["territory_code"], "epci"),
            ],
        )
        for place in site.places.regions
    ]
    names = french.joined([region.name for region in regions])
    page = Page(
        "index.html",
        "Lutte contre la pauvreté : les chiffres",
        f"{names} : ce que les producteurs publient et ce que le rapport imprime, chiffre par chiffre, avec sa source, "
        "son statut et son verdict.",
    )
    proved = sum(row["verdict"] in ("exact", "rounding", "holds") for row in site.checks.relations)
    unknown = len(site.checks.relations) - proved - len(site.checks.gaps)
    trust = (
        f"{len(site.checks.relations)} relations entre chiffres sont recalculées à chaque version : {proved} sont "
        f"vérifiées, {len(site.checks.gaps)} sont en écart, {unknown} ne se calculent pas faute de base. Chaque "
        "écart est montré à côté du chiffre, avec son diagnostic."
    )
    site.write(page, "home.html.j2", regions=regions, reports=[], trust=trust)


def poverty_map(site: Site, region: Row) -> Chart | None:
    """The newest poverty rates of a region's départements, as a map."""
    rows = site.marts.table(
        "poverty_rate",
        "territory_level = 'departement' and population_group = 'all' and threshold_pct = 60 "
        "and poverty_rate_pct is not null and territory_code in (select territory_code from marts.territory "
        "where region_code = ?) qualify year = max(year) over ()",
        region["territory_code"],
    )
    values: dict[str, Decimal] = {row["territory_code"]: row["poverty_rate_pct"] for row in rows}
    if not maps.drawable(values):
        return None
    ordered = sorted(rows, key=lambda row: row["poverty_rate_pct"])
    low, high = ordered[0], ordered[-1]
    year = rows[0]["year"]
    finding = (
        f"De {french.number(low['poverty_rate_pct'])}{french.THIN_SPACE}% ({low['territory_name']}) à "
        f"{french.number(high['poverty_rate_pct'])}{french.THIN_SPACE}% ({high['territory_name']}) de personnes pauvres"
    )
    svg, legend = maps.shaded(values, f"Carte des départements. {finding}, en {year}.")
    table = site.table(
        f"carte-pauvrete-{region['territory_code']}-{year}",
        f"Taux de pauvreté à 60 %, {year}",
        ["Département", "Taux de pauvreté (%)"],
        [Line(row["territory_name"], [figure_of(row, "poverty_rate_pct", at_least=1)]) for row in rows],
    )
    return Chart(
        finding,
        f"Taux de pauvreté à 60 % par département, {year}, en pourcentage.",
        svg,
        table.file,
        site.sources([row["edition"] for row in rows]),
        [(f"var(--m{shade})", words) for shade, words in legend],
    )
