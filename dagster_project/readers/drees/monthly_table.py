"""A monthly table of DREES: a row a month; a column of counts a territory or a benefit, its yearly growth beside."""

from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.drees.benefits import Benefit, benefit_named
from dagster_project.readers.drees.figures import Figure, Month, is_blank, is_number, read_figure, read_month
from dagster_project.readers.drees.workbooks import ORIGINAL
from dagster_project.readers.nomenclature import departement_code, names, plain, region_code
from dagster_project.readers.spreadsheet import Sheet, Value

_HEADER_ROWS = 15
_GROWTH_SET_ASIDE = "Évolution en glissement annuel imprimée par la DREES : recalculée et comparée"


@dataclass(frozen=True)
class Series:
    """A column of counts: of what, of where, and the column of its printed growth, if there is one."""

    benefit: Benefit
    level: str
    code: str
    label: str
    column: int
    growth: int | None

    @property
    def step(self) -> int | None:
        """The producer's rounding: to the hundred for the country, to the ten below."""
        if self.level == "country":
            return 100
        return 10 if self.benefit.is_rounded else None


@dataclass
class Table:
    """A table that was read: its columns, its months by row number, and the figure of each cell of counts."""

    page: Sheet
    series: list[Series]
    months: dict[int, Month]
    figures: dict[tuple[int, int], Figure] = field(default_factory=dict)
    growths: dict[tuple[int, int], Decimal] = field(default_factory=dict)

    def value(self, row: int, column: int) -> Decimal | None:
        figure = self.figures.get((row, column))
        return figure.value if figure else None


def national_table(reading: Reading, page: Sheet) -> Table | None:
    """The table of the whole country, a benefit a column."""
    heads = next((row for row in range(1, _HEADER_ROWS) if _count(page, row, benefit_named) >= 2), None)
    if heads is None:
        _refuse_header(reading, page, "une ligne qui nomme les prestations (RSA, AAH, ASS…)")
        return None

    def named(index: int, written: Value) -> tuple[Benefit, str, str, str] | None:
        if benefit := benefit_named(written):
            return benefit, "country", "FR", "France"
        _refuse(
            reading, page, heads, index, written,
            expected="une prestation connue", rule="en-tête",
            advice="Faites ajouter cette série avant de la reprendre.",
        )  # fmt: skip
        return None

    return _table(reading, page, heads, named)


def territorial_table(reading: Reading, page: Sheet, benefit: Benefit, level: str) -> Table | None:
    """The table of a benefit, a département (or a region) a column."""
    code_of = departement_code if level == "departement" else region_code
    codes = next((row for row in range(1, _HEADER_ROWS) if _count(page, row, code_of) >= 10), None)
    if codes is None or not _count(page, codes + 1, lambda cell: None if is_number(cell) else cell):
        _refuse_header(reading, page, "une ligne de codes et, dessous, une ligne de noms de territoires")
        return None
    official = names(level)

    def named(index: int, written: Value) -> tuple[Benefit, str, str, str] | None:
        code, label = code_of(written), page.cell(codes + 1, index)
        if code is None:
            _refuse(
                reading, page, codes, index, written,
                expected="le code d'un territoire", rule="code de territoire", advice=ORIGINAL,
            )  # fmt: skip
            return None
        if _bare(label) != _bare(official[code]):
            _refuse(
                reading, page, codes + 1, index, label,
                expected=f"« {official[code]} », le nom du code {code}", rule="code et nom", advice=ORIGINAL,
            )  # fmt: skip
            return None
        return benefit, level, code, str(label).replace("*", "").strip()

    table = _table(reading, page, codes, named)
    if table:
        _refuse_absent(reading, table, official, codes, level)
    return table


def _bare(name: object) -> str:
    return plain(name).removeprefix("la ")


def _count(page: Sheet, row: int, reads: Callable[[Value], object]) -> int:
    cells = page.rows[row - 1][1:] if row <= len(page.rows) else []
    return sum(1 for cell in cells if not is_blank(cell) and reads(cell))


def _table(
    reading: Reading, page: Sheet, heads: int, named: Callable[[int, Value], tuple[Benefit, str, str, str] | None]
) -> Table | None:
    first = next((row for row, cells in page.rows_from(heads + 1) if cells and read_month(cells[0])), None)
    if first is None:
        _refuse_header(reading, page, "une première colonne de mois")
        return None
    series = _series(reading, page, heads, first, named)
    table = Table(page, series, _months(reading, page, first))
    _read_cells(reading, table)
    return table


def _series(
    reading: Reading,
    page: Sheet,
    heads: int,
    first: int,
    named: Callable[[int, Value], tuple[Benefit, str, str, str] | None],
) -> list[Series]:
    """Columns by their header; the cell that names a pair is merged over both, so the second is blank."""
    kinds = next((row for row in range(heads + 1, first) if _count(page, row, _is_count)), None)
    width = max(len(row) for row in page.rows[heads - 1 : first])
    counts: list[tuple[int, tuple[Benefit, str, str, str]]] = []
    growths: dict[int, int] = {}
    current: int | None = None
    for index in range(1, width):
        written = page.cell(heads, index)
        kind = page.cell(kinds, index) if kinds else ("" if is_blank(written) else "Effectif")
        if not is_blank(written) and _is_count(kind):
            name = named(index, written)
            current = index if name else None
            if name:
                counts.append((index, name))
        elif is_blank(written) and plain(kind).startswith("evolution"):
            if current is not None:
                growths[current] = index
        elif not (is_blank(written) and is_blank(kind)):
            _refuse(
                reading, page, kinds or heads, index, kind,
                expected="« Effectif » puis « Evolution en glissement annuel »", rule="en-tête", advice=ORIGINAL,
            )  # fmt: skip
    found = [Series(*name, column=index, growth=growths.get(index)) for index, name in counts]
    seen: dict[tuple[str, str], Series] = {}
    for one in found:
        if (one.benefit.indicator_code, one.code) in seen:
            _refuse(
                reading, page, heads, one.column, series_name(one), expected="une seule colonne par série",
                rule="colonne en double", advice="Retirez la colonne en double.",
            )  # fmt: skip
        seen.setdefault((one.benefit.indicator_code, one.code), one)
    return list(seen.values())


def _is_count(kind: object) -> bool:
    return plain(kind).startswith("effectif")


def _months(reading: Reading, page: Sheet, first: int) -> dict[int, Month]:
    """Months down the first column, without a gap; the notes below have nothing beside them."""
    months: dict[int, Month] = {}
    previous: Month | None = None
    for row, cells in page.rows_from(first):
        if all(is_blank(cell) for cell in cells[1:]):
            continue
        month = read_month(cells[0])
        if month is None:
            _refuse(
                reading, page, row, 0, cells[0], expected="un mois", rule="mois",
                advice="Remettez le mois de cette ligne, tel que la DREES l'a publié.",
            )  # fmt: skip
            continue
        expected = _next(previous) if previous else None
        if expected and (month.start.year, month.start.month) != expected:
            _refuse(
                reading, page, row, 0, month.label, expected=f"le mois {expected[0]}-{expected[1]:02d}",
                rule="suite des mois", advice="Une ligne manque, est en double ou n'est pas à sa place.",
            )  # fmt: skip
        months[row] = previous = month
    return months


def _next(month: Month) -> tuple[int, int]:
    year, number = month.start.year, month.start.month
    return (year + 1, 1) if number == 12 else (year, number + 1)


def _read_cells(reading: Reading, table: Table) -> None:
    page = table.page
    growths = {one.growth: one for one in table.series if one.growth is not None}
    counts = {one.column: one for one in table.series}
    set_aside = 0
    for row, month in table.months.items():
        cells = page.rows[row - 1]
        reading.cells_read += sum(1 for cell in cells[1:] if not is_blank(cell))
        for index, cell in enumerate(cells[1:], start=1):
            if is_blank(cell):
                continue
            figure = read_figure(cell)
            if index in growths:
                if figure is None:
                    _refuse_figure(reading, page, row, index, name="Evolution en glissement annuel")
                    continue
                set_aside += 1
                if figure.value is not None:
                    table.growths[row, index] = figure.value
            elif index in counts:
                if figure is None or _is_no_count(figure):
                    _refuse_figure(reading, page, row, index, name=series_name(counts[index]))
                    continue
                table.figures[row, index] = figure
                reading.keep([_cell(table, counts[index], row, month, figure)])
            else:
                _refuse(
                    reading, page, row, index, cell, expected="rien hors des colonnes nommées",
                    rule="cellule orpheline",
                    advice="Cette valeur n'est sous aucun en-tête reconnu : vérifiez la colonne.",
                )  # fmt: skip
    reading.leave(_GROWTH_SET_ASIDE, set_aside)
    _refuse_holes(reading, table)


def _is_no_count(figure: Figure) -> bool:
    return figure.value is not None and (figure.value < 0 or figure.value != figure.value.to_integral_value())


def _cell(table: Table, one: Series, row: int, month: Month, figure: Figure) -> Cell:
    count = None if figure.value is None else int(figure.value)
    is_provisional = count is not None and (figure.is_provisional or month.is_provisional)
    status = "M" if count is None else "P" if is_provisional else "A"
    return Cell(
        one.benefit.indicator_code, one.level, one.code, one.label, month.start, month.end, count,
        one.benefit.unit, figure.printed, row, table.page.column(one.column), table.page.name, status,
        "*" if is_provisional else figure.marker, one.step, period_label=month.label,
    )  # fmt: skip


def _refuse_holes(reading: Reading, table: Table) -> None:
    """A series may start later or stop earlier than its table; a hole inside, or in a row others fill, is a loss."""
    filled = {
        one.column: [row for row in table.months if not is_blank(table.page.cell(row, one.column))]
        for one in table.series
    }
    for row, month in table.months.items():
        empty = [one for one in table.series if row not in filled[one.column]]
        is_shared = len(empty) < len(table.series) and all(one.level != "country" for one in empty)
        for one in empty:
            rows = filled[one.column]
            if is_shared or (rows and rows[0] < row < rows[-1]):
                _refuse(
                    reading, table.page, row, one.column, "cellule vide", name=series_name(one),
                    expected=f"un effectif, ou un marqueur (nd, NC), pour {month.label}", rule="cellule vide",
                    advice=ORIGINAL,
                )  # fmt: skip


def _refuse_absent(reading: Reading, table: Table, official: dict[str, str], codes: int, level: str) -> None:
    present = {one.code for one in table.series}
    for code in sorted(set(official) - present):
        reading.reject(
            found="colonne absente", expected=f"une colonne {official[code]} ({code})", rule="territoires attendus",
            advice="Le fichier doit porter tous les départements." if level == "departement" else ORIGINAL,
            row=codes, sheet=table.page.name,
        )  # fmt: skip


def series_name(one: Series) -> str:
    """What the header says of a column."""
    return one.benefit.indicator_code if one.level == "country" else one.label


def _refuse_figure(reading: Reading, page: Sheet, row: int, index: int, *, name: str) -> None:
    _refuse(
        reading, page, row, index, page.cell(row, index), name=name,
        expected="un nombre (entier pour un effectif) ou un marqueur connu",
        rule="type de la cellule", advice="Remettez la valeur publiée par la DREES.",
    )  # fmt: skip


def _refuse_header(reading: Reading, page: Sheet, expected: str) -> None:
    reading.reject(found="en-tête introuvable", expected=expected, rule="en-tête", advice=ORIGINAL, sheet=page.name)


def _refuse(
    reading: Reading,
    page: Sheet,
    row: int,
    index: int,
    found: object,
    *,
    expected: str,
    rule: str,
    advice: str,
    name: str | None = None,
) -> None:
    reading.reject(
        found=found, expected=expected, rule=rule, advice=advice, row=row, column=page.column(index),
        name=name or str(found)[:60], sheet=page.name,
    )  # fmt: skip
