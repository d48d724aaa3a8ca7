"""Localised unemployment rates: the CSV export of INSEE's databank, one row a series, a row of status codes under each.

A rate is a percentage of the active population, ILO sense, mean of the quarter, seasonally adjusted.
"""

import re
from datetime import date
from decimal import Decimal
from itertools import combinations, pairwise
from pathlib import Path

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.delimited import Grid, header_of, open_grid
from dagster_project.readers.insee.bdm import (
    AREA_OF_SERIES,
    STATUS,
    Territory,
    area_territory,
    quarter,
    unemployment_territory,
)
from dagster_project.readers.insee.rates import flag_hardly_believable
from dagster_project.readers.insee.territories import metropolitan
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.table import column_letter

_LABEL, _IDBANK, _UPDATED, _PERIOD = "Libellé", "idBank", "Dernière mise à jour", "Période"
_KEYS = (_LABEL, _IDBANK, _UPDATED, _PERIOD)
_CODES = "Codes"
_ADVICE = "Reprenez l'export de la BDM tel que l'Insee le donne."
_UPDATE = re.compile(r"(\d{2})/(\d{2})/(\d{4})(?: \d{2}:\d{2})?")
_RATE = re.compile(r"\d{1,3}([.,]\d{1,2})?")
_QUARTERS_A_YEAR = 4


def recognise(path: Path) -> Recognition:
    """An export of the databank whose first series is a localised unemployment rate."""
    header = header_of(path, ";")
    found = [name for name in (_LABEL, _IDBANK, _UPDATED) if name in header]
    missing = [name for name in (_LABEL, _IDBANK, _UPDATED) if name not in header]
    quarters = [name for name in header if quarter(name)]
    (found if quarters else missing).append(f"trimestres ({quarters[0]}…)" if quarters else "trimestres (2021-T3…)")
    title = "Taux de chômage localisé"
    with path.open("rb") as file:
        seen = not missing and title.encode() in file.read(1 << 16)
    (found if seen else missing).append(title)
    return Recognition(tuple(found), tuple(missing))


def edition(path: Path) -> EditionFacts:
    """The last update the series state, which is the day of publication."""
    updates = re.findall(rb'"?;"?(\d{2}/\d{2}/\d{4})(?: \d{2}:\d{2})?"?;', path.read_bytes())
    days = [day for text in updates if (day := _day(text.decode()))]
    if not days:
        return EditionFacts("inconnue")
    return EditionFacts(max(days).isoformat(), max(days), basis=f"colonne « {_UPDATED} »")


def _day(text: str) -> date | None:
    found = _UPDATE.fullmatch(text.strip())
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else None
    except ValueError:
        return None


def read(path: Path, reading: Reading) -> None:
    """Read every rate, with its status code."""
    grid = open_grid(reading, path, ";")
    if grid is None or not _columns_are_sound(reading, grid):
        return
    order = [name for name in grid.header if name]
    columns = ", ".join(grid.column(name) for name in order)
    lines: list[tuple[int, dict[str, str]]] = [
        (row[0], {name: value.strip() for name, value in zip(order, row[1:], strict=True) if value})
        for row in reading.connection.execute(
            f"select row_number, {columns} from {grid.table} order by row_number"
        ).fetchall()
        if any(row[1:])
    ]
    export = _Export(reading, grid, [name for name in order if quarter(name)])
    export.read(lines)
    reading.keep(export.cells)
    if not reading.rejects:
        export.check()


def _columns_are_sound(reading: Reading, grid: Grid) -> bool:
    before = len(reading.rejects)
    for name in (_LABEL, _IDBANK, _UPDATED):
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=_ADVICE
            )
    for index, name in enumerate(grid.header):
        if name not in _KEYS and not quarter(name) and (name or _is_filled(reading, grid, index)):
            reading.reject(
                found=name, expected="un trimestre, comme 2021-T3", rule="en-tête", row=1,
                column=column_letter(index), name=name, advice=_ADVICE,
            )  # fmt: skip
    days = sorted(span[0] for name in grid.header if (span := quarter(name)))
    for earlier, later in pairwise(days):
        if (later.year - earlier.year) * 12 + later.month - earlier.month != 12 // _QUARTERS_A_YEAR:
            reading.reject(
                found=f"{later:%Y}-T{later.month // 3 + 1} après {earlier:%Y}-T{earlier.month // 3 + 1}",
                expected="des trimestres qui se suivent, une fois chacun", rule="suite des trimestres", row=1,
                advice=_ADVICE,
            )  # fmt: skip
    return len(reading.rejects) == before


def _is_filled(reading: Reading, grid: Grid, index: int) -> bool:
    row = reading.connection.execute(f"select count(c{index}) from {grid.table}").fetchone()
    return row is not None and row[0] > 0


class _Export:
    """One export under way: series by series, then the rules between series."""

    def __init__(self, reading: Reading, grid: Grid, quarters: list[str]) -> None:
        self.reading = reading
        self.grid = grid
        self.quarters = quarters
        self.cells: list[Cell] = []
        self.rows: dict[tuple[str, str], int] = {}

    def read(self, lines: list[tuple[int, dict[str, str]]]) -> None:
        waiting = iter([*lines, (0, {})])
        line = next(waiting)
        while line[0]:
            number, series = line
            line = next(waiting)
            if series.get(_LABEL) == _CODES:
                self._refuse(number, _LABEL, _CODES, "le libellé d'une série", "codes sous leur série")
                self._set_aside(series)
                continue
            codes: dict[str, str] = {}
            if line[1].get(_LABEL) == _CODES:
                codes = line[1]
                line = next(waiting)
            else:
                self._refuse(number, _LABEL, series.get(_LABEL, ""), "une ligne « Codes » dessous", "codes de qualité")
            self._read_series(number, series, codes)
        self._completeness()

    def _read_series(self, number: int, series: dict[str, str], codes: dict[str, str]) -> None:
        territory = self._territory(number, series)
        if territory is None or not codes:
            self._set_aside(series)
            self._set_aside(codes)
            return
        for name in self.quarters:
            text, code = series.get(name, ""), codes.get(name, "")
            self.reading.cells_read += bool(text) + bool(code)
            if text or code:
                self._read_cell(number, name, text, code, territory)
        self._gaps(number, series, territory)

    def _territory(self, number: int, series: dict[str, str]) -> Territory | None:
        label, idbank = series.get(_LABEL, ""), series.get(_IDBANK, "")
        before = len(self.reading.rejects)
        if not re.fullmatch(r"\d{9}", idbank):
            self._refuse(number, _IDBANK, idbank, "neuf chiffres, zéros compris", "identifiant de série")
        if _day(series.get(_UPDATED, "")) is None:
            self._refuse(number, _UPDATED, series.get(_UPDATED, ""), "une date JJ/MM/AAAA", "date de mise à jour")
        territory = unemployment_territory(label, idbank)
        if territory is None:
            self._refuse(
                number, _LABEL, label or idbank, "« Taux de chômage localisé par … - » et un territoire connu", "série"
            )
        elif idbank in AREA_OF_SERIES and (official := area_territory(AREA_OF_SERIES[idbank])) != territory:
            expected = official[2] if official else AREA_OF_SERIES[idbank]
            self._refuse(
                number, _LABEL, territory[2], f"« {expected} », le territoire de la série {idbank}",
                "libellé et identifiant accordés",
            )  # fmt: skip
        elif (first := self.rows.setdefault(territory[:2], number)) != number:
            self._refuse(number, _LABEL, label, f"une seule série (déjà ligne {first})", "série en double")
        return territory if len(self.reading.rejects) == before else None

    def _read_cell(self, number: int, name: str, text: str, code: str, territory: Territory) -> None:
        status = STATUS.get(code)
        reading = self.reading
        if status is None:
            found, expected = (code, ", ".join(STATUS)) if code else ("code absent", "un code de qualité")
            self._refuse(number + 1, name, found, expected, "code de qualité")
            reading.leave("Valeur dont le code est refusé", bool(text) + bool(code) - 1)
            return
        if (status == "M") == bool(text) or (text and (not _RATE.fullmatch(text) or _decimal(text) > 100)):
            expected = "une case vide" if status == "M" else "un taux de 0 à 100, une décimale"
            self._refuse(number, name, text, expected, "taux de chômage")
            reading.leave("Code d'une valeur refusée", bool(text) + bool(code) - 1)
            return
        span = quarter(name)
        assert span is not None
        reading.leave("Codes de qualité : portés par la valeur", bool(text) and bool(code))
        self.cells.append(
            Cell(
                indicator_code="unemployment_rate",
                territory_level=territory[0],
                territory_code=territory[1],
                territory_label=territory[2],
                period_start=span[0],
                period_end=span[1],
                period_label=name,
                value=_decimal(text) if text else None,
                unit="percent",
                printed_text=text or code,
                printed_step=Decimal(1).scaleb(-len(text.replace(",", ".").partition(".")[2])) if text else None,
                source_row=number if text else number + 1,
                source_column=self.grid.letter(name),
                obs_status=status,
                marker=None if code == "A" else code,
            )
        )

    def _gaps(self, number: int, series: dict[str, str], territory: Territory) -> None:
        """A metropolitan series may begin late, never stop for a while nor end early."""
        chronological = sorted(self.quarters, key=lambda name: quarter(name) or (date.min, date.min))
        known = [name in series for name in chronological]
        follows = territory[0] in ("country", "region") or territory[1] in metropolitan("departement")
        if not follows or True not in known:
            return
        for name, present in zip(chronological[known.index(True) :], known[known.index(True) :], strict=True):
            if not present and territory[0] != "other":
                self._refuse(number, name, "case vide", "un taux : la série est continue", "série continue")

    def _completeness(self) -> None:
        expected = [("country", "FR-METRO", "France métropolitaine")]
        for level in ("region", "departement"):
            expected += [(level, code, name) for code, name in names(level).items() if code in metropolitan(level)]
        for level, code, name in expected:
            if (level, code) not in self.rows:
                self.reading.reject(
                    found=f"{name} ({code}) absente" if level == "region" else f"{name} ({code}) absent",
                    expected="tous les départements et régions de métropole", rule="complétude", name=_LABEL,
                    advice="Refaites l'export de toutes les séries : le fichier est tronqué.",
                )  # fmt: skip

    def check(self) -> None:
        """The rules between series and quarters."""
        self._order_of_headers()
        self._twin_columns()
        self._twin_rows()
        if not self.reading.rejects:
            headers = {self.grid.letter(name): name for name in self.quarters}
            flag_hardly_believable(self.reading, self.cells, headers)

    def _columns(self) -> dict[str, dict[tuple[str, str], Decimal]]:
        columns: dict[str, dict[tuple[str, str], Decimal]] = {name: {} for name in self.quarters}
        for cell in self.cells:
            if cell.value is not None:
                columns[cell.period_label][cell.territory_level, cell.territory_code] = Decimal(cell.value)
        return columns

    def _order_of_headers(self) -> None:
        """Columns may come in any order, as long as what is under each is where its name says it is."""
        chronological = sorted(self.quarters, key=lambda name: quarter(name) or (date.min, date.min))
        if self.quarters in (chronological, chronological[::-1]):
            return
        columns = self._columns()
        if _roughness(columns, self.quarters) < _roughness(columns, chronological):
            name = next(one for one, two in zip(self.quarters, chronological, strict=True) if one != two)
            self._refuse(1, name, name, "des en-têtes dans l'ordre de leurs colonnes", "en-têtes permutés")

    def _twin_columns(self) -> None:
        columns = self._columns()
        for one, other in combinations(self.quarters, 2):
            shared = columns[one].keys() & columns[other].keys()
            if len(shared) > len(self.rows) // 2 and all(columns[one][key] == columns[other][key] for key in shared):
                last = max(one, other)
                self._refuse(1, last, last, f"d'autres valeurs que {min(one, other)}", "colonne collée deux fois")

    def _twin_rows(self) -> None:
        seen: dict[tuple[object, ...], str] = {}
        values: dict[tuple[str, str], list[tuple[str, object]]] = {}
        for cell in self.cells:
            values.setdefault((cell.territory_level, cell.territory_code), []).append((cell.period_label, cell.value))
        for key, series in values.items():
            first = seen.setdefault(tuple(series), key[1])
            if first != key[1] and len(series) >= _QUARTERS_A_YEAR * 2:
                self._refuse(self.rows[key], _LABEL, key[1], f"d'autres valeurs que {first}", "ligne collée deux fois")

    def _set_aside(self, line: dict[str, str]) -> None:
        count = sum(name in line for name in self.quarters)
        self.reading.cells_read += count
        self.reading.leave("Série refusée", count)

    def _refuse(self, number: int, name: str, found: str, expected: str, rule: str) -> None:
        self.reading.reject(
            found=found, expected=expected, rule=rule, row=number, column=self.grid.letter(name), name=name,
            advice=_ADVICE,
        )  # fmt: skip


def _decimal(text: str) -> Decimal:
    return Decimal(text.replace(",", "."))


def _roughness(columns: dict[str, dict[tuple[str, str], Decimal]], order: list[str]) -> Decimal:
    """How much rates move in all, when quarters are taken in this order."""
    return sum(
        (
            abs(columns[later][key] - columns[earlier][key])
            for earlier, later in pairwise(order)
            for key in columns[earlier].keys() & columns[later].keys()
        ),
        Decimal(0),
    )


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="insee_bdm_csv",
        publisher="insee",
        dataset="unemployment",
        title_fr="Taux de chômage localisés, export de la BDM",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
