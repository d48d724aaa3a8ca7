"""Filings of over-indebtedness by département and month: the Webstat export of series ``IFI.M.D31.SUREN.DEPOT``.

Filings, not accepted cases; a flow, which adds up over months and départements. From January 2019, metropolitan France.
"""

import re
from calendar import monthrange
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from statistics import median
from typing import NamedTuple

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.delimited import Grid, header_of, open_grid
from dagster_project.readers.nomenclature import departement_code, names
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_SERIES, _PERIOD, _VALUE, _STATUS = "series_key", "time_period", "obs_value", "obs_status"
_IGNORED = ("title", "title_fr", "title_en", "dataset_id", "publication_date", "series_name")
_KEY = re.compile(r"IFI\.M\.(D[0-9A-Z]{2,3}|FR)\.SUREN\.DEPOT")
_EDGE = 1 << 22
_SERIES_URL = "Téléchargez la série à nouveau sur webstat.banque-france.fr."


class _Filing(NamedTuple):
    """One month of one series, and the line it was read from; no value where the cell is blank."""

    territory: str
    month: date
    value: int | None
    text: str
    row: int


def recognise(path: Path) -> Recognition:
    """By its header, and a first series of filings."""
    header = header_of(path, ";")
    found = [name for name in (_SERIES, _PERIOD, _VALUE) if name in header]
    missing = [name for name in (_SERIES, _PERIOD, _VALUE) if name not in header]
    with path.open("rb") as file:
        (found if b".SUREN.DEPOT" in file.read(1 << 12) else missing).append("SUREN.DEPOT")
    return Recognition(tuple(found), tuple(missing))


def edition(path: Path) -> EditionFacts:
    """The last month of the series. The file does not say when it was published."""
    with path.open("rb") as file:
        months = re.findall(rb"[;\n]\"?(20\d\d-(?:0[1-9]|1[0-2]))", file.read(_EDGE))
    return EditionFacts(max(months).decode() if months else "")


def read(path: Path, reading: Reading) -> None:
    """Read every month of every series; each is held against the other months of its own series."""
    grid = open_grid(reading, path, ";")
    if grid is None or not _is_header_sound(reading, grid):
        return
    filings = list(_filings(reading, grid))
    _refuse_repeated(reading, grid, filings)
    _refuse_gaps(reading, filings)
    _refuse_pasted(reading, grid, filings)
    _flag_strays(reading, grid, filings)
    _check_country(reading, grid, filings)


def _is_header_sound(reading: Reading, grid: Grid) -> bool:
    before = len(reading.rejects)
    for index, name in enumerate(grid.header):
        if name in grid.header[:index] or name not in (_SERIES, _PERIOD, _VALUE, _STATUS, *_IGNORED):
            reading.reject(
                found=name, expected=f"{_SERIES}, {_PERIOD} et {_VALUE}, une fois chacune", rule="en-tête", row=1,
                column=grid.letter(name), name=name, advice="Vérifiez l'en-tête. " + _SERIES_URL,
            )  # fmt: skip
    for name in (_SERIES, _PERIOD, _VALUE):
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=_SERIES_URL
            )
    return len(reading.rejects) == before


def _filings(reading: Reading, grid: Grid) -> Iterator[_Filing]:
    """The lines whose series, month and number can be read; the others are refused."""
    status = f"trim({grid.column(_STATUS)})" if _STATUS in grid.header else "'A'"
    columns = ", ".join(f"coalesce(trim({grid.column(name)}), '')" for name in (_SERIES, _PERIOD, _VALUE))
    lines = reading.connection.execute(
        f"select row_number, {columns}, coalesce({status}, 'A') from {grid.table} order by row_number"
    ).fetchall()
    for row, key, period, text, state in lines:
        if not (key or period or text):
            continue
        reading.cells_read += bool(text)
        code, month = _territory(key), _month(period)
        problems = [
            (_SERIES, key, "une série IFI.M.D31.SUREN.DEPOT, d'un département connu") if code is None else None,
            (_PERIOD, period, "un mois AAAA-MM, de 01 à 12") if month is None else None,
            (_VALUE, text, "un nombre entier de dossiers, sans séparateur")
            if text and not re.fullmatch(r"\d{1,6}(\.0+)?", text)
            else None,
        ]
        refused = [problem for problem in problems if problem]
        for name, found, expected in refused:
            reading.reject(
                found=found, expected=expected, rule="cellule", advice="Corrigez la cellule. " + _SERIES_URL, row=row,
                column=grid.letter(name), name=name,
            )  # fmt: skip
        if code is None or month is None:
            if text and not problems[2]:
                reading.leave("Dossiers d'une ligne sans série ou sans mois lisible")
            continue
        value = int(Decimal(text)) if text and not problems[2] else None
        filing = _Filing(code, month, value, text, row)
        if value is not None:
            reading.keep([_cell(grid, filing, is_provisional=state == "P")])
        yield filing


def _territory(key: str) -> str | None:
    match = _KEY.fullmatch(key)
    if match is None:
        return None
    return "FR" if match[1] == "FR" else departement_code(match[1])


def _month(period: str) -> date | None:
    if not re.fullmatch(r"20\d\d-(0[1-9]|1[0-2])(-01)?", period):
        return None
    return date(int(period[:4]), int(period[5:7]), 1)


def _cell(grid: Grid, filing: _Filing, *, is_provisional: bool) -> Cell:
    month = filing.month
    level = "country" if filing.territory == "FR" else "departement"
    return Cell(
        indicator_code="over_indebtedness_filings",
        territory_level=level,
        territory_code=filing.territory,
        territory_label=names(level)[filing.territory],
        period_start=month,
        period_end=month.replace(day=monthrange(month.year, month.month)[1]),
        period_label=f"{month:%Y-%m}",
        value=filing.value,
        unit="application",
        printed_text=filing.text,
        printed_step=1,
        obs_status="P" if is_provisional else "A",
        marker="*" if is_provisional else None,
        source_row=filing.row,
        source_column=grid.letter(_VALUE),
    )


def _refuse_repeated(reading: Reading, grid: Grid, filings: list[_Filing]) -> None:
    first: dict[tuple[str, date], int] = {}
    for one in filings:
        if one.row != (earlier := first.setdefault((one.territory, one.month), one.row)):
            reading.reject(
                found=f"{one.territory}, {one.month:%Y-%m}", expected="une seule ligne par série et par mois",
                rule="doublon", advice=f"Déjà à la ligne {earlier}. " + _SERIES_URL, row=one.row,
                column=grid.letter(_PERIOD), name=_PERIOD,
            )  # fmt: skip


def _refuse_gaps(reading: Reading, filings: list[_Filing]) -> None:
    """Every metropolitan département, and for each of them every month from the first of the file to the last."""
    official = names("departement")
    present = defaultdict(set)
    for one in filings:
        present[one.territory].add(one.month)
    months = sorted({one.month for one in filings})
    if not months:
        if not reading.rejects:
            reading.reject(found="aucune ligne", expected="96 séries", rule="fichier vide", advice=_SERIES_URL)
        return
    expected = list(_months_between(months[0], months[-1]))
    absent = [code for code in official if code not in present and not code.startswith("97")]
    for code in absent:
        reading.reject(
            found=f"aucun mois de {official[code]} ({code})", expected=f"la série IFI.M.D{code}.SUREN.DEPOT",
            rule="territoires", advice="Un département manque à l'export. " + _SERIES_URL,
        )  # fmt: skip
    for code, seen in sorted(present.items()):
        if gaps := [f"{month:%Y-%m}" for month in expected if month not in seen]:
            reading.reject(
                found=f"{code} : il manque {', '.join(gaps[:6])}{'…' if len(gaps) > 6 else ''}",
                expected=f"tous les mois de {expected[0]:%Y-%m} à {expected[-1]:%Y-%m}", rule="mois manquants",
                advice="L'export est incomplet ou tronqué. " + _SERIES_URL,
                row=max(one.row for one in filings if one.territory == code),
            )  # fmt: skip


def _months_between(first: date, last: date) -> Iterator[date]:
    month = first
    while month <= last:
        yield month
        month = date(month.year + month.month // 12, month.month % 12 + 1, 1)


def _refuse_pasted(reading: Reading, grid: Grid, filings: list[_Filing]) -> None:
    """A month, or a year, that has the filings of another in nearly every département is a copy of it."""
    by_month: dict[date, dict[str, _Filing]] = defaultdict(dict)
    for one in filings:
        by_month[one.month][one.territory] = one
    for month, here in sorted(by_month.items()):
        for before in (_earlier(month, 1), _earlier(month, 12)):
            other = by_month.get(before, {})
            pairs = [(here[code].value, other[code].value) for code in here if code in other]
            if len(pairs) >= 20 and sum(left == right for left, right in pairs) > 0.5 * len(pairs):
                reading.reject(
                    found=f"{month:%Y-%m} répète {before:%Y-%m}", expected="des dossiers de ce mois",
                    rule="mois recopié", advice="Les valeurs d'un mois ont été collées sur un autre. " + _SERIES_URL,
                    row=min(one.row for one in here.values()), column=grid.letter(_VALUE), name=_VALUE,
                )  # fmt: skip


def _earlier(month: date, months: int) -> date:
    index = month.year * 12 + month.month - 1 - months
    return date(index // 12, index % 12 + 1, 1)


def _flag_strays(reading: Reading, grid: Grid, filings: list[_Filing]) -> None:
    """A month far from the middle of its own series, once what all départements did that month is taken off."""
    by_series: dict[str, list[int]] = defaultdict(list)
    for one in filings:
        if one.value is not None:
            by_series[one.territory].append(one.value)
    middle = {code: median(values) for code, values in by_series.items()}
    ratios: dict[date, list[float]] = defaultdict(list)
    for one in filings:
        if one.value is not None and middle[one.territory] >= 20:
            ratios[one.month].append(one.value / middle[one.territory])
    usual = {month: median(values) for month, values in ratios.items()}
    for one in filings:
        if one.value is None or len(by_series[one.territory]) < 6:
            continue
        expected = float(middle[one.territory]) * usual.get(one.month, 1)
        if not expected / 3.5 - 8 <= one.value <= expected * 2.5 + 20:
            reading.flag(
                found=one.text, expected=f"autour de {expected:.0f}, au vu des autres mois de la série",
                rule="ordre de grandeur", advice="Vérifiez la cellule. " + _SERIES_URL, row=one.row,
                column=grid.letter(_VALUE), name=_VALUE,
            )  # fmt: skip


def _check_country(reading: Reading, grid: Grid, filings: list[_Filing]) -> None:
    """Where the file has France, its départements never make more than France."""
    total: Counter[date] = Counter()
    for one in filings:
        if one.territory != "FR":
            total[one.month] += one.value or 0
    for one in filings:
        if one.territory == "FR" and one.value is not None and total[one.month] > one.value:
            reading.reject(
                found=one.text, expected=f"au moins {total[one.month]}, la somme des départements",
                rule="total recalculé", advice="La série nationale ou un département est faux. " + _SERIES_URL,
                row=one.row, column=grid.letter(_VALUE), name=_VALUE,
            )  # fmt: skip


LAYOUTS = (
    OfficialLayout(
        name="bdf_over_indebtedness",
        publisher="banque_de_france",
        dataset="over_indebtedness",
        title_fr="Dépôts de dossiers de surendettement, par département et par mois",
        licence="Conditions de réutilisation de Webstat",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
