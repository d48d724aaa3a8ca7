"""A table as a page and a spreadsheet show it: the same cells, written once."""

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from markupsafe import Markup

from dagster_project.report.checks import Check
from dagster_project.report.figures import Figure

Cell = str | Figure | Markup


@dataclass(frozen=True)
class Line:
    """A row: what it is about, then its cells; a share, in percent of the largest, is drawn as a bar under its name."""

    head: Cell
    cells: Sequence[Cell]
    strong: bool = False
    indent: bool = False
    share: Decimal | None = None


@dataclass(frozen=True)
class Table:
    """A captioned table, with what a reader must know under it."""

    caption: str
    columns: Sequence[str]
    lines: Sequence[Line]
    sources: Sequence[str | Markup] = ()
    notes: Sequence[str] = ()
    file: str = ""
    text_columns: frozenset[int] = field(default_factory=frozenset)

    @property
    def checks(self) -> Iterator[Check]:
        for line in self.lines:
            for cell in (line.head, *line.cells):
                if isinstance(cell, Figure):
                    yield cell.check

    @property
    def style(self) -> str:
        """How much room the marks beside its figures need, so that digits stay under digits."""
        kinds = {check.kind for check in self.checks}
        return "marked" if kinds & {"gap", "not_computable"} else "ticked" if "proved" in kinds else ""

    @property
    def legend(self) -> str:
        """The status of the figures, and the signs beside them."""
        cells = [cell for line in self.lines for cell in line.cells if isinstance(cell, Figure)]
        marks = {cell.check.kind for cell in cells} | {cell.status for cell in cells}
        status = "Statut : définitif, sauf mention." if marks & set(STATUS_WORDS) else "Statut : définitif."
        words = [text for mark, text in {**CHECK_WORDS, **STATUS_WORDS}.items() if mark in marks and text]
        return f"{status} {' ; '.join(words)}." if words else status


CHECK_WORDS = {
    "proved": "✓ : vérifié par recoupement",
    "gap": "écart : ne s'accorde pas avec d'autres chiffres, voir ci-dessous",
    "not_computable": "sans base : la base du pourcentage n'est pas imprimée",
}
STATUS_WORDS = {
    "P": "p : provisoire",
    "E": "e : estimé",
    "F": "o : objectif ou prévision",
    "B": "r : rupture de série",
    "M": "",
}


def as_csv(table: Table) -> str:
    """The table for a spreadsheet set to French: semicolons, decimal commas, and a mark that says UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, delimiter=";", lineterminator="\r\n")
    writer.writerow(table.columns)
    writer.writerows([_plain(cell) for cell in (line.head, *line.cells)] for line in table.lines)
    return "\ufeff" + out.getvalue()


def _plain(cell: Cell) -> str:
    if isinstance(cell, Figure):
        lower = cell.text if cell.missing else cell.raw.replace(".", ",")
        return f"{lower} à {_plain(cell.up_to)}" if cell.up_to else lower
    return cell.striptags() if isinstance(cell, Markup) else cell
