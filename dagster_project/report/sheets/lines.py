"""What a line says beside its figure: status, verdict, producer and edition; and the columns that hold it all."""

from dagster_project.report import french
from dagster_project.report.checks import Check
from dagster_project.report.figures import MASKED, Figure
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.sheets.book import Book, Cell, Column
from dagster_project.report.sheets.told import Told

WHAT = (
    Column("Indicateur", 46),
    Column("Territoire", 20),
    Column("Période", 18),
    Column("Valeur", 13, number=True),
    Column("Unité", 13),
)
TRUST = (Column("Statut", 13), Column("Recoupement", 14), Column("Producteur", 18), Column("Édition", 26))
REMARK = Column("Remarque", 30)


def line(known: Known, book: Book, told: Told) -> list[Cell]:
    """The cells of a figure's line."""
    return [*what(told), *trust(known, book, told), told.remarks]


def what(told: Told) -> list[Cell]:
    """What a figure counts, where, when, and how much."""
    return [told.label, told.place, told.when, told.figure, french.unit_of(told.unit)]


def trust(known: Known, book: Book, told: Told, check: Check | None = None) -> list[Cell]:
    """How far a figure can be trusted, and who says it; the workbook will tell of its edition and its indicator."""
    edition = told.row["edition"]
    book.editions[edition] = None
    book.codes[told.code] = None
    publisher = french.publisher(known.editions[edition]["publisher"])
    return [_status(known, told.row, told.figure), (check or told.figure.check).words, publisher, short(edition)]


def short(edition: str) -> str:
    """An edition beside its producer: `monthly_benefits/2020-12`."""
    return edition.partition("/")[2]


def _status(known: Known, row: Row, figure: Figure) -> str:
    """The status of a figure; where a table has none, that of its edition."""
    if row.get("conf_status") in MASKED and figure.missing:
        return "masqué"
    if row.get("statement") == "target":
        return "objectif"
    if own := row.get("obs_status"):
        return french.STATUSES[own]
    maturity = known.editions[row["edition"]]["maturity"]
    return french.MATURITIES_OF_A_FIGURE[str(maturity)]
