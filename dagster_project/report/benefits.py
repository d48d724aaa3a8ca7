"""Benefits of a territory, month by month: one table and one drawing each, wherever they are shown."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from dagster_project.report import charts, french
from dagster_project.report.charts import Chart, Point
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.tables import Cell, Line, Table

if TYPE_CHECKING:
    from dagster_project.report.site import Site

_DRAWN_FROM = 3


def indicator_of(benefit: str) -> str:
    """The indicator a benefit is counted by."""
    return f"{benefit}_recipients"


def figure(known: Known, row: Row, *, unit: bool = False) -> Figure:
    """A count of beneficiaries, with its verdict."""
    month = f"{row['month']:%Y-%m}"
    reference = known.references.measured(row, indicator_of(row["benefit"]), month, row["period_label"])
    return figure_of(row, "beneficiaries", unit=row["unit"] if unit else "", check=known.checks.of(reference))


def table(site: "Site", name: str, caption: str, rows: Sequence[Row]) -> Table:
    """Months down, benefits across; a month a benefit has no value for stays empty."""
    benefits = list(dict.fromkeys(row["benefit"] for row in rows))
    months = sorted({row["month"] for row in rows})
    cells = {(row["month"], row["benefit"]): row for row in rows}
    lines = [
        Line(
            french.capital(french.month(month)),
            [_cell(site, cells.get((month, benefit))) for benefit in benefits],
        )
        for month in months
    ]
    columns = ["Mois", *(_heading(site, rows, benefit) for benefit in benefits)]
    return site.table(name, caption, columns, lines, editions=[row["edition"] for row in rows], notes=_marked(rows))


def drawings(site: "Site", name: str, rows: Sequence[Row]) -> list[Chart]:
    """A drawing a benefit, when there are enough months for one."""
    made = []
    for benefit in dict.fromkeys(row["benefit"] for row in rows):
        known = sorted(
            (row for row in rows if row["benefit"] == benefit and row["beneficiaries"] is not None),
            key=lambda row: row["month"],
        )
        if len(known) >= _DRAWN_FROM:
            made.append(_drawing(site, name, benefit, known))
    return made


def _drawing(site: "Site", name: str, benefit: str, rows: list[Row]) -> Chart:
    indicator = site.indicators[indicator_of(benefit)]
    breaks = site.breaks.get(indicator["indicator_code"], [])
    figures = [figure(site, row) for row in rows]
    points = [
        Point(row["month"], row["beneficiaries"], row["obs_status"] == "P", shown.check.kind == "gap")
        for row, shown in zip(rows, figures, strict=True)
    ]
    finding = evolution(points, [row["starts_on"] for row in breaks])
    said = [
        *(f"Rupture : {row['reason_fr']}." for row in breaks if _crossed(points, row)),
        *(["Losange : chiffre en écart."] if any(point.in_gap for point in points) else []),
        *(["Creux et interrompu : provisoire."] if any(point.provisional for point in points) else []),
    ]
    reasons = " ".join(said)
    table = site.table(
        f"{name}-{french.slug(benefit)}",
        indicator["label_fr"],
        ["Mois", f"{indicator['label_fr']} ({french.unit_of(rows[0]['unit'])})"],
        [Line(french.month(row["month"]), [shown]) for row, shown in zip(rows, figures, strict=True)],
    )
    svg = charts.series(points, [row["starts_on"] for row in breaks], f"{indicator['label_fr']}. {finding} {reasons}")
    subtitle = f"{french.capital(french.unit_of(rows[0]['unit']))}, fin de mois. {reasons}"
    return Chart(f"{indicator['label_fr']}", f"{finding} {subtitle}", svg, table.file)


def evolution(points: Sequence[Point], breaks: Sequence[date]) -> str:
    """What a series did, in one sentence; nothing is compared across a break, nor from a figure in a gap."""
    first, last = points[0], points[-1]
    ends = (
        f"{french.number(first.value)} en {french.month(first.when)}, "
        f"{french.number(last.value)} en {french.month(last.when)}"
    )
    if any(first.when < when <= last.when for when in breaks):
        return f"{ends} ; rupture entre les deux, évolution non calculée."
    if first.in_gap or last.in_gap:
        return f"{ends} ; un de ces chiffres est en écart, évolution non calculée."
    change = Decimal(100) * (last.value - first.value) / first.value if first.value else None
    return f"{ends}." if change is None else f"{ends} : {french.signed(round(change, 1))}{french.THIN_SPACE}%."


def _crossed(points: Sequence[Point], row: Row) -> bool:
    return bool(points[0].when < row["starts_on"] <= points[-1].when)


def _cell(site: "Site", row: Row | None) -> Cell:
    return "" if row is None else figure(site, row)


def _heading(site: "Site", rows: Sequence[Row], benefit: str) -> str:
    unit = next(row["unit"] for row in rows if row["benefit"] == benefit)
    indicator = site.indicators.get(indicator_of(benefit))
    label = indicator["label_fr"] if indicator else benefit
    return f"{label} ({french.unit_of(unit)})"


def _marked(rows: Sequence[Row]) -> list[str]:
    """A starred cell is at the month of its footnote, not at the printed one: say so."""
    return [
        f"{french.capital(french.month(row['month']))} : imprimé « {row['period_label']} » avec le signe "
        f"« {row['marker']} », daté de sa note."
        for row in {(row["month"], row["marker"]): row for row in rows if row["marker"]}.values()
    ]
