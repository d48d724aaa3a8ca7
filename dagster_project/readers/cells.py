"""What a reader takes out of a producer's own file: cells kept, set aside, refused, and flagged.

One `Reading` a file. Small files hand over `Cell`s; what is long (a CSV of communes) is cast and unpivoted in SQL, on
the connection the reading holds, straight into its table.
"""

from collections import Counter
from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple, Required, TypedDict, Unpack

from dagster_project.readers.periods import period_code
from dagster_project.readers.table import Column, Reject, decimal, integer, iso_date, text
from dagster_project.sql import decimal_of

if TYPE_CHECKING:
    import duckdb

VALUE = "decimal(24, 6)"
CELL_COLUMNS = (
    Column("indicator_code", "varchar", text, required=True),
    Column("territory_level", "varchar", text, required=True),
    Column("territory_code", "varchar", text, required=True),
    Column("territory_label", "varchar", text),
    Column("population_group", "varchar", text, required=True),
    Column("period_label", "varchar", text),
    Column("period_code", "varchar", text, required=True),
    Column("period_start", "date", iso_date, required=True),
    Column("period_end", "date", iso_date, required=True),
    Column("value", VALUE, decimal),
    Column("unit", "varchar", text, required=True),
    Column("marker", "varchar", text),
    Column("obs_status", "varchar", text, required=True),
    Column("printed_text", "varchar", text),
    Column("printed_step", VALUE, decimal),
    Column("source_sheet", "varchar", text),
    Column("source_row", "integer", integer, required=True),
    Column("source_column", "varchar", text, required=True),
)
_BATCH = 50_000


def number_of(text: str, cast: str = "cast") -> str:
    """What reads a text as a value, in SQL."""
    return decimal_of(text, VALUE, cast)


class Cell(NamedTuple):
    """One value of one indicator, for one territory and one period, and the cell it was read from.

    A cell without a number has no value, its text in `marker`, and status M. `printed_step` is the producer's
    rounding, where it states one.
    """

    indicator_code: str
    territory_level: str
    territory_code: str
    territory_label: str
    period_start: date
    period_end: date
    value: Decimal | int | None
    unit: str
    printed_text: str
    source_row: int
    source_column: str
    source_sheet: str | None = None
    obs_status: str = "A"
    marker: str | None = None
    printed_step: Decimal | int | None = None
    population_group: str = "all"
    period_label: str = ""


class Defect(TypedDict, total=False):
    """What is wrong with a cell: `column` is its letter, `name` what its header says."""

    found: Required[object]
    expected: Required[str]
    rule: Required[str]
    advice: Required[str]
    row: int | None
    column: str | None
    name: str | None
    sheet: str | None


class Reading:
    """The outcome of reading one file. `cells_read` is counted by the reader, apart from what becomes of each cell."""

    def __init__(self, connection: "duckdb.DuckDBPyConnection", file: str, table: str = "reading") -> None:
        self.connection = connection
        self.file = file
        self.table = table
        self.cells_read = 0
        self.set_aside: Counter[str] = Counter()
        self.rejects: list[Reject] = []
        self.flags: list[Reject] = []
        # Tables of a geographic code that the reader made beside, for there are no cells in one.
        self.nomenclature: tuple[str, ...] = ()
        self._waiting: list[Cell] = []
        declared = ", ".join(f"{column.name} {column.sql_type}" for column in CELL_COLUMNS)
        connection.execute(f"create or replace temp table {table} ({declared})")

    @property
    def cells_kept(self) -> int:
        """How many cells stand in the table."""
        self.flush()
        row = self.connection.execute(f"select count(*) from {self.table}").fetchone()
        assert row is not None
        return int(row[0])

    @property
    def cells_set_aside(self) -> int:
        return self.set_aside.total()

    def keep(self, cells: Iterable[Cell]) -> None:
        """Keep these cells."""
        for cell in cells:
            self._waiting.append(cell)
            if len(self._waiting) >= _BATCH:
                self.flush()

    def leave(self, reason: str, cells: int = 1) -> None:
        """Set cells aside, for a reason people read: a column that is worked out again, a subtotal, a note. French."""
        if cells:
            self.set_aside[reason] += cells

    def reject(self, **defect: Unpack[Defect]) -> None:
        """Refuse a cell. The texts are French."""
        self.rejects.append(self._defect(defect))

    def flag(self, **defect: Unpack[Defect]) -> None:
        """Point at a cell that is kept but hardly believable; a person should look. The texts are French."""
        self.flags.append(self._defect(defect))

    def _defect(self, defect: Defect) -> Reject:
        return Reject(
            self.file, defect.get("row"), defect.get("column"), defect.get("name"), str(defect["found"]),
            defect["expected"], defect["rule"], defect["advice"], defect.get("sheet"),
        )  # fmt: skip

    def flush(self) -> None:
        """Write the waiting cells into the table."""
        if not self._waiting:
            return
        import pandas

        names = [column.name for column in CELL_COLUMNS]
        # Numbers go as text: DuckDB would guess a precision for decimals from the first of them.
        incoming = pandas.DataFrame([_as_text(cell) for cell in self._waiting], columns=names, dtype="object")
        self.connection.register("incoming_cells", incoming)
        columns = [number_of(column.name) if column.sql_type == VALUE else column.name for column in CELL_COLUMNS]
        self.connection.execute(f"insert into {self.table} select {', '.join(columns)} from incoming_cells")
        self.connection.unregister("incoming_cells")
        self._waiting.clear()


def _as_text(cell: Cell) -> dict[str, object]:
    return cell._asdict() | {
        "period_code": period_code(cell.period_start, cell.period_end),
        "value": None if cell.value is None else str(cell.value),
        "printed_step": None if cell.printed_step is None else str(cell.printed_step),
    }
