"""A workbook being written: sheets of lines, real numbers and real dates, and where each of them comes from.

A text is always written as a text: nothing a file or a report says can become a formula, a link or a number.
"""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from dagster_project.report import french
from dagster_project.report.checks import Check
from dagster_project.report.figures import Figure
from dagster_project.report.sheets.told import When

ORIGIN = "Origine"
INK, MUTED, MAIN, PALE, RULE = "#1B2733", "#5A6572", "#1F5A7A", "#EAF1F5", "#D5DCE2"
HEADER_ROW = 3
NUMBER = "[$-40C]#,##0"
_ACCENT = "#B4531A"
_A4 = 9
_FRENCH = "[$-40C]"
_PIXELS_A_CHARACTER = 7
_LINE_POINTS = 15.0
# What an A4 page in landscape holds at full size, margins off: so wide, and so many lines.
_PAGE_PIXELS, _PAGE_LINES = 1045, 30
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_numbers": False, "strings_to_urls": False}
_MONTH, _DAY = "mmmm yyyy", "d mmmm yyyy"
_QUARTERS = {1: '"1er trimestre "yyyy', 4: '"2e trimestre "yyyy', 7: '"3e trimestre "yyyy', 10: '"4e trimestre "yyyy'}

Cell = str | Figure | When | None


@dataclass(frozen=True)
class Column:
    """The heading of a column, its width in characters, and whether it holds numbers."""

    heading: str
    width: float
    number: bool = False


@dataclass(frozen=True)
class Titles:
    """What a workbook says of itself, on every printed page and in its properties."""

    title: str
    subject: str
    territory: str
    release_id: str
    built_at: Any


class Book:
    """The file, its styles, and the cell of a mart behind every cell that shows one."""

    def __init__(self, path: Path, titles: Titles) -> None:
        self.titles = titles
        self.checks: list[Check] = []
        # Kept in the order met: what the sheet of sources must tell.
        self.editions: dict[str, None] = {}
        self.codes: dict[str, None] = {}
        self._workbook = xlsxwriter.Workbook(str(path), _OPTIONS)
        self._workbook.set_properties(
            {
                "title": titles.title,
                "subject": titles.subject,
                "author": "Bilan",
                "category": "Statistiques publiques",
                "keywords": f"pauvreté, {titles.territory}, version {titles.release_id}",
                "comments": "La feuille « Méthode et sources » dit comment lire les chiffres, et d'où ils viennent.",
                "created": titles.built_at,
            }
        )
        self._workbook.set_custom_property("Version publiée", titles.release_id)
        self._workbook.set_custom_property("Territoire", titles.territory)
        self._workbook.set_custom_property("Langue", "fr-FR")
        self._formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self._origins: list[tuple[str, str, str, str, str]] = []

    def __enter__(self) -> "Book":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._write_origins()
            self._workbook.close()

    def sheet(self, name: str, title: str, columns: Sequence[Column], *, colour: str = MAIN) -> "Sheet":
        """A new sheet, with its title and its frozen heading."""
        return Sheet(self, self._workbook.add_worksheet(name), title, columns, colour)

    def chart(self, options: dict[str, str]) -> Any:
        """A chart of Excel's own, to be placed on a sheet."""
        return self._workbook.add_chart(options)

    def style(self, **properties: Any) -> Format:
        """A style, made once. Every text is marked as one, so that editing its cell does not run it."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            common = {"font_name": "Calibri", "font_size": 11, "font_color": INK, "valign": "top", "quote_prefix": True}
            self._formats[key] = self._workbook.add_format(common | properties)
        return self._formats[key]

    def note_origin(self, sheet: str, row: int, column: int, source: Figure | When) -> None:
        """Remember the cell of a mart that a cell shows."""
        mart, key = (source.mart, source.key) if isinstance(source, Figure) else (source.row.mart, source.row.key)
        self._origins.append((sheet, xl_rowcol_to_cell(row, column), mart, key, source.column))

    def _write_origins(self) -> None:
        sheet = self._workbook.add_worksheet(ORIGIN)
        sheet.hide()
        plain, bold = self.style(), self.style(bold=True)
        for column, (heading, width) in enumerate(
            (("Feuille", 26), ("Cellule", 9), ("Table", 22), ("Clé de la ligne", 70), ("Colonne", 36))
        ):
            sheet.set_column(column, column, width)
            sheet.write_string(0, column, heading, bold)
        for row, origin in enumerate(self._origins, start=1):
            for column, text in enumerate(origin):
                sheet.write_string(row, column, text, plain)
        sheet.freeze_panes(1, 0)


@dataclass
class Sheet:
    """One sheet: title, heading, then lines one under the other."""

    book: Book
    worksheet: Worksheet
    title: str
    columns: Sequence[Column]
    colour: str
    row: int = field(default=HEADER_ROW, init=False)
    _page: float = field(default=0, init=False)
    _breaks: list[int] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        sheet, titles = self.worksheet, self.book.titles
        for index, column in enumerate(self.columns):
            sheet.set_column(index, index, column.width)
        sheet.set_tab_color(self.colour)
        sheet.hide_gridlines(2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.7)
        sheet.set_header(f"&L&9{_printed(titles.title)}&R&9Version {titles.release_id}")
        sheet.set_footer("&L&9&A&C&9Bilan&R&9Page &P / &N")
        sheet.freeze_panes(HEADER_ROW + 1, 1)
        sheet.set_row(0, 24)
        sheet.write_string(0, 0, self.title, self.book.style(bold=True, font_size=16, font_color=MAIN))
        sheet.write_string(1, 0, titles.subject, self.book.style(font_color=MUTED))
        self.headings([column.heading for column in self.columns])

    @property
    def name(self) -> str:
        return str(self.worksheet.get_name())

    @property
    def width(self) -> int:
        """The pixels across its columns."""
        return round(sum(column.width * _PIXELS_A_CHARACTER + 5 for column in self.columns))

    def headings(self, texts: Sequence[str]) -> None:
        """A line of headings."""
        look = {"bold": True, "font_color": "#FFFFFF", "bg_color": MAIN, "text_wrap": True, "valign": "vcenter"}
        for index, text in enumerate(texts):
            side = {"align": "right", "indent": 1} if self.columns[index].number else {}
            self.worksheet.write_string(self.row, index, text, self.book.style(**look, **side))
        self._next(max(1.2, *(self._lines_of(text, index) for index, text in enumerate(texts))))

    def line(self, cells: Sequence[Cell], *, strong: bool = False, indent: int = 0) -> int:
        """A line of cells; says which row it is on."""
        for column, cell in enumerate(cells):
            self._cell(column, cell, {"bold": True} if strong else {}, indent if column == 0 else 0)
        texts = [(index, cell) for index, cell in enumerate(cells) if isinstance(cell, str)]
        self._next(max([1.0, *(self._lines_of(text, index, strong=strong) for index, text in texts)]))
        return self.row - 1

    def heading(self, text: str) -> None:
        """A heading between two groups of lines."""
        self._next()
        self.worksheet.write_string(self.row, 0, text, self.book.style(bold=True, font_size=13, font_color=MAIN))
        self._next(1.25)

    def paragraph(self, text: str, *, muted: bool = False) -> None:
        """A text across the sheet, as high as it needs to be."""
        style = self.book.style(text_wrap=True, **({"font_color": MUTED, "italic": True} if muted else {}))
        across = max(1, len(self.columns) - 1)
        if len(self.columns) > 1:
            self.worksheet.merge_range(self.row, 0, self.row, across, "", style)
        self.worksheet.write_string(self.row, 0, text, style)
        self._next(_lines(text, sum(column.width for column in self.columns)))

    def link(self, text: str, sheet: str, words: str) -> None:
        """A line that leads to another sheet of the workbook."""
        style = self.book.style(font_color=MAIN, underline=1)
        self.worksheet.write_url(self.row, 0, f"internal:'{sheet}'!A1", style, text)
        self.worksheet.write_string(self.row, 1, words, self.book.style(font_color=MUTED))
        self._next()

    def keep_together(self, lines: int) -> None:
        """Start a new page unless so many lines surely fit: where a long table ends on its page, nobody knows."""
        page = _PAGE_LINES * max(1.0, self.width / _PAGE_PIXELS)
        if self._page + lines > page and self._page > HEADER_ROW + 1:
            self._breaks.append(self.row)
            self._page = 1.5

    def skip(self, lines: int) -> None:
        """Leave room for something that lies over the cells."""
        for _ in range(lines):
            self._next()

    def finish(self, *, filtered_to: int | None = None, repeated: bool = True) -> None:
        """Say what is printed, let the lines down to a row be filtered, and repeat the heading on every page."""
        if repeated:
            self.worksheet.repeat_rows(HEADER_ROW)
        self.worksheet.print_area(0, 0, self.row, len(self.columns) - 1)
        self.worksheet.set_h_pagebreaks(self._breaks)
        if filtered_to is not None:
            self.worksheet.autofilter(HEADER_ROW, 0, filtered_to, len(self.columns) - 1)

    def _next(self, lines: float = 1.0) -> None:
        """Go to the next row; one of several lines of text is made as high as they are."""
        if lines != 1:
            self.worksheet.set_row(self.row, _LINE_POINTS * lines)
        self._page += lines
        self.row += 1

    def _lines_of(self, text: str, column: int, *, strong: bool = False) -> int:
        return _lines(text, self.columns[column].width * (0.95 if strong else 1))

    def _cell(self, column: int, cell: Cell, emphasis: Mapping[str, Any], indent: int) -> None:
        base = {"bottom": 1, "bottom_color": RULE, **emphasis}
        if isinstance(cell, Figure):
            self._figure(column, cell, base)
        elif isinstance(cell, When):
            self._when(column, cell, base)
        elif cell:
            self.worksheet.write_string(self.row, column, cell, self.book.style(text_wrap=True, indent=indent, **base))
        else:
            self.worksheet.write_blank(self.row, column, None, self.book.style(**base))

    def _figure(self, column: int, figure: Figure, base: Mapping[str, Any]) -> None:
        self.book.note_origin(self.name, self.row, column, figure)
        self.book.checks.append(figure.check)
        if figure.missing:
            style = self.book.style(align="right", indent=1, italic=True, **{**base, "font_color": MUTED})
            self.worksheet.write_string(self.row, column, figure.text, style)
            self.worksheet.write_comment(
                self.row,
                column,
                french.capital(figure.missing) + ".",
                {"author": "Bilan", "x_scale": 1.2, "y_scale": 0.5},
            )
            return
        decimals = len(figure.text.partition(",")[2])
        number = NUMBER + ("." + "0" * decimals if decimals else "")
        warned = {"font_color": _ACCENT} if figure.check.kind == "gap" else {}
        style = self.book.style(num_format=number, align="right", indent=1, **base, **warned)
        self.worksheet.write_number(self.row, column, _exact(Decimal(figure.raw)), style)

    def _when(self, column: int, when: When, base: Mapping[str, Any]) -> None:
        self.book.note_origin(self.name, self.row, column, when)
        value, pattern = dated(when)
        if isinstance(value, date):
            style = self.book.style(num_format=_FRENCH + pattern, align="left", **base)
            self.worksheet.write_datetime(self.row, column, value, style)
        elif isinstance(value, int):
            self.worksheet.write_number(self.row, column, value, self.book.style(num_format="0", align="left", **base))
        else:
            self.worksheet.write_string(self.row, column, value, self.book.style(text_wrap=True, **base))


def dated(when: When) -> tuple[date | int | str, str]:
    """A period as a year, or as its first day with the format that shows it; in words when it is neither."""
    value = when.value
    if isinstance(value, int):
        return value, ""
    if isinstance(value, date):
        return value, {"month": _MONTH, "quarter_start": _QUARTERS.get(value.month, _DAY)}.get(when.column, _DAY)
    text = str(value or "")
    if re.fullmatch(r"\d{4}", text):
        return int(text), ""
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
        first = date(int(match[1]), 3 * int(match[2]) - 2, 1)
        return first, _QUARTERS[first.month]
    if re.fullmatch(r"\d{4}-\d{2}", text):
        return date.fromisoformat(f"{text}-01"), _MONTH
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text), _DAY
    return (french.period(text) if when.column == "period_code" else text or french.period(None)), ""


def _lines(text: str, width: float) -> int:
    """How many lines a text takes in so many characters; words do not fill a line to its end."""
    return 1 if len(text) <= width else math.ceil(len(text) * 1.08 / width)


def _exact(value: Decimal) -> float:
    """The number a spreadsheet holds, when it holds it exactly: fifteen digits."""
    number = float(value)
    assert Decimal(repr(number)) == value, f"{value} n'a pas d'écriture exacte dans un classeur"
    return number


def _printed(text: str) -> str:
    """A text in a header or a footer, where `&` is a command."""
    return text.replace("&", "&&")
