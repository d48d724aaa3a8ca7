"""What a monthly DREES workbook must agree with: its own growth rates, its own national counts.

Growth is worked out by DREES on unrounded counts, so a printed rate must lie between those of the rounding intervals.
"""

from collections import Counter
from datetime import date
from decimal import Decimal
from statistics import median

from dagster_project.readers.cells import Reading
from dagster_project.readers.drees.monthly_table import Series, Table, series_name

_LOOK = "Comparez la cellule avec le fichier publié par la DREES."
_MANY = 5
_NATIONAL_HALF = 50
# Entries a month are near a tenth of those accompanied, in every département: from 0.87 to 1.13 of the median.
_USUAL_FLOW = (Decimal("0.6"), Decimal("1.6"))


def check_growth(reading: Reading, table: Table) -> set[tuple[int, int]]:
    """Flag the counts, or the rates, that break a printed growth; give the cells that were flagged."""
    blamed: dict[tuple[int, int], str] = {}
    for one in table.series:
        blamed |= _blamed(table, one)
    rows = Counter(row for row, _ in blamed)
    columns = Counter(column for _, column in blamed)
    told: set[tuple[str, int]] = set()
    for (row, column), expected in sorted(blamed.items()):
        if rows[row] > _MANY and rows[row] >= columns[column]:
            group, found = ("row", row), f"{rows[row]} effectifs de la ligne, dont {_printed(table, row, column)}"
        elif columns[column] > _MANY:
            group, found = ("column", column), f"{columns[column]} effectifs, dont {_printed(table, row, column)}"
        else:
            group, found = ("cell", row * 100_000 + column), _printed(table, row, column)
        if group in told:
            continue
        told.add(group)
        reading.flag(
            found=found, expected=expected, rule="évolution en glissement annuel", advice=_LOOK, row=row,
            column=table.page.column(column), name=_header(table, column), sheet=table.page.name,
        )  # fmt: skip
    return set(blamed)


def _printed(table: Table, row: int, column: int) -> str:
    figure = table.figures.get((row, column))
    return figure.printed if figure else str(table.page.cell(row, column))


def _header(table: Table, column: int) -> str:
    for one in table.series:
        if one.column == column:
            return series_name(one)
        if one.growth == column:
            return f"{series_name(one)}, évolution"
    return ""


def _blamed(table: Table, one: Series) -> dict[tuple[int, int], str]:
    """The cells of a series that do not fit: each rate joins a month and the same month a year before.

    A count is cleared by its other rate, where that one holds; a rate both of whose counts are cleared is wrong itself.
    """
    if one.growth is None:
        return {}
    row_of = {month.start: row for row, month in table.months.items()}
    holds: dict[int, bool] = {}
    before: dict[int, int] = {}
    for row, month in table.months.items():
        earlier = row_of.get(month.start.replace(year=month.start.year - 1))
        if earlier is not None and (verdict := _holds(table, one, earlier, row)) is not None:
            holds[row], before[row] = verdict, earlier
    after = {earlier: row for row, earlier in before.items()}
    blamed = {}
    for row in (row for row, verdict in holds.items() if not verdict):
        earlier = before[row]
        now_fits, then_fits = holds.get(after.get(row, 0)), holds.get(earlier)
        if now_fits and then_fits:
            cell = (row, one.growth)
        elif (now_fits or then_fits is False) and now_fits is not False:
            cell = (earlier, one.column)
        else:
            cell = (row, one.column)
        rate = table.growths[row, one.growth]
        blamed[cell] = (
            f"une évolution de {_percent(_rate(table, one, earlier, row))} sur un an en {table.months[row].label}, "
            f"or la DREES imprime {_percent(float(rate))}"
        )
    return blamed


def _percent(rate: float) -> str:
    return f"{rate:.1f} %".replace(".", ",")


def _rate(table: Table, one: Series, earlier: int, row: int) -> float:
    then, now = table.value(earlier, one.column), table.value(row, one.column)
    return (float(now) / float(then) - 1) * 100 if now is not None and then else 0.0


def _holds(table: Table, one: Series, earlier: int, row: int) -> bool | None:
    """Whether a printed rate is one that counts rounding to these would give; None where there is nothing to check."""
    then, now = table.value(earlier, one.column), table.value(row, one.column)
    rate = table.growths.get((row, one.growth)) if one.growth is not None else None
    if then is None or now is None or rate is None or then == 0:
        return None
    half = Decimal(one.step or 0) / 2
    is_short = abs(rate - round(rate, 1)) < Decimal("1e-9")
    slack = Decimal("0.050001") if is_short else Decimal("0.000001")
    lowest = ((now - half) / (then + half) - 1) * 100 - slack
    highest = ((now + half) / (then - half) - 1) * 100 + slack if then > half else None
    return lowest <= rate and (highest is None or rate <= highest)


def check_repeats(reading: Reading, table: Table) -> None:
    """Flag a month whose counts are all those of another: values pasted twice."""
    seen: dict[tuple[Decimal | None, ...], int] = {}
    for row, month in table.months.items():
        values = tuple(table.value(row, one.column) for one in table.series)
        if sum(1 for value in values if value) < _MANY:
            continue
        if values in seen:
            one = table.series[0]
            reading.flag(
                found=f"les effectifs de {table.months[seen[values]].label} (ligne {seen[values]})",
                expected=f"les effectifs de {month.label}", rule="valeurs répétées", advice=_LOOK, row=row,
                column=table.page.column(one.column), name=series_name(one), sheet=table.page.name,
            )  # fmt: skip
        seen.setdefault(values, row)


def check_sums(reading: Reading, table: Table, national: Table, flagged: set[tuple[int, int]]) -> None:
    """Compare the territories of a table with the country, month by month, and the months both hold.

    Tolerance: half a step a territory, and half of the country's. ASS counts a few recipients who live
    nowhere known, within it.
    """
    benefit = table.series[0].benefit
    whole = next((one for one in national.series if one.benefit == benefit), None)
    if whole is None:
        return
    country = {month.start: row for row, month in national.months.items()}
    _check_months(reading, table, national, whole)
    tolerance = sum(Decimal(one.step or 0) for one in table.series) / 2 + _NATIONAL_HALF
    for row, month in table.months.items():
        at = country.get(month.start)
        printed = national.value(at, whole.column) if at else None
        values = [table.value(row, one.column) for one in table.series]
        known = [value for value in values if value is not None]
        if printed is None or not known or any((row, one.column) in flagged for one in table.series):
            continue
        gap = sum(known) - printed
        if abs(gap) <= tolerance or (len(known) < len(values) and gap < 0):
            continue
        assert at is not None
        page, where, column, name = _likeliest(table, row, gap, national=national, at=at, whole=whole)
        reading.flag(
            found=page.page.cell(where, column) if column else month.label,
            expected=f"une somme de {printed} pour {month.label}, à {tolerance:.0f} près, et non de {sum(known)}",
            rule="somme et total national", advice=_LOOK, row=where, column=page.page.column(column), name=name,
            sheet=page.page.name,
        )  # fmt: skip


def _check_months(reading: Reading, table: Table, national: Table, whole: Series) -> None:
    counted = _months_counted(national, [whole])
    present = _months_counted(table, table.series)
    report = reading.reject if whole.benefit.is_core else reading.flag
    for month in sorted(counted ^ present):
        where = table if month in counted else national
        report(
            found=f"aucun effectif en {month:%Y-%m}",
            expected="les mêmes mois dans le tableau national et dans celui-ci",
            rule="mois attendus", advice="Reprenez le fichier d'origine : un tableau est tronqué.",
            row=max(where.months), column="A", name="mois", sheet=where.page.name,
        )  # fmt: skip


def _months_counted(table: Table, series: list[Series]) -> set[date]:
    return {
        month.start
        for row, month in table.months.items()
        if any(table.value(row, one.column) is not None for one in series)
    }


def _likeliest(
    table: Table, row: int, gap: Decimal, *, national: Table, at: int, whole: Series
) -> tuple[Table, int, int, str]:
    """The cell whose departure from the months around it makes up the gap; the whole row when none does."""
    candidates = [(table, row, one, gap) for one in table.series] + [(national, at, whole, -gap)]
    misses = []
    for holder, where, one, share in candidates:
        value = holder.value(where, one.column)
        around = [v for step in (-1, 1) if (v := holder.value(where + step, one.column)) is not None]
        if value is not None and around:
            misses.append((abs(value - Decimal(median(around)) - share), holder, where, one))
    if misses:
        miss, holder, where, one = min(misses, key=lambda each: each[0])
        if miss <= abs(gap) / 4:
            return holder, where, one.column, series_name(one)
    return table, row, 0, "mois"


def check_flows(reading: Reading, entries: Table, stock: Table) -> None:
    """Flag a département whose entries do not go with its stock: two columns exchanged leave every sum as it was."""
    rows = {month.start: row for row, month in stock.months.items()}
    columns = {one.code: one.column for one in stock.series}
    shares: dict[int, Decimal] = {}
    for one in entries.series:
        entered = total = Decimal(0)
        for row, month in entries.months.items():
            flow = entries.value(row, one.column)
            there = stock.value(rows[month.start], columns[one.code]) if month.start in rows else None
            if flow is not None and there is not None:
                entered, total = entered + flow, total + there
        if total:
            shares[one.column] = entered / total
    if len(shares) < _MANY:
        return
    usual = median(shares.values())
    for one in entries.series:
        share = shares.get(one.column)
        if share is None or _USUAL_FLOW[0] * usual <= share <= _USUAL_FLOW[1] * usual:
            continue
        reading.flag(
            found=f"{share:.1%} des jeunes accompagnés", expected=f"environ {usual:.1%}, comme ailleurs",
            rule="entrées et stock", advice=_LOOK, row=min(entries.months), column=entries.page.column(one.column),
            name=series_name(one), sheet=entries.page.name,
        )  # fmt: skip
