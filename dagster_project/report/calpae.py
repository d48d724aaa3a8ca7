"""The indicators of the conventions (CALPAE), as tables: number, printed percentage, base and verdict."""

from typing import TYPE_CHECKING

from dagster_project.report import french
from dagster_project.report.checks import UNCHECKED, Check
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.tables import Cell, Line, Table

if TYPE_CHECKING:
    from dagster_project.report.site import Site

THEMES = {
    "ase_leavers": "Jeunes sortant de l'aide sociale à l'enfance",
    "rsa_orientation": "Orientation et accompagnement des bénéficiaires du RSA",
}


def calpae_rows(known: Known, level: str, code: str) -> list[Row]:
    """The indicators of a territory, theme by theme and year by year."""
    return known.marts.of("calpae_indicator", level, code, order="theme, year, indicator_code")


def checks_of(known: Known, row: Row) -> tuple[Check, Check]:
    """The verdicts on an indicator: on its value, and on its printed percentage."""
    code, year = row["indicator_code"], str(row["year"])
    value, percentage = (known.references.measured(row, name, year) for name in (code, f"{code}_pct"))
    return known.checks.of(value), known.checks.of(percentage)


def calpae_tables(site: "Site", name: str, level: str, code: str) -> list[Table]:
    """A table a theme and a year, for one territory."""
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in calpae_rows(site, level, code):
        groups.setdefault((row["theme"], row["year"]), []).append(row)
    return [_table(site, name, theme, year, group) for (theme, year), group in groups.items()]


def _table(site: "Site", name: str, theme: str, year: int, rows: list[Row]) -> Table:
    return site.table(
        f"{name}-calpae-{french.slug(theme)}-{year}",
        f"{THEMES.get(theme, theme)}, {year}",
        ["Indicateur", "Valeur", "Pourcentage imprimé", "Pourcentage calculé", "Base imprimée", "Base supposée"],
        [Line(row["indicator_label_fr"], _cells(site, row)) for row in rows],
        editions=[row["edition"] for row in rows],
        notes=["Base supposée : celle que supposent le nombre et le pourcentage imprimés."],
    )


def _cells(site: "Site", row: Row) -> list[Cell]:
    value, percentage = checks_of(site, row)
    return [
        figure_of(row, "value", unit=row["unit"], check=value),
        _percent(row, "published_pct", percentage) if row["published_pct"] is not None else "",
        _percent(row, "computed_pct") if row["computed_pct"] is not None else "",
        figure_of(row, "denominator") if row["denominator"] is not None else "",
        figure_of(row, "implied_denominator") if row["implied_denominator"] is not None else "",
    ]


def _percent(row: Row, column: str, check: Check = UNCHECKED) -> Figure:
    return figure_of(row, column, unit="percent", check=check)
