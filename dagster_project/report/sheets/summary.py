"""The first sheet: the few figures that matter, beside region and country, and what the other sheets hold."""

from collections.abc import Iterable, Iterator, Sequence

from dagster_project.report import french, territories
from dagster_project.report.figures import Figure
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.sheets import told
from dagster_project.report.sheets.book import Book, Cell, Column, Sheet, dated
from dagster_project.report.sheets.drawings import ROWS_A_CHART, draw
from dagster_project.report.sheets.lines import TRUST, trust
from dagster_project.report.sheets.themes import MATTER, THEMES, Peers, beside, is_own, lines_of, profile_line
from dagster_project.report.sheets.told import Told

SUMMARY = "Synthèse"
_FIGURE = (
    Column("Indicateur", 46),
    Column("Valeur", 14, number=True),
    Column("Unité", 14),
    Column("Période", 19),
)
_RANKED = (Column("Rang", 8, number=True), Column("Sur", 7, number=True), Column("Région", 14, number=True))
_COUNTRY = Column("France", 14, number=True)
# What a reader looks for first.
_DRAWN = ("poverty_rate_60_filosofi2", "poverty_rate_60", "unemployment_rate", "rsa_recipients", "contracted_amount")


def start(place: Row, book: Book) -> Sheet:
    """The first sheet, with its title; it is filled once the others are written."""
    ranked = () if place["territory_level"] == "region" else _RANKED
    sheet = book.sheet(SUMMARY, place["territory_name"], (*_FIGURE, *ranked, _COUNTRY, *TRUST))
    sheet.worksheet.activate()
    return sheet


def figures(known: Known, place: Row, book: Book, sheet: Sheet) -> None:
    """The figures that matter; for a métropole, those of its département too."""
    if place["territory_level"] == "region":
        _of_region(known, place, book, sheet)
    else:
        _of_profile(known, place, book, sheet)
    if place["territory_level"] == "epci" and place["departement_code"]:
        around = known.territories["departement", place["departement_code"]]
        sheet.heading(f"Son département : {around['territory_name']}")
        _of_profile(known, around, book, sheet)
    sheet.skip(1)
    sheet.paragraph(
        "Chaque ligne porte sa période, son statut et son édition. « secret » : masqué par le secret statistique, "
        "jamais zéro. « écart » : le chiffre ne s'accorde pas avec d'autres, la feuille « Écarts » dit pourquoi.",
        muted=True,
    )


def contents(place: Row, sheet: Sheet, made: Sequence[tuple[str, str]], absent: Sequence[str]) -> None:
    """What the other sheets hold, and what nothing is known of."""
    sheet.heading("Dans ce classeur")
    for name, words in made:
        sheet.link(name, name, words)
    if absent:
        there = french.joined([f"« {name} »" for name in absent])
        sheet.paragraph(f"Sans feuille, faute de valeur publiée pour {place['territory_name']} : {there}.", muted=True)


def charts(place: Row, sheet: Sheet, peers: Peers | None) -> None:
    """The territory among its peers, for what a reader looks for first."""
    if peers and (drawn := [peers.chart(place, code) for code in _DRAWN if code in peers.placed]):
        sheet.keep_together(ROWS_A_CHART + 2)
        sheet.heading("Parmi les territoires de la région")
        draw(sheet, drawn)


def _of_profile(known: Known, place: Row, book: Book, sheet: Sheet) -> None:
    rows = {row["indicator_code"]: row for row in territories.profile(known, place)}
    for row in (rows[code] for code in MATTER if code in rows):
        ranks = [beside(row, column) for column in ("rank_in_region", "ranked_territories")]
        if row["ranked_territories"] == 1:
            ranks = [None, None]
        values = [beside(row, column) for column in ("region_value", "country_value")]
        _line(known, book, sheet, profile_line(known, row), [*ranks, *values])


def _of_region(known: Known, place: Row, book: Book, sheet: Sheet) -> None:
    """The newest value of each indicator; a region is beside the country only."""
    lines = [one for theme in THEMES for one in lines_of(known, place, theme)]
    lines += list(_total(known, place))
    country = {(one.code, dated(one.when)[0]): one.figure for one in reversed(lines) if _is_country(one)}
    newest: dict[str, Told] = {}
    for one in lines:
        if is_own(place, one) and (one.row.get("population_group") or "all") == "all":
            newest[one.code] = one
    for one in (newest[code] for code in MATTER if code in newest):
        beside_it: Figure | None = country.get((one.code, dated(one.when)[0]))
        _line(known, book, sheet, one, [beside_it])


def _total(known: Known, place: Row) -> Iterator[Told]:
    for row in reversed(territories.contracts(known, place)):
        if row["is_total"] and row["territory_level"] == "region":
            for one in told.contract(known, row):
                yield Told(
                    f"Montants contractualisés avec l'État, {one.label.lower()}", row, one.figure, one.unit, one.code
                )


def _is_country(one: Told) -> bool:
    return bool(one.row["territory_level"] == "country")


def _line(known: Known, book: Book, sheet: Sheet, one: Told, beside_it: Iterable[Cell]) -> None:
    cells = [one.label, one.figure, french.unit_of(one.unit), one.when, *beside_it]
    sheet.line([*cells, *trust(known, book, one)])
