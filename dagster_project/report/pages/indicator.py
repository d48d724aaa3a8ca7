"""A page an indicator and a region: map, ranking, distribution, and the months known, département by département."""

from collections.abc import Sequence
from decimal import Decimal
from statistics import median

from dagster_project.report import benefits, charts, french, maps, profiles
from dagster_project.report.charts import Chart
from dagster_project.report.figures import figure_of
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site
from dagster_project.report.tables import Cell, Line, Table

_RATES = ("percent", "eur_per_year", "eur_per_month", "person_per_100000", "incident_per_100000")
_INDEX = "indicateurs/index.html"


def write(site: Site) -> None:
    """Write a page for each indicator that compares départements, and the list of them."""
    groups = []
    for region in site.places.regions:
        pages = [
            (_write(site, region, rows), rows[0], _span(rows))
            for rows in site.comparisons.within(region["territory_code"])
        ]
        groups.append((region, pages))
    page = Page(_INDEX, "Indicateurs", "Cartes, classements et distributions, un indicateur par page.", [_HOME])
    site.write(page, "indicators.html.j2", groups=groups)


_HOME = ("index.html", "Accueil")


def _write(site: Site, region: Row, rows: Sequence[Row]) -> str:
    code, label = rows[0]["indicator_code"], rows[0]["indicator_label_fr"]
    period = french.period(rows[0]["period_code"])
    name = region["territory_name"]
    page = Page(
        site.comparisons.href(region["territory_code"], code) or "",
        f"{label} : {name}",
        f"{label}, {period} : {_span(rows)}.",
        [_HOME, (_INDEX, "Indicateurs")],
    )
    definition = site.indicators.get(code)
    site.find(label, f"Indicateur, {name} : carte, classement, {period}", page.path, code)
    slug = f"indicateur-{region['territory_code']}-{french.slug(code)}"
    site.write(
        page,
        "indicator.html.j2",
        region=region,
        label=label,
        period=period,
        span=_span(rows),
        definition=definition,
        map=_map(rows, period),
        ranking=_ranking(site, slug, rows, period),
        strip=_strip(region, rows, period),
        months=_months(site, slug, region, code, label),
        drawings=benefits.drawings(site, f"{slug}-serie", _counts(site, "region", [region["territory_code"]], code)),
        regional=_regional(site, slug, region, code, label),
    )
    return page.path


def _span(rows: Sequence[Row]) -> str:
    ordered = sorted(rows, key=lambda row: row["value"])
    low, high = ordered[0], ordered[-1]
    return f"de {_shown(low)} ({low['territory_name']}) à {_shown(high)} ({high['territory_name']})"


def _shown(row: Row) -> str:
    return french.with_unit(_exact(row), row["unit"])


def _exact(row: Row) -> Decimal:
    return french.trimmed(row["value"], profiles.decimals(row["unit"]))


def _map(rows: Sequence[Row], period: str) -> Chart | None:
    values = {row["territory_code"]: _exact(row) for row in rows}
    if not maps.drawable(values):
        return None
    finding = french.capital(_span(rows))
    alt = f"Carte des départements. {finding}, {period}. Le classement donne les mêmes valeurs."
    measured = f"{french.capital(period)}, {french.unit_of(rows[0]['unit'])}."
    if rows[0]["unit"] not in _RATES:
        words = f"{measured} La surface du cercle est proportionnelle au nombre."
        return Chart(finding, words, maps.circled(values, alt))
    svg, legend = maps.shaded(values, alt)
    words = f"{measured} Chaque teinte réunit environ un cinquième des départements."
    return Chart(finding, words, svg, legend=[(f"var(--m{shade})", text) for shade, text in legend])


def _ranking(site: Site, slug: str, rows: Sequence[Row], period: str) -> Table:
    ordered = sorted(rows, key=lambda row: (-row["value"], row["territory_name"]))
    largest = max(abs(row["value"]) for row in rows) or Decimal(1)
    changes = any(row["change"] is not None for row in rows)
    lines = []
    for row in ordered:
        share = round(100 * abs(row["value"]) / largest, 1)
        cells: list[Cell] = [figure_of(row, "rank_in_region"), profiles.value(site, row)]
        if changes:
            cells.append(profiles.change(row))
        place = site.places.link("departement", row["territory_code"], row["territory_name"])
        lines.append(Line(place, cells, share=share))
    return site.table(
        slug,
        f"{rows[0]['indicator_label_fr']} : classement des départements, {period}",
        ["Département", "Rang", "Valeur", *(["Évolution"] if changes else [])],
        lines,
        editions=[row["edition"] for row in rows],
    )


def _strip(region: Row, rows: Sequence[Row], period: str) -> Chart:
    unit = rows[0]["unit"]
    values = [(row["territory_name"], _exact(row)) for row in rows]
    known = rows[0]["region_value"] if unit in _RATES else None
    half = french.trimmed(median(value for _, value in values), profiles.decimals(unit))
    finding = f"La moitié des départements est à {french.with_unit(half, unit)} ou moins"
    alt = f"Distribution : {len(values)} départements, {_span(rows)}. {finding}."
    reference = None
    if known is not None:
        reference = (region["territory_name"], french.trimmed(known, profiles.decimals(unit)))
    svg = charts.strip(values, reference, alt, unit)
    return Chart(finding, f"Un point par département, {period}, {french.unit_of(unit)}.", svg)


def _counts(site: Site, level: str, codes: Sequence[str], indicator: str) -> list[Row]:
    benefit = indicator.removesuffix("_recipients")
    if benefits.indicator_of(benefit) != indicator:
        return []
    marks = ", ".join("?" for _ in codes)
    return site.marts.table(
        "beneficiaries", f"territory_level = ? and benefit = ? and territory_code in ({marks})", level, benefit, *codes
    )


_SHOWN_MONTHS = 12


def _months(site: Site, slug: str, region: Row, indicator: str, label: str) -> Table | None:
    """The newest months, a département a line."""
    codes = [place["territory_code"] for place in site.places.within(region["territory_code"], "departement")]
    rows = _counts(site, "departement", codes, indicator)
    months = sorted({row["month"] for row in rows})[-_SHOWN_MONTHS:]
    if len(months) < 2:
        return None
    cells = {(row["territory_code"], row["month"]): row for row in rows}
    names = {row["territory_code"]: row["territory_name"] for row in rows}
    lines = [
        Line(
            site.places.link("departement", code, name),
            [benefits.figure(site, cells[code, month]) if (code, month) in cells else "" for month in months],
        )
        for code, name in names.items()
    ]
    lines += _totals(site, region, indicator, months)
    return site.table(
        f"{slug}-mois",
        f"{label} : département par département",
        ["Département", *(french.capital(french.month(month)) for month in months)],
        lines,
        editions=[row["edition"] for row in rows],
    )


def _totals(site: Site, region: Row, indicator: str, months: Sequence[object]) -> list[Line]:
    """The sum of the départements, or which of them are missing: a sum with a hole is not one."""
    rows = site.marts.table(
        "beneficiaries_total",
        "territory_level = 'region' and territory_code = ? and benefit = ?",
        region["territory_code"],
        indicator.removesuffix("_recipients"),
    )
    lines = []
    for dataset in dict.fromkeys(row["dataset"] for row in rows):
        by_month = {row["month"]: row for row in rows if row["dataset"] == dataset}
        cells: list[Cell] = [_total(by_month[month]) if month in by_month else "" for month in months]
        lines.append(Line(f"Somme des départements ({french.publisher(dataset.split('/')[0])})", cells, strong=True))
    return lines


def _total(row: Row) -> Cell:
    if row["beneficiaries"] is not None:
        return figure_of(row, "beneficiaries")
    return (
        f"pas de somme : {row['departements_present']} départements sur {row['departements_expected']}, "
        f"il manque {row['missing_departements']}"
    )


def _regional(site: Site, slug: str, region: Row, indicator: str, label: str) -> Table | None:
    """What is known of the region itself."""
    rows = _counts(site, "region", [region["territory_code"]], indicator)
    if not rows:
        return None
    lines = [
        Line(
            french.capital(french.month(row["month"])),
            [benefits.figure(site, row), french.publisher(row["dataset"].split("/")[0])],
        )
        for row in rows
    ]
    return site.table(
        f"{slug}-region",
        f"{label} : {region['territory_name']}",
        ["Mois", f"Valeur ({french.unit_of(rows[0]['unit'])})", "Source"],
        lines,
        editions=[row["edition"] for row in rows],
        text_columns=(1,),
    )
