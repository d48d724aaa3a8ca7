"""The money of a report: the credits of its strategy, line by line, and what each signatory was granted."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING

from markupsafe import Markup

from dagster_project.report import charts, french, maps
from dagster_project.report.charts import Chart
from dagster_project.report.figures import figure_of
from dagster_project.report.marts import Row
from dagster_project.report.site import Site
from dagster_project.report.tables import Cell, Line

if TYPE_CHECKING:
    from dagster_project.report.pages.report import Chapter, Report


def write(site: Site, report: "Report") -> "Iterator[Chapter]":
    """Write both chapters; yield their addresses, titles and contents, None for one the report does not have."""
    yield _credits(site, report)
    yield _contracts(site, report)


def _printed_lines(site: Site, report: "Report", table: str) -> list[Row]:
    """The lines of a budget table that this report prints, in its order."""
    rows = site.marts.table(table, "region_code = ?", report.region["territory_code"], order="year, line_order")
    return [row for row in rows if row["edition"].endswith(f"/{report.year}")]


def _credits(site: Site, report: "Report") -> "Chapter":
    title = "Le budget"
    rows = _printed_lines(site, report, "budget_line")
    if not rows:
        return None
    page = report.page("credits.html", title, "Les crédits de la stratégie, ligne par ligne et année par année.")
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
            site.find(
                f"{row['action']}, crédits {row['year']}",
                _in_euros(row["amount_eur"]),
                page.path,
                f"budget {row['amount_eur']}",
            )
    site.write(page, "tables.html.j2", tables=[table], chart=_stacks(site, rows))
    return (
        page.path,
        title,
        f"crédits de {years[0]} à {years[-1]}, et les totaux qui ne sont pas la somme de leurs lignes",
    )


def _in_euros(amount: Decimal) -> str:
    return french.with_unit(french.trimmed(amount), "eur")


def _amount(site: Site, row: Row | None) -> Cell:
    if row is None:
        return ""
    if row["amount_eur"] is None:
        return Markup('<span class="none">non imprimé</span>')
    return figure_of(row, "amount_eur", check=site.checks.of(site.references.on_line(row)))


def _stacks(site: Site, rows: Sequence[Row]) -> Chart:
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
        charts.stacks(parts, totals, alt),
        legend=[(charts.series_style(position), name) for position, name in enumerate(order)],
    )


def _contracts(site: Site, report: "Report") -> "Chapter":
    title = "Les montants contractualisés"
    rows = _printed_lines(site, report, "contracted_amount")
    if not rows:
        return None
    page = report.page(
        "contrats.html", title, "Ce que l'État accorde par convention à chaque département et à chaque métropole."
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
            words = f"budget subvention accordé reçu {row['amount_eur']}"
            site.find(f"{name}, montant contractualisé {row['year']}", _in_euros(row["amount_eur"]), page.path, words)
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
    finding = f"De {_in_euros(values[low])} ({names[low]}) à {_in_euros(values[high])} ({names[high]})"
    return Chart(
        finding,
        "Conseils départementaux. La surface du cercle est proportionnelle au montant ; les métropoles n'ont pas de "
        "contour sur ce fond de carte, elles sont dans le tableau.",
        maps.circled(values, f"Carte des départements. {finding}. Le tableau donne les mêmes valeurs."),
    )
