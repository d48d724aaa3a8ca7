"""A row of `territory_profile` as figures: its value with the verdict on it, and what changed."""

from markupsafe import Markup

from dagster_project.report import french
from dagster_project.report.checks import UNCHECKED
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.tables import Cell


def decimals(unit: str) -> int:
    """How many decimals a value keeps at least: a rate of 20,0 % is not one of 20 %."""
    return 1 if unit == "percent" else 0


def value(known: Known, row: Row, column: str = "value", *, unit: bool = True) -> Figure:
    """A value of a profile; the verdict is on the territory's own, not on those set beside it."""
    own = known.references.measured(row, row["indicator_code"], row["period_code"])
    check = known.checks.of(own) if column == "value" else UNCHECKED
    return figure_of(row, column, unit=row["unit"] if unit else "", check=check, at_least=decimals(row["unit"]))


def change(row: Row) -> Cell:
    """The change since the previous period; none across a break."""
    if row["change"] is None:
        return "–"
    sign = "+" if row["change"] > 0 else ""
    figure = figure_of(row, "change", at_least=decimals(row["unit"]))
    return Markup("{}{} <small>depuis {}</small>").format(sign, figure, french.period(row["previous_period"]))
