"""The report, told again: a page a chapter, each number with its line, its status and its verdict."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from markupsafe import Markup

from dagster_project.report import benefits, charts, french, maps
from dagster_project.report.calpae import calpae_tables
from dagster_project.report.charts import Chart
from dagster_project.report.figures import figure_of
from dagster_project.report.key_figures import Printed, printed_figures
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site, report_folder
from dagster_project.report.tables import Cell, Line, Table

HOME = ("index.html", "Accueil")


@dataclass(frozen=True)
class Report:
    """A report of the release: its region, its folder, and the way back to it."""

    name: str
    region: Row
    folder: str

    @property
    def year(self) -> str:
        return self.name.rpartition("/")[2]

    @property
    def title(self) -> str:
        return f"Bilan {self.year}, {self.region['territory_name']}"

    @property
    def publisher(self) -> str:
        return french.publisher(self.name.partition("/")[0])

    @property
    def trail(self) -> list[tuple[str, str]]:
        return [HOME, (f"{self.folder}/index.html", self.title)]

    @property
    def slug(self) -> str:
        return french.slug(self.name)


def reports(site: Site) -> list[Report]:
    """The reports of the release."""
    found = []
    for name in site.reports:
        publisher, _, label = name.partition("/")
        regions = [
            row["region_code"]
            for row in site.editions.values()
            if (row["publisher"], row["version_label"]) == (publisher, label) and row["region_code"]
        ]
        if regions:
            found.append(Report(name, site.territories["region", regions[0]], report_folder(name)))
    return found


def write(site: Site) -> None:
    """Write the chapters of every report, and the list of reports."""
    listed = [(report, [chapter for chapter in _chapters(site, report) if chapter]) for report in reports(site)]
    for report, chapters in listed:
        page = Page(f"{report.folder}/index.html", report.title, _lede(report), [HOME])
        site.find(report.title, "Rapport, chapitre par chapitre", page.path, report.name)
        for path, title, summary in chapters:
            site.find(title, f"{report.title} : {summary}", path, "chapitre")
        site.write(page, "report.html.j2", report=report, chapters=chapters)
    page = Page("rapports/index.html", "Rapports", "Les rapports dont chaque chiffre est relu et recoupé.", [HOME])
    site.write(page, "reports.html.j2", listed=listed)


def _lede(report: Report) -> str:
    return (
        f"Les tableaux et les chiffres du rapport {report.year} de la {report.publisher}, région "
        f"{report.region['territory_name']}, recoupés entre eux et avec ceux des producteurs."
    )


Chapter = tuple[str, str, str] | None


def _chapters(site: Site, report: Report) -> list[Chapter]:
    from dagster_project.report.pages import strategy, verification

    return [
        _poverty(site, report),
        _benefits(site, report),
        _calpae(site, report),
        _credits(site, report),
        _contracts(site, report),
        *strategy.write(site, report),
        verification.write(site, report),
    ]


def _page(report: Report, file: str, title: str, summary: str) -> Page:
    return Page(f"{report.folder}/{file}", title, summary, report.trail)


def _printed(
    site: Site, report: Report, dataset: str, path: str, where: str = "true"
) -> list[tuple[str, list[Printed]]]:
    """The figures of a dataset of a report, under the headings they are printed under."""
    rows = site.marts.table(
        "key_figure", f"report = ? and dataset like ? and repeat_of is null and {where}", report.name, f"%/{dataset}"
    )
    groups: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: row["source_line"]):
        groups.setdefault(row["measure"] or "Autres chiffres", []).append(row)
    return [
        (site.headings.plain(heading), printed_figures(site, group, path, searchable=True))
        for heading, group in groups.items()
    ]


def _poverty(site: Site, report: Report) -> Chapter:
    title = "Les chiffres de la pauvreté"
    page = _page(
        report, "pauvrete.html", title, f"Pauvreté, niveau de vie et chômage en {report.region['territory_name']}."
    )
    printed = _printed(site, report, "report_poverty", page.path)
    if not printed:
        return None
    code = report.region["territory_code"]
    indicators = [
        (site.comparisons.href(code, rows[0]["indicator_code"]), rows[0])
        for rows in site.comparisons.within(code)
        if rows[0]["indicator_code"].startswith(("poverty_rate", "median_living_standard", "unemployment_rate"))
    ]
    site.write(
        page, "poverty.html.j2", report=report, printed=printed, indicators=indicators, others=_others(site, report)
    )
    return page.path, title, "taux de pauvreté, niveau de vie, chômage, difficultés bancaires"


def _others(site: Site, report: Report) -> Table | None:
    """What the report prints beside what the producer says today of the same quantity."""
    rows = site.marts.table("source_comparison", "other_dataset like ?", f"{report.name.partition('/')[0]}/%")
    lines = []
    for row in rows:
        at_least = 1 if site.indicators[row["indicator_code"]]["unit"] == "percent" else 0
        lines.append(
            Line(
                f"{row['indicator_label_fr']}, {row['territory_name']}",
                [
                    french.period(row["period_code"]),
                    figure_of(row, "value", at_least=at_least),
                    figure_of(row, "other_value", at_least=at_least),
                    figure_of(row, "difference", at_least=at_least),
                    french.VERDICTS.get(row["comparison_verdict"], row["comparison_verdict"]),
                    row["comparison_note_fr"] or "",
                ],
            )
        )
    if not lines:
        return None
    return site.table(
        f"{report.slug}-deux-sources",
        "La même grandeur, selon le producteur et selon le rapport",
        ["Grandeur", "Période", "Producteur", "Rapport", "Différence", "Verdict", "Note"],
        lines,
        editions=[edition for row in rows for edition in (row["edition"], row["other_edition"])],
        text_columns=(0, 4, 5),
    )


def _benefits(site: Site, report: Report) -> Chapter:
    code, title = report.region["territory_code"], "Les prestations"
    rows = site.marts.table(
        "beneficiaries", "territory_level = 'region' and territory_code = ?", code, order="benefit, month"
    )
    if not rows:
        return None
    page = _page(report, "prestations.html", title, "Bénéficiaires des prestations sociales, mois par mois.")
    table = benefits.table(site, f"{report.slug}-prestations", "Bénéficiaires, tels qu'imprimés par le rapport", rows)
    other = (
        "(indicator_code is null or not (ends_with(indicator_code, '_recipients') or indicator_code = 'scheme_total'))"
    )
    for row in rows:
        if row["beneficiaries"] is not None:
            label = site.indicators[benefits.indicator_of(row["benefit"])]["label_fr"]
            value = french.with_unit(row["beneficiaries"], row["unit"])
            where = f"{label}, {report.region['territory_name']}, {french.month(row['month'])}"
            site.find(where, value, page.path, str(row["beneficiaries"]))
    site.write(
        page,
        "benefits.html.j2",
        report=report,
        table=table,
        drawings=benefits.drawings(site, f"{report.slug}-serie", rows),
        sums=_sums(site, report),
        totals=_scheme_totals(site, report),
        printed=_printed(site, report, "report_benefits", page.path, other),
        indicators=[
            (site.comparisons.href(code, found[0]["indicator_code"]), found[0])
            for found in site.comparisons.within(code)
            if found[0]["indicator_code"].endswith("_recipients")
        ],
    )
    return page.path, title, "RSA, AAH, ASS, prime d'activité, Garantie jeunes, aides au logement"


def _sums(site: Site, report: Report) -> Table | None:
    """The sum of the départements beside the printed regional figure, wherever both are known."""
    code = report.region["territory_code"]
    printed = {
        (row["month"], row["benefit"]): row
        for row in site.marts.table("beneficiaries", "territory_level = 'region' and territory_code = ?", code)
    }
    lines = []
    sums = site.marts.table("beneficiaries_total", "territory_code = ?", code, order="benefit, month")
    for row in sums:
        beside = printed.get((row["month"], row["benefit"]))
        label = site.indicators[benefits.indicator_of(row["benefit"])]["label_fr"]
        present = f"{row['departements_present']} sur {row['departements_expected']}"
        missing = f" ; il manque {row['missing_departements']}" if row["missing_departements"] else ""
        lines.append(
            Line(
                f"{label}, {french.month(row['month'])}",
                [
                    figure_of(row, "beneficiaries", unit=row["unit"]),
                    f"{present}{missing}",
                    benefits.figure(site, beside) if beside else "",
                    french.publisher(row["dataset"].partition("/")[0]),
                ],
            )
        )
    if not lines:
        return None
    return site.table(
        f"{report.slug}-sommes",
        "La somme des départements et le chiffre régional",
        [
            "Prestation et mois",
            "Somme des départements",
            "Départements présents",
            "Chiffre régional",
            "Source de la somme",
        ],
        lines,
        text_columns=(1, 3),
    )


def _scheme_totals(site: Site, report: Report) -> Table | None:
    rows = site.marts.table("scheme_total", "territory_code = ?", report.region["territory_code"], order="month")
    if not rows:
        return None
    lines = []
    for row in rows:
        reference = site.references.measured(row, "scheme_total", f"{row['month']:%Y-%m}", row["period_label"])
        figure = figure_of(row, "beneficiaries", check=site.checks.of(reference))
        lines.append(Line(french.capital(french.month(row["month"])), [figure, f"« {row['period_label']} »"]))
    return site.table(
        f"{report.slug}-dispositifs",
        "Total imprimé des cinq dispositifs, avec doubles comptes",
        ["Mois", "Total (foyers et personnes mêlés)", "Période imprimée"],
        lines,
        editions=[row["edition"] for row in rows],
        text_columns=(1,),
    )


def _calpae(site: Site, report: Report) -> Chapter:
    title = "Les conventions (CALPAE)"
    page = _page(
        report, "calpae.html", title, "Les indicateurs des conventions avec les départements et les métropoles."
    )
    tables = calpae_tables(site, report.slug, "region", report.region["territory_code"])
    if not tables:
        return None
    for row in site.marts.table(
        "calpae_indicator", "territory_level = 'region' and territory_code = ?", report.region["territory_code"]
    ):
        site.find(
            row["indicator_label_fr"],
            f"CALPAE, {row['year']} : {french.number(french.trimmed(row['value']))}",
            page.path,
        )
    site.write(page, "tables.html.j2", tables=tables, chart=None)
    return page.path, title, "jeunes sortant de l'ASE, orientation des bénéficiaires du RSA"


def _credits(site: Site, report: Report) -> Chapter:
    title = "Le budget"
    rows = site.marts.table("budget_line", "region_code = ?", report.region["territory_code"], order="year, line_order")
    rows = [row for row in rows if row["edition"].endswith(f"/{report.year}")]
    if not rows:
        return None
    page = _page(report, "credits.html", title, "Les crédits de la stratégie, ligne par ligne et année par année.")
    years = sorted({row["year"] for row in rows})
    by_line = {(row["line_code"], row["year"]): row for row in rows}
    lines = [
        Line(
            row["action"],
            [_amount(site, by_line.get((row["line_code"], year))) for year in years],
            strong=row["is_total"],
            indent=row["level"] == 2,
        )
        for row in {row["line_code"]: row for row in rows}.values()
    ]
    table = site.table(
        f"{report.slug}-credits",
        "Crédits de la stratégie, en euros",
        ["Action", *map(str, years)],
        lines,
        editions=[row["edition"] for row in rows],
        notes=["« non imprimé » : la cellule est vide dans le rapport ; un zéro y est un zéro imprimé."],
    )
    for row in rows:
        if row["amount_eur"] is not None:
            amount = french.with_unit(french.trimmed(row["amount_eur"]), "eur")
            site.find(f"{row['action']}, crédits {row['year']}", amount, page.path, f"budget {row['amount_eur']}")
    site.write(page, "tables.html.j2", tables=[table], chart=_stacks(site, report, rows))
    return (
        page.path,
        title,
        f"crédits de {years[0]} à {years[-1]}, et les totaux qui ne sont pas la somme de leurs lignes",
    )


def _amount(site: Site, row: Row | None) -> Cell:
    if row is None:
        return ""
    if row["amount_eur"] is None:
        return Markup('<span class="none">non imprimé</span>')
    return figure_of(row, "amount_eur", check=site.checks.of(site.references.on_line(row)))


def _stacks(site: Site, report: Report, rows: Sequence[Row]) -> Chart:
    parts = [
        (row["year"], row["action"], row["amount_eur"])
        for row in rows
        if row["level"] == 1 and row["amount_eur"] is not None
    ]
    totals: dict[int, tuple[Decimal, Sequence[str]]] = {}
    sentences = []
    for row in rows:
        if not row["is_total"] or row["amount_eur"] is None:
            continue
        summed = sum((amount for year, _, amount in parts if year == row["year"]), Decimal(0))
        printed = f"{french.number(round(row['amount_eur'] / 1_000_000, 1))} M€"
        over = row["amount_eur"] - summed
        marked = site.checks.of(site.references.on_line(row)).kind == "gap"
        above = [f"écart de {french.number(abs(french.trimmed(over)))} €"] if marked else []
        totals[row["year"]] = (row["amount_eur"], [printed, *above])
        sentences.append(
            f"{row['year']} : total imprimé {french.number(french.trimmed(row['amount_eur']))} €, somme des lignes "
            f"{french.number(french.trimmed(summed))} €"
        )
    years = sorted(totals)
    order = list(dict.fromkeys(name for _, name, _ in parts))
    first, last = totals[years[0]][0], totals[years[-1]][0]
    finding = (
        f"Les crédits passent de {french.number(round(first / 1_000_000, 1))} M€ en {years[0]} à "
        f"{french.number(round(last / 1_000_000, 1))} M€ en {years[-1]}"
    )
    alt = f"{finding}. {' ; '.join(sentences)}. Le tableau donne chaque ligne."
    return Chart(
        finding,
        "En millions d'euros : les lignes principales empilées, et le total imprimé (trait) ; l'écart les sépare.",
        charts.stacks(years, parts, totals, alt),
        legend=[(charts.series_style(position), name) for position, name in enumerate(order)],
    )


def _contracts(site: Site, report: Report) -> Chapter:
    title = "Les montants contractualisés"
    rows = site.marts.table(
        "contracted_amount", "region_code = ?", report.region["territory_code"], order="year, line_order"
    )
    rows = [row for row in rows if row["edition"].endswith(f"/{report.year}")]
    if not rows:
        return None
    page = _page(
        report, "contrats.html", title, "Ce que l'État accorde par convention à chaque département et métropole."
    )
    largest = max(
        (row["amount_eur"] for row in rows if row["amount_eur"] is not None and not row["is_total"]), default=Decimal(1)
    )
    groups = {row["line_code"] for row in rows if row["is_total"] and row["parent_line_code"]}
    lines = []
    for row in rows:
        name = row["signatory_name"] or ("Total" if row["territory_level"] == "region" else row["territory_name"])
        counted = row["amount_eur"] is not None and not row["is_total"]
        lines.append(
            Line(
                site.places.link(row["territory_level"], row["territory_code"], name),
                [_amount(site, row), row["note"] or ""],
                strong=row["territory_level"] == "region",
                indent=row["parent_line_code"] in groups,
                share=round(100 * row["amount_eur"] / largest, 1) if counted else None,
            )
        )
        if row["amount_eur"] is not None:
            amount = french.with_unit(french.trimmed(row["amount_eur"]), "eur")
            words = f"budget subvention accordé reçu {row['amount_eur']}"
            site.find(f"{name}, montant contractualisé {row['year']}", amount, page.path, words)
    table = site.table(
        f"{report.slug}-contrats",
        f"Montants contractualisés, part de l'État, {rows[0]['year']}, en euros",
        ["Signataire", "Montant", "Note"],
        lines,
        editions=[row["edition"] for row in rows],
        text_columns=(1,),
    )
    site.write(page, "tables.html.j2", tables=[table], chart=_contract_map(rows))
    return page.path, title, "département par département, métropole par métropole"


def _contract_map(rows: Sequence[Row]) -> Chart | None:
    values = {
        row["territory_code"]: row["amount_eur"]
        for row in rows
        if row["signatory_type"] == "departement" and row["amount_eur"] is not None
    }
    if not maps.drawable(values):
        return None
    names = {row["territory_code"]: row["territory_name"] for row in rows}
    low, high = min(values, key=lambda code: values[code]), max(values, key=lambda code: values[code])
    finding = (
        f"De {french.with_unit(french.trimmed(values[low]), 'eur')} ({names[low]}) à "
        f"{french.with_unit(french.trimmed(values[high]), 'eur')} ({names[high]})"
    )
    return Chart(
        finding,
        "Conseils départementaux. La surface du cercle est proportionnelle au montant ; les métropoles n'ont pas de "
        "contour sur ce fond de carte, elles sont dans le tableau.",
        maps.circled(values, f"Carte des départements. {finding}. Le tableau donne les mêmes valeurs."),
    )
