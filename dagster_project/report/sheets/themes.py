"""The sheets of figures: one a theme, with its charts, and the one that sets the territory among its peers."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dagster_project.report import french, territories
from dagster_project.report.calpae import THEMES as CALPAE_THEMES
from dagster_project.report.calpae import calpae_rows, checks_of
from dagster_project.report.checks import UNCHECKED, Check
from dagster_project.report.figures import Figure, figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.references import reference_of
from dagster_project.report.sheets import drawings, told
from dagster_project.report.sheets.book import Book, Cell, Column, Sheet
from dagster_project.report.sheets.drawings import Placed
from dagster_project.report.sheets.lines import REMARK, TRUST, WHAT, line, trust, what
from dagster_project.report.sheets.told import Told

COMPARISON = "Comparaison"
_FIGURES = (*WHAT, *TRUST, REMARK)
_PEERS = (
    *WHAT,
    Column("Rang", 8, number=True),
    Column("Région", 13, number=True),
    Column("France", 13, number=True),
    *TRUST,
)
_CALPAE = (
    *WHAT,
    Column("Pourcentage imprimé", 14, number=True),
    Column("Pourcentage calculé", 14, number=True),
    Column("Base imprimée", 12, number=True),
    Column("Base supposée", 12, number=True),
    *TRUST,
)
# The indicators that matter most, in the order they are told.
MATTER = (
    "poverty_rate_60_filosofi2", "poverty_rate_60", "median_living_standard_filosofi2", "median_living_standard",
    "unemployment_rate", "population", "rsa_recipients", "prime_activite_recipients", "aides_logement_recipients",
    "aah_recipients", "ass_recipients", "garantie_jeunes_recipients", "cej_recipients", "contracted_amount",
    "local_actions",
)  # fmt: skip
_BENEFITS = "['rsa', 'prime_activite', 'aides_logement', 'aah', 'ass', 'garantie_jeunes', 'cej']"


@dataclass(frozen=True)
class Theme:
    """A subject with a mart of its own; a rate is set beside the region's and the country's, a count is not."""

    sheet: str
    mart: str
    tell: Callable[[Known, Row], Iterator[Told]]
    order: str
    is_rate: bool


THEMES = (
    Theme(
        "Pauvreté et niveau de vie",
        "poverty_rate",
        told.poverty,
        "population_group <> 'all', population_group, threshold_pct desc, generation, year",
        is_rate=True,
    ),
    Theme("Chômage", "unemployment_rate", told.unemployment, "quarter_start", is_rate=True),
    Theme(
        "Prestations", "beneficiaries", told.recipients, f"list_position({_BENEFITS}, benefit), month", is_rate=False
    ),
    Theme("Population", "population", told.population, "population_kind, reference_date", is_rate=False),
)
BUDGET, CREDITS, CALPAE, OTHERS, PRINTED = (
    "Budget reçu", "Crédits de la stratégie", "Conventions CALPAE", "Autres indicateurs", "Chiffres du rapport",
)  # fmt: skip


@dataclass
class Peers:
    """The sheet of comparison, and where the lines of each indicator stand on it."""

    sheet: Sheet
    placed: dict[str, list[Placed]]

    def chart(self, place: Row, code: str) -> tuple[Any, str]:
        """The territory among its peers, for one indicator."""
        title, words = _situated(self.placed[code], place["territory_name"])
        return drawings.bars(self.sheet, self.placed[code], title, words, own=place["territory_name"])

    def charts(self, known: Known, place: Row, mart: str) -> Iterator[tuple[Any, str]]:
        """The same for each indicator of a mart."""
        for code in self.placed:
            if known.indicators[code]["mart"] == mart:
                yield self.chart(place, code)


def comparison(known: Known, place: Row, book: Book) -> Peers | None:
    """The territories of the same level in the region, the largest value first; None when there are too few."""
    level = "epci" if place["territory_level"] == "epci" else "departement"
    shown = {theme.mart for theme in THEMES} | {"contracted_amount", "calpae_indicator", "local_action"}
    compared = [
        rows
        for rows in known.comparisons.within(place["region_code"], level)
        if (named := known.indicators.get(rows[0]["indicator_code"])) and named["mart"] in shown
    ]
    if not compared:
        return None
    region = known.territories["region", place["region_code"]]["territory_name"]
    among = {"departement": "Les départements", "epci": "Les intercommunalités"}[level]
    sheet = book.sheet(COMPARISON, f"{among} de la région {region}", _PEERS)
    placed: dict[str, list[Placed]] = {}
    for rows in sorted(compared, key=lambda rows: _importance(rows[0]["indicator_code"])):
        for row in sorted(rows, key=lambda row: (-row["value"], row["territory_code"])):
            one = profile_line(known, row)
            cells = [
                *what(one),
                *(beside(row, column) for column in ("rank_in_region", "region_value", "country_value")),
                *trust(known, book, one),
            ]
            own = row["territory_code"] == place["territory_code"]
            placed.setdefault(one.code, []).append(Placed(one, sheet.line(cells, strong=own)))
    sheet.finish(filtered_to=sheet.row - 1)
    return Peers(sheet, placed)


def profile_line(known: Known, row: Row) -> Told:
    """The newest value of an indicator."""
    check = known.checks.of(known.references.measured(row, row["indicator_code"], row["period_code"]))
    code, label = row["indicator_code"], row["indicator_label_fr"]
    return next(told.tell(label, row, "value", row["unit"], code=code, check=check))


def beside(row: Row, column: str) -> Cell:
    """A number set beside that of the territory, when there is one."""
    if row[column] is None:
        return None
    return figure_of(row, column, at_least=1 if row["unit"] == "percent" and column.endswith("_value") else 0)


def lines_of(known: Known, place: Row, theme: Theme) -> list[Told]:
    """The figures of a theme: an indicator after the other, and in each the territory, its region, the country."""
    around = [(place["territory_level"], place["territory_code"])]
    if theme.is_rate:
        around += [("region", place["region_code"]), ("country", "FR"), ("country", "FR-METRO")]
    found: dict[str, list[Told]] = {}
    for level, code in dict.fromkeys(around):
        for row in known.marts.of(theme.mart, level, code, order=theme.order):
            for one in theme.tell(known, row):
                found.setdefault(one.label, []).append(one)
    return [one for lines in found.values() for one in lines]


def is_own(place: Row, one: Told) -> bool:
    """Whether a figure is the territory's own."""
    return (one.row["territory_level"], one.row["territory_code"]) == (
        place["territory_level"],
        place["territory_code"],
    )


def theme_sheet(known: Known, place: Row, book: Book, theme: Theme, peers: Peers | None) -> bool:
    """Write a theme; False when nothing of the territory is known of it."""
    lines = lines_of(known, place, theme)
    if not any(is_own(place, one) for one in lines):
        return False
    sheet = book.sheet(theme.sheet, f"{theme.sheet} : {place['territory_name']}", _FIGURES)
    placed = _written(known, book, sheet, lines)
    charts = []
    for label in dict.fromkeys(one.told.label for one in placed):
        group = [one for one in placed if one.told.label == label]
        chart = drawings.lines_over_time(sheet, group, known.breaks.get(group[0].told.code, []))
        charts += [chart] if chart else []
    charts += peers.charts(known, place, theme.mart) if peers else []
    _draw(sheet, charts)
    return True


def budget_sheet(known: Known, place: Row, book: Book, peers: Peers | None) -> bool:
    """What the State grants by convention."""
    rows = sorted(
        territories.contracts(known, place), key=lambda row: (-row["year"], row["is_total"], row["line_order"])
    )
    if not rows:
        return False
    sheet = book.sheet(BUDGET, f"Montants contractualisés avec l'État : {place['territory_name']}", _FIGURES)
    for row in rows:
        for one in told.contract(known, row):
            sheet.line(line(known, book, one), strong=row["is_total"])
    _draw(sheet, list(peers.charts(known, place, "contracted_amount")) if peers else [])
    return True


def credits_sheet(known: Known, place: Row, book: Book) -> bool:
    """The credits of a region, as printed: the totals first, then each line with those it holds."""
    rows = known.marts.table(
        "budget_line", "region_code = ?", place["territory_code"], order="stage, not is_total, year, line_order"
    )
    if place["territory_level"] != "region" or not rows:
        return False
    sheet = book.sheet(CREDITS, f"Crédits de la stratégie : {place['territory_name']}", _FIGURES)
    totals = []
    for row in rows:
        for one in told.credit(known, row):
            indent = max(0, row["level"] - 1)
            placed = Placed(one, sheet.line(line(known, book, one), strong=row["is_total"], indent=indent))
            totals += [placed] if row["is_total"] and placed.drawn else []
    if len(totals) > 1:
        title = "Crédits de la stratégie, total imprimé de chaque année (€)"
        _draw(sheet, [drawings.bars(sheet, totals, title, title, named_by=drawings.PERIOD)])
    else:
        _draw(sheet, [])
    return True


def calpae_sheet(known: Known, place: Row, book: Book, peers: Peers | None) -> bool:
    """The indicators of the conventions, with their percentages and the bases these suppose."""
    rows = calpae_rows(known, place["territory_level"], place["territory_code"])
    if not rows:
        return False
    sheet = book.sheet(CALPAE, f"Indicateurs des conventions (CALPAE) : {place['territory_name']}", _CALPAE)
    for theme in dict.fromkeys(row["theme"] for row in rows):
        sheet.heading(CALPAE_THEMES.get(theme, theme))
        for row in (row for row in rows if row["theme"] == theme):
            value, percentage = checks_of(known, row)
            one = next(
                told.tell(row["indicator_label_fr"], row, "value", row["unit"], code=row["indicator_code"], check=value)
            )
            shares = [_share(row, "published_pct", percentage), _share(row, "computed_pct")]
            bases = [beside(row, column) for column in ("denominator", "implied_denominator")]
            verdict = value if value.kind or not percentage.kind else percentage
            sheet.line([*what(one), *shares, *bases, *trust(known, book, one, verdict)])
    sheet.skip(1)
    sheet.paragraph("Base supposée : celle que supposent le nombre et le pourcentage imprimés.", muted=True)
    _draw(sheet, list(peers.charts(known, place, "calpae_indicator")) if peers else [], filtered=False)
    return True


def others_sheet(known: Known, place: Row, book: Book) -> bool:
    """Every indicator without a table of its own, at its newest period."""
    rows = known.marts.of(
        "observation",
        place["territory_level"],
        place["territory_code"],
        "qualify row_number() over (partition by dataset, indicator_code, population_group "
        "order by period_start desc nulls last, period_code desc) = 1",
        order="indicator_label_fr, dataset, population_group",
    )
    lines = [one for row in rows for one in told.observation(known, row)]
    return _plain(known, book, OTHERS, f"Autres indicateurs, dernière valeur connue : {place['territory_name']}", lines)


def printed_sheet(known: Known, place: Row, book: Book) -> bool:
    """What a report prints of the territory alone."""
    lines: list[Told] = []
    for row in sorted(territories.printed(known, place), key=lambda row: (row["report"], row["source_line"])):
        check = known.checks.of(reference_of(row))
        remark = f"ligne {row['source_line']} du rapport"
        lines += told.tell(row["indicator_label_fr"], row, "value", row["unit"], check=check, remark=remark)
    return _plain(known, book, PRINTED, f"Ce que le rapport imprime : {place['territory_name']}", lines)


def _plain(known: Known, book: Book, name: str, title: str, lines: Sequence[Told]) -> bool:
    if not lines:
        return False
    sheet = book.sheet(name, title, _FIGURES)
    _written(known, book, sheet, lines)
    sheet.finish(filtered_to=sheet.row - 1)
    return True


def _written(known: Known, book: Book, sheet: Sheet, lines: Sequence[Told]) -> list[Placed]:
    return [Placed(one, sheet.line(line(known, book, one))) for one in lines]


def _draw(sheet: Sheet, charts: Sequence[tuple[Any, str]], *, filtered: bool = True) -> None:
    """End a sheet with its charts, and with what they show in words."""
    last = sheet.row - 1
    if charts:
        sheet.keep_together(drawings.ROWS_A_CHART + 2)
        sheet.heading("Graphiques")
        drawings.draw(sheet, charts)
        sheet.heading("À lire avec les graphiques")
        for _, words in charts:
            sheet.paragraph(words)
    sheet.finish(filtered_to=last if filtered else None)


def _importance(code: str) -> int:
    return MATTER.index(code) if code in MATTER else len(MATTER)


def _situated(lines: Sequence[Placed], own: str) -> tuple[str, str]:
    """The title of a comparison, and its finding in words."""
    first, last = lines[0].told, lines[-1].told
    row = first.row
    title = f"{first.label}, {french.period(row['period_code'])} ({french.unit_of(first.unit)})"
    said = [f"de {first.figure.text} ({first.place}) à {last.figure.text} ({last.place})"]
    said += [f"{own} : {one.told.figure.text}" for one in lines if one.told.place == own]
    for column, name in (("region_value", "région"), ("country_value", "France")):
        if (value := beside(row, column)) and isinstance(value, Figure):
            said.append(f"{name} : {value.text}")
    return title, f"{title} : {' ; '.join(said)}."


def _share(row: Row, column: str, check: Check = UNCHECKED) -> Cell:
    return figure_of(row, column, unit="percent", check=check) if row[column] is not None else None
