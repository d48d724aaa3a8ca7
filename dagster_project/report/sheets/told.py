"""One line of a sheet: a figure of a mart, what it counts, where, when, and how far it can be trusted."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from dagster_project.report import benefits, french
from dagster_project.report.checks import UNCHECKED, Check
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row

# Where a mart says when: a column that is a date, a year, or the code of a period.
_WHEN = {
    "poverty_rate": "year",
    "unemployment_rate": "quarter_start",
    "beneficiaries": "month",
    "population": "reference_date",
    "calpae_indicator": "year",
    "contracted_amount": "year",
    "budget_line": "year",
    "observation": "period_code",
    "territory_profile": "period_code",
    "key_figure": "period_label",
}
_CENSORED = "valeur plancher : le taux vrai lui est inférieur ou égal"
_SEE_GAPS = "voir la feuille « Écarts »"


@dataclass(frozen=True)
class When:
    """The cell of a mart that says the period of a figure."""

    row: Row
    column: str

    @property
    def value(self) -> object:
        return self.row[self.column]

    @property
    def words(self) -> str:
        """The period as a sentence says it."""
        if self.column == "month":
            return french.month(self.row["month"])
        if self.column == "quarter_start":
            return french.period(self.row["quarter"])
        return french.period(str(self.value or ""))


@dataclass(frozen=True)
class Told:
    """A figure and the words of its line."""

    label: str
    row: Row
    figure: Figure
    unit: str
    code: str = ""
    remark: str = ""

    @property
    def when(self) -> When:
        return When(self.row, _WHEN[self.row.mart])

    @property
    def place(self) -> str:
        return str(self.row.get("territory_name") or self.row.get("territory_label") or "")

    @property
    def remarks(self) -> str:
        """What must be known of the number, in the order of its importance."""
        said = [
            self.figure.missing,
            self.figure.words_before.strip(),
            _CENSORED if self.row.get("censored") and self.figure.column == "poverty_rate_pct" else "",
            _SEE_GAPS if self.figure.check.kind == "gap" else "",
            self.remark,
        ]
        return " ; ".join(text for text in said if text)


def tell(
    label: str, row: Row, column: str, unit: str, *, code: str = "", check: Check = UNCHECKED, remark: str = ""
) -> Iterator[Told]:
    """The line of a figure; two for a printed range, one an end."""
    figure = figure_of(row, column, unit=unit, check=check, at_least=1 if unit == "percent" else 0)
    if figure.up_to is None:
        yield Told(label, row, figure, unit, code, remark)
        return
    for end, words in ((replace(figure, up_to=None), "bas"), (figure.up_to, "haut")):
        own = replace(end, status=figure.status, check=check)
        yield Told(f"{label} ({words} de la fourchette)", row, own, unit, "", remark)


def poverty(known: Known, row: Row) -> Iterator[Told]:
    """A poverty rate, and the median living standard when it is known."""
    suffix = "_filosofi2" if row["generation"] == 2 else ""
    code, year = f"poverty_rate_{row['threshold_pct']}{suffix}", str(row["year"])
    rate_told = row["poverty_rate_pct"] is not None or row["median_living_standard_eur_per_year"] is None
    if rate_told:
        check = known.checks.of(known.references.measured(row, code, year))
        yield from tell(_label(known, code, row), row, "poverty_rate_pct", "percent", code=code, check=check)
    if row["median_living_standard_eur_per_year"] is not None:
        code = f"median_living_standard{suffix}"
        source = {"dataset": row["median_dataset"], "edition": row["median_edition"]}
        own = Row(row.mart, known.marts.keys[row.mart], {**row, **source})
        check = known.checks.of(known.references.measured(own, code, year))
        column = "median_living_standard_eur_per_year"
        yield from tell(_label(known, code, own), own, column, "eur_per_year", code=code, check=check)


def unemployment(known: Known, row: Row) -> Iterator[Told]:
    """The unemployment rate of a quarter."""
    code = "unemployment_rate"
    check = known.checks.of(known.references.measured(row, code, row["quarter"]))
    yield from tell(_label(known, code, row), row, "unemployment_rate_pct", "percent", code=code, check=check)


def population(known: Known, row: Row) -> Iterator[Told]:
    """The inhabitants at a date."""
    kind = {"estimate": "estimation", "reference": "population de référence"}[row["population_kind"]]
    check = known.checks.of(known.references.measured(row, "population", str(row["reference_date"])))
    label = f"{_label(known, 'population', row)} ({kind})"
    yield from tell(label, row, "population", "person", code="population", check=check)


def recipients(known: Known, row: Row) -> Iterator[Told]:
    """The beneficiaries of a benefit in a month."""
    code = benefits.indicator_of(row["benefit"])
    figure = benefits.figure(known, row)
    remark = ""
    if row["marker"] and not figure.missing:
        remark = f"imprimé « {row['period_label']} » avec le signe « {row['marker']} », daté de sa note"
    yield from tell(
        _label(known, code, row), row, "beneficiaries", row["unit"], code=code, check=figure.check, remark=remark
    )


def observation(known: Known, row: Row) -> Iterator[Told]:
    """An indicator that has no table of its own."""
    code = row["indicator_code"]
    check = known.checks.of(known.references.measured(row, code, row["period_code"], row["period_label"]))
    yield from tell(_label(known, code, row), row, "value", row["unit"], code=code, check=check)


def contract(known: Known, row: Row) -> Iterator[Told]:
    """What a signatory is granted in a year."""
    check = known.checks.of(known.references.on_line(row))
    label = row["signatory_name"] or ("Total" if row["territory_level"] == "region" else row["territory_name"])
    remark = row["note"] or ""
    yield from tell(label, row, "amount_eur", "eur", code="contracted_amount", check=check, remark=remark)


def credit(known: Known, row: Row) -> Iterator[Told]:
    """A line of the credits of the strategy."""
    region = known.territories["region", row["region_code"]]["territory_name"]
    own = Row(row.mart, known.marts.keys[row.mart], {**row, "territory_name": region})
    check = known.checks.of(known.references.on_line(row))
    yield from tell(row["action"], own, "amount_eur", "eur", check=check)


def _label(known: Known, code: str, row: Row) -> str:
    named = known.indicators.get(code)
    label = named["label_fr"] if named else row.get("indicator_label_fr") or code
    group = row.get("population_group") or "all"
    return label if group == "all" else f"{label} ({french.POPULATION_GROUPS.get(group, group)})"
