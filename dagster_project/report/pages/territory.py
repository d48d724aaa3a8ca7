"""A page a territory: profile beside region and country, budget, indicators, local actions, gaps."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from dagster_project.report import benefits, french, maps, profiles, territories
from dagster_project.report.calpae import calpae_tables
from dagster_project.report.figures import Figure, figure_of, link
from dagster_project.report.key_figures import printed_figures
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Cell, Line, Table
from dagster_project.report.workbooks import file_name

# What a reader looks for first, in this order.
_FIRST = ("poverty_rate_60", "unemployment_rate", "rsa_recipients", "contracted_amount")


@dataclass(frozen=True)
class Headline:
    """A number at the top of the page, with the words that situate it."""

    label: str
    figure: Figure
    words: str


def write(site: Site) -> None:
    """Write a page for every territory the marts know something of."""
    for place in site.places.all:
        _write(site, place)


def _write(site: Site, place: Row) -> None:
    level, code, name = place["territory_level"], place["territory_code"], place["territory_name"]
    region = site.territories["region", place["region_code"]]
    compared = territories.profile(site, place)
    slug = f"{level}-{code}"
    kind = french.category(place["category"])
    trail = [("index.html", "Accueil")]
    if level != "region":
        trail.append((site.places.href("region", region["territory_code"]) or "", region["territory_name"]))
    page = Page(f"territoires/{slug}.html", name, f"{kind} : ce que les chiffres disent de {name}", trail)
    counts = site.marts.of("beneficiaries", level, code, order="benefit, month")
    site.find(name, f"{kind}, {region['territory_name']}", page.path, f"{code} territoire")
    for row in counts:
        if row["beneficiaries"] is not None:
            label = site.indicators[benefits.indicator_of(row["benefit"])]["label_fr"]
            value = french.with_unit(row["beneficiaries"], row["unit"])
            site.find(f"{label}, {name}, {french.month(row['month'])}", value, f"{page.path}#prestations")
    site.write(
        page,
        "territory.html.j2",
        place=place,
        kind=kind,
        region=region,
        headlines=_headlines(site, place, compared),
        workbook=file_name(place),
        map=_map(site, place),
        members=_members(site, place),
        profile=_profile(site, slug, region, compared),
        counts=benefits.table(site, f"{slug}-prestations", f"Bénéficiaires de prestations, {name}", counts)
        if counts
        else None,
        drawings=benefits.drawings(site, f"{slug}-serie", counts),
        contracts=_contracts(site, slug, place),
        calpae=calpae_tables(site, slug, level, code),
        printed=printed_figures(site, territories.printed(site, place), page.path) if level != "region" else [],
        actions=territories.actions(site, place) if level != "region" else [],
        gaps=territories.gaps(site, place),
    )


def _headlines(site: Site, place: Row, profile: Sequence[Row]) -> list[Headline]:
    if place["territory_level"] == "region":
        return region_headlines(site, place)
    by_code = {row["indicator_code"]: row for row in profile}
    found = [by_code[code] for code in _FIRST if code in by_code]
    return [Headline(row["indicator_label_fr"], profiles.value(site, row), ", ".join(_situated(row))) for row in found]


def _situated(row: Row) -> list[str]:
    words = [french.period(row["period_code"])]
    if row["rank_in_region"] and row["ranked_territories"] > 1:
        words.append(f"{french.rank(row['rank_in_region'], row['ranked_territories'])} dans la région")
    return words


def region_headlines(site: Site, place: Row) -> list[Headline]:
    """The first numbers of a region, each the newest known."""
    code = place["territory_code"]
    found: list[Headline] = []
    rate = site.marts.table(
        "poverty_rate",
        "territory_level = 'region' and territory_code = ? and population_group = 'all' and threshold_pct = 60 "
        "and poverty_rate_pct is not null",
        code,
        order="year desc",
    )
    if rate:
        reference = site.references.measured(rate[0], "poverty_rate_60", str(rate[0]["year"]))
        figure = figure_of(rate[0], "poverty_rate_pct", unit="percent", check=site.checks.of(reference), at_least=1)
        found.append(Headline("Taux de pauvreté à 60 %", figure, str(rate[0]["year"])))
    unemployment = site.marts.table(
        "unemployment_rate", "territory_level = 'region' and territory_code = ?", code, order="quarter desc"
    )
    if unemployment:
        row = unemployment[0]
        figure = figure_of(row, "unemployment_rate_pct", unit="percent", at_least=1)
        found.append(Headline("Taux de chômage localisé", figure, french.period(row["quarter"])))
    recipients = site.marts.table(
        "beneficiaries",
        "territory_level = 'region' and territory_code = ? and benefit = 'rsa'",
        code,
        order="month desc",
    )
    if recipients:
        figure = benefits.figure(site, recipients[0], unit=True)
        found.append(Headline("Allocataires du RSA", figure, french.month(recipients[0]["month"])))
    total = site.marts.table(
        "contracted_amount", "region_code = ? and is_total and territory_level = 'region'", code, order="year desc"
    )
    if total:
        check = site.checks.of(site.references.on_line(total[0]))
        figure = figure_of(total[0], "amount_eur", unit="eur", check=check)
        found.append(Headline("Contrats avec l'État : départements et métropoles", figure, str(total[0]["year"])))
    return found


def _profile(site: Site, slug: str, region: Row, rows: Sequence[Row]) -> Table | None:
    """The indicators of a territory; a column nobody fills is left out, and a note says so."""
    if not rows:
        return None
    name = rows[0]["territory_name"]
    compared = {
        "region_value": region["territory_name"],
        "country_value": "France",
        "per_1000_inhabitants": "Pour 1 000 habitants",
    }
    kept = {column: label for column, label in compared.items() if any(row[column] is not None for row in rows)}
    lines = []
    for row in sorted(rows, key=lambda row: row["indicator_label_fr"]):
        ranked = row["rank_in_region"] and row["ranked_territories"] > 1
        cells: list[Cell] = [
            profiles.value(site, row),
            french.period(row["period_code"]),
            profiles.change(row),
            french.rank(row["rank_in_region"], row["ranked_territories"]) if ranked else "",
            *(profiles.value(site, row, column, unit=False) if row[column] is not None else "–" for column in kept),
            french.publisher(row["dataset"].split("/")[0]),
        ]
        lines.append(Line(site.indicator_link(region["territory_code"], row), cells))
    missing = [label for column, label in compared.items() if column not in kept]
    notes = [f"Pas de valeur dans cette version pour : {french.joined(missing)}."] if missing else []
    return site.table(
        f"{slug}-profil",
        f"Profil : {name}",
        ["Indicateur", "Valeur", "Période", "Évolution", "Rang", *kept.values(), "Source"],
        lines,
        editions=[row["edition"] for row in rows],
        notes=[
            *notes,
            "L'évolution va de la période précédente connue à celle-ci ; rien n'est comparé à travers une rupture.",
        ],
        text_columns=(1, 3 + len(kept) + 1),
    )


def _contracts(site: Site, slug: str, place: Row) -> Table | None:
    """What the State grants by convention to the territory, and to the metropolises inside it."""
    if place["territory_level"] == "region":
        return None
    rows = territories.contracts(site, place)
    lines = [
        Line(
            row["signatory_name"],
            [
                str(row["year"]),
                figure_of(row, "amount_eur", unit="eur", check=site.checks.of(site.references.on_line(row))),
                row["note"] or "",
                link(f"{site.report_of(row)}/contrats.html", f"ligne {row['source_line']}"),
            ],
        )
        for row in rows
    ]
    return (
        site.table(
            f"{slug}-contrats",
            f"Montants contractualisés avec l'État, {place['territory_name']}",
            ["Signataire", "Année", "Montant (part de l'État)", "Note", "Rapport"],
            lines,
            editions=[row["edition"] for row in rows],
            text_columns=(0, 2, 3),
        )
        if rows
        else None
    )


def _members(site: Site, place: Row) -> list[Row]:
    if place["territory_level"] != "region":
        return []
    return [
        *site.places.within(place["territory_code"], "departement"),
        *site.places.within(place["territory_code"], "epci"),
    ]


def _map(site: Site, place: Row) -> Markup | None:
    codes = [row["territory_code"] for row in site.places.within(place["region_code"], "departement")]
    if place["territory_level"] != "departement" or not maps.drawable(dict.fromkeys(codes)):
        return None
    region = site.territories["region", place["region_code"]]["territory_name"]
    return maps.locator(place["territory_code"], codes, f"{place['territory_name']} dans la région {region}.")
