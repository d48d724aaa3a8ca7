"""The report, told again: a page a chapter, each number with its line, its status and its verdict."""

from dataclasses import dataclass

from dagster_project.report import benefits, french
from dagster_project.report.calpae import calpae_tables
from dagster_project.report.figures import figure_of
from dagster_project.report.key_figures import Printed, printed_figures
from dagster_project.report.marts import Row
from dagster_project.report.site import Page, Site, report_folder
from dagster_project.report.tables import Line, Table

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

    def page(self, file: str, title: str, summary: str) -> Page:
        """A page of the report, in its folder."""
        return Page(f"{self.folder}/{file}", title, summary, self.trail)


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
    from dagster_project.report.pages import budget, strategy, verification

    return [
        _poverty(site, report),
        _benefits(site, report),
        _calpae(site, report),
        *budget.write(site, report),
        *strategy.write(site, report),
        verification.write(site, report),
    ]


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
    page = report.page(
        "pauvrete.html", title, f"Pauvreté, niveau de vie et chômage en {report.region['territory_name']}."
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
    page = report.page("prestations.html", title, "Bénéficiaires des prestations sociales, mois par mois.")
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
    page = report.page("calpae.html", title, "Les indicateurs des conventions avec les départements et les métropoles.")
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
