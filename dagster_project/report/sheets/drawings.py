"""Excel's own charts: a territory in time, and a territory among its peers.

Points are placed by their date, so that months far apart stay apart. Nothing joins the two sides of a break, and a
masked cell, which a chart would draw as a zero, is left out of every range.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from dagster_project.report import french
from dagster_project.report.marts import Row
from dagster_project.report.sheets.book import INK, MAIN, NUMBER, RULE, Sheet, dated
from dagster_project.report.sheets.told import Told

PERIOD, VALUE = 2, 3
ROWS_A_CHART = 18
_HEIGHT = 345
_GAP = 12
_DRAWN_FROM = 3
_OTHERS = "#A9BCC8"
_LINES = (MAIN, "#C8792B", "#6B7B87", "#7A5C99", "#3F8F6B")
_FONT = {"name": "Calibri", "size": 10, "color": INK}


@dataclass(frozen=True)
class Placed:
    """A line and the row of the sheet it stands on."""

    told: Told
    row: int

    @property
    def drawn(self) -> bool:
        return not self.told.figure.missing

    @property
    def when(self) -> date:
        value, _ = dated(self.told.when)
        return value if isinstance(value, date) else date(int(value), 1, 1)


def lines_over_time(sheet: Sheet, placed: Sequence[Placed], broken: Sequence[Row]) -> tuple[Any, str] | None:
    """A chart of one indicator, a line a territory, and what must be known of it; None when there is too little."""
    breaks = [row["starts_on"] for row in broken]
    of_place = {name: list(group) for name, group in groupby(placed, key=lambda one: one.told.place)}
    shown = {name: group for name, group in of_place.items() if sum(one.drawn for one in group) >= _DRAWN_FROM}
    if not shown:
        return None
    chart = sheet.book.chart({"type": "scatter", "subtype": "straight_with_markers"})
    unnamed = []
    position = 0
    for colour, (name, group) in zip(_LINES, shown.items(), strict=False):
        for nth, piece in enumerate(_pieces(group, breaks)):
            chart.add_series(_series(sheet, name, piece, colour))
            if nth:
                unnamed.append(position)
            position += 1
    points = [one for group in shown.values() for one in group if one.drawn]
    first = points[0].told
    notes = _notes(points, broken)
    _dress(chart, f"{first.label} ({french.unit_of(first.unit)})")
    chart.set_x_axis(_time_axis(points))
    chart.set_y_axis(_axis() | {"num_format": NUMBER if _whole(points) else f"{NUMBER}.0"})
    if len(shown) > 1:
        chart.set_legend({"position": "bottom", "font": _FONT, "delete_series": unnamed})
    else:
        chart.set_legend({"none": True})
    return chart, " ".join([f"{first.label} : {' ; '.join(_ends(*pair) for pair in shown.items())}.", *notes])


def bars(
    sheet: Sheet, placed: Sequence[Placed], title: str, words: str, *, own: str = "", named_by: int = PERIOD - 1
) -> tuple[Any, str]:
    """A bar a line, one's own in colour. `sheet` is where the lines are; `named_by` is the column that names them."""
    chart = sheet.book.chart({"type": "bar"})
    name, first, last = sheet.name, placed[0].row, placed[-1].row
    chart.add_series(
        {
            "name": title,
            "categories": [name, first, named_by, last, named_by],
            "values": [name, first, VALUE, last, VALUE],
            "fill": {"color": _OTHERS},
            "points": [{"fill": {"color": MAIN}} if one.told.place == own else None for one in placed],
            "gap": 35,
            "data_labels": {"value": True, "font": _FONT | {"size": 9}},
        }
    )
    _dress(chart, title)
    chart.set_x_axis({"visible": False, "major_gridlines": {"visible": False}, "min": 0})
    chart.set_y_axis({"reverse": True, "num_font": _FONT, "line": {"color": RULE}, "major_tick_mark": "none"})
    chart.set_legend({"none": True})
    return chart, words


def draw(sheet: Sheet, charts: Sequence[tuple[Any, str]]) -> None:
    """Put charts two by two under the lines; what each shows is also said in words."""
    width = (sheet.width - _GAP) // 2
    for index in range(0, len(charts), 2):
        sheet.keep_together(ROWS_A_CHART)
        for side, (chart, words) in enumerate(charts[index : index + 2]):
            chart.set_size({"width": width, "height": _HEIGHT})
            options = {"x_offset": side * (width + _GAP), "y_offset": 4, "description": words, "object_position": 1}
            sheet.worksheet.insert_chart(sheet.row, 0, chart, options)
        sheet.skip(ROWS_A_CHART)


def _pieces(group: Sequence[Placed], breaks: Sequence[date]) -> Iterator[list[Placed]]:
    """The runs of lines that may be joined: no break and no missing value between two of them."""
    piece: list[Placed] = []
    for one in group:
        if piece and (not one.drawn or any(piece[-1].when < when <= one.when for when in breaks)):
            yield piece
            piece = []
        if one.drawn:
            piece.append(one)
    if piece:
        yield piece


def _series(sheet: Sheet, name: str, piece: Sequence[Placed], colour: str) -> dict[str, Any]:
    first, last = piece[0].row, piece[-1].row
    hollow = {"fill": {"color": "#FFFFFF"}, "border": {"color": colour}}
    return {
        "name": name,
        "categories": [sheet.name, first, PERIOD, last, PERIOD],
        "values": [sheet.name, first, VALUE, last, VALUE],
        "line": {"color": colour, "width": 2},
        "marker": {"type": "circle", "size": 6, "fill": {"color": colour}, "border": {"color": colour}},
        "points": [hollow if one.told.figure.status == "P" else None for one in piece],
    }


def _ends(place: str, group: Sequence[Placed]) -> str:
    known = [one.told for one in group if one.drawn]
    first, last = known[0], known[-1]
    return f"{place}, {first.figure.text} ({first.when.words}), {last.figure.text} ({last.when.words})"


def _notes(points: Sequence[Placed], broken: Sequence[Row]) -> Iterator[str]:
    first, last = min(one.when for one in points), max(one.when for one in points)
    for row in broken:
        if first < row["starts_on"] <= last:
            yield f"Série rompue, rien n'est joint : {row['reason_fr']}."
    provisional = sorted({one.when for one in points if one.told.figure.status == "P"})
    if provisional:
        yield f"Provisoire (point creux) : {french.joined([french.month(when) for when in provisional])}."
    if any(one.told.figure.check.kind == "gap" for one in points):
        yield "Un chiffre au moins est en écart : voir la feuille « Écarts »."


def _time_axis(points: Sequence[Placed]) -> dict[str, Any]:
    years = sorted({one.when.year for one in points})
    if isinstance(points[0].told.when.value, int):
        return _axis() | {"min": years[0] - 1, "max": years[-1] + 1, "major_unit": 1, "num_format": "0"}
    # From the third of January: a step of 365 days and a quarter then stays inside the year it names.
    step = 365.25 * (1 + (years[-1] - years[0]) // 8)
    first = (date(years[0], 1, 3) - date(1899, 12, 30)).days
    last = (date(years[-1] + 1, 1, 3) - date(1899, 12, 30)).days
    return _axis() | {"min": first, "max": last, "major_unit": step, "num_format": "yyyy"}


def _axis() -> dict[str, Any]:
    return {"num_font": _FONT, "line": {"color": RULE}, "major_gridlines": {"visible": True, "line": {"color": RULE}}}


def _whole(points: Sequence[Placed]) -> bool:
    return all("," not in one.told.figure.text for one in points)


def _dress(chart: Any, title: str) -> None:
    chart.set_title(
        {"name": title, "name_font": {"name": "Calibri", "size": 12, "bold": True, "color": INK}, "overlay": False}
    )
    chart.set_chartarea({"border": {"color": RULE}})
    chart.set_plotarea({"fill": {"none": True}})
