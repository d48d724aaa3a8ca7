"""Filosofi (INSEE): living standards, inequality and poverty of households, a file a year and a geographic level.

First generation, up to 2021: living standards of persons in fiscal households, in euros a year and by unit of
consumption; the poverty threshold is a share of the median of metropolitan France. There is no year 2022, and INSEE
rules out a comparison with 2023 on, which comes in another layout (see ``melodi``).
"""

from collections.abc import Callable
from datetime import date
from pathlib import Path

from dagster_project.readers.cells import Reading, number_of
from dagster_project.readers.delimited import Grid, header_of, open_grid
from dagster_project.readers.insee.filosofi_checks import Checks
from dagster_project.readers.insee.filosofi_columns import (
    CODE_HEADERS,
    NAME_HEADERS,
    Columns,
    Field,
    columns_in_french,
    columns_with_year,
    is_declared_income,
    years_of,
)
from dagster_project.readers.insee.filosofi_territories import Place, Row, Territories
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.table import column_letter

_LICENCE = "Licence Ouverte 2.0"
_ADVICE = "Reprenez le fichier d'origine de l'Insee, sans l'enregistrer depuis un tableur."
_LAST_YEAR = 2021
# "s": statistical secrecy; "nd": not available (a new commune, or an empty one).
_MARKERS = ("s", "nd")
_SHOWN = 20

Naming = Callable[[tuple[str, ...], str], Columns]


def _with_year(header: tuple[str, ...], file_name: str) -> Columns:
    return columns_with_year(header)


def _recogniser(delimiter: str, naming: Naming, telling: str) -> Callable[[Path], Recognition]:
    def recognise(path: Path) -> Recognition:
        header = header_of(path, delimiter)
        columns = naming(header, path.name)
        found = [field.header for field in columns.fields]
        missing = []
        if not found or len(columns.unknown) > len(found):
            missing.append(telling)
        if not any(name in header for name in CODE_HEADERS):
            missing.append(CODE_HEADERS[0])
        if found and not columns.year:
            missing.append("l'année, dans le nom du fichier")
        if found and is_declared_income(header, path.name):
            missing.append("des niveaux de vie (DISP), non des revenus déclarés (DEC)")
        return Recognition(tuple(found[:8]), tuple(missing))

    return recognise


def _edition_of(delimiter: str, naming: Naming) -> Callable[[Path], EditionFacts]:
    """The year; the files do not say when they were published."""

    def edition(path: Path) -> EditionFacts:
        year = naming(header_of(path, delimiter), path.name).year
        return EditionFacts(str(year) if year else "")

    return edition


def _reader(delimiter: str, naming: Naming) -> Callable[[Path, Reading], None]:
    def read(path: Path, reading: Reading) -> None:
        grid = open_grid(reading, path, delimiter)
        if grid is None:
            return
        columns = naming(grid.header, path.name)
        if _header_is_sound(reading, grid, columns, path.name):
            _Table(reading, grid, columns, path.name).read()

    return read


def _header_is_sound(reading: Reading, grid: Grid, columns: Columns, file_name: str) -> bool:
    """Whether the file has a year, a territory and measures, and nothing else."""

    def refuse(index: int | None, found: str, expected: str, advice: str = _ADVICE) -> None:
        letter = None if index is None else column_letter(index)
        reading.reject(
            found=found, expected=expected, rule="en-tête", advice=advice, row=1, column=letter,
            name=None if index is None else grid.header[index],
        )  # fmt: skip

    before = len(reading.rejects)
    if not any(name in grid.header for name in CODE_HEADERS):
        refuse(None, "colonne absente", f"la colonne {CODE_HEADERS[0]}")
    if not columns.fields or not columns.year:
        refuse(None, "aucune année", "des colonnes d'une année de Filosofi (Q219, MED21, TP6021)")
    elif columns.year > _LAST_YEAR:
        refuse(
            columns.fields[0].index, columns.fields[0].header, f"une année jusqu'à {_LAST_YEAR}",
            "Filosofi 2022 n'existe pas, et l'Insee diffuse 2023 et la suite dans une autre forme (Melodi).",
        )  # fmt: skip
    elif years_of(file_name) and columns.year not in years_of(file_name):
        refuse(
            columns.fields[0].index, columns.fields[0].header,
            f"l'année que dit le nom du fichier, {years_of(file_name)[0]}",
        )  # fmt: skip
    if is_declared_income(grid.header, file_name):
        refuse(None, "revenus déclarés (DEC)", "des niveaux de vie (DISP)", "Déposez le fichier DISP.")
    for index, name in columns.unknown:
        refuse(index, name, f"une colonne de Filosofi {columns.year or ''}".strip())
    seen: dict[str, str] = {}
    for field in columns.fields:
        if (other := seen.setdefault(field.measure.key, field.header)) != field.header:
            refuse(field.index, field.header, f"une seule fois cette grandeur (déjà {other})")
    return len(reading.rejects) == before


class _Table:
    """One file: its rows cut into cells in SQL, kept with their territory, then held to what they must be."""

    def __init__(self, reading: Reading, grid: Grid, columns: Columns, file_name: str) -> None:
        self._reading = reading
        self._connection = reading.connection
        self._grid = grid
        self._columns = columns
        self._file_name = file_name
        self._code = next(grid.header.index(name) for name in CODE_HEADERS if name in grid.header)
        self._name = next((grid.header.index(name) for name in NAME_HEADERS if name in grid.header), None)

    def read(self) -> None:
        self._reading.cells_read = self._count_cells()
        self._refuse_cells_without_header()
        if not self._columns.fields:
            return
        self._cut()
        if not self._connection.execute("select count(*) from filosofi_cell").fetchone()[0]:  # type: ignore[index]
            self._reading.reject(
                found="aucune valeur", expected="une ligne par territoire", rule="complétude", advice=_ADVICE
            )
            return
        places = self._places()
        self._register(places)
        self._refuse_unreadable()
        self._refuse_fractions()
        self._keep()
        if not self._reading.rejects:
            self._widen()
            Checks(self._reading, self._columns.fields).run()

    def _count_cells(self) -> int:
        counted = [field.index for field in self._columns.fields] + self._without_header
        total = " + ".join(f"(trim(coalesce(c{index}, '')) <> '')::int" for index in counted)
        row = self._connection.execute(f"select coalesce(sum({total}), 0) from {self._grid.table}").fetchone()
        assert row is not None
        return int(row[0])

    @property
    def _without_header(self) -> list[int]:
        """Columns with a blank header: the file of 2017 ends with 69 of them, all empty."""
        return [index for index, name in enumerate(self._grid.header) if not name]

    def _refuse_cells_without_header(self) -> None:
        for index in self._without_header:
            rows = self._connection.execute(
                f"select row_number, c{index} from {self._grid.table} where trim(c{index}) <> '' limit {_SHOWN}"
            ).fetchall()
            for row, found in rows:
                self._reading.reject(
                    found=found, expected="une colonne sans en-tête vide", rule="cellule sans en-tête",
                    advice=_ADVICE, row=row, column=column_letter(index),
                )  # fmt: skip

    def _cut(self) -> None:
        """One row a non-empty cell: ``filosofi_cell``, with its number where it has one."""
        cells = ", ".join(f"nullif(trim(c{field.index}), '') as \"{field.measure.key}\"" for field in self._fields)
        keys = ", ".join(f'"{field.measure.key}"' for field in self._fields)
        name = f"coalesce(trim(c{self._name}), '')" if self._name is not None else "null"
        self._connection.execute(
            f"""
            create or replace temp table filosofi_row as
            select row_number, coalesce(trim(c{self._code}), '') as code, {name} as name, {cells}
            from {self._grid.table}
            where coalesce(trim(c{self._code}), '') <> '' or ({name}) <> '' or coalesce({keys}) is not null
            """
        )
        self._connection.execute(
            f"create or replace temp table filosofi_text as "
            f"select row_number, key, text from (unpivot filosofi_row on {keys} into name key value text)"
        )
        separator = self._separator()
        self._connection.execute(
            f"""
            create or replace temp table filosofi_cell as
            select
                row_number, key, text, case
                    when regexp_full_match(text, '-?\\d+([{separator}]\\d{{1,6}})?')
                    then {number_of(f"replace(text, '{separator}', '.')", "try_cast")}
                end as value,
                cast(case
                    when contains(text, '{separator}') then power(0.1, length(text) - strpos(text, '{separator}'))
                    else 1
                end as decimal(24, 6)) as step
            from filosofi_text
            """
        )

    def _separator(self) -> str:
        """The decimal mark of the file: a comma in all that is known, a point where there is no comma at all."""
        row = self._connection.execute(
            r"""
            select count(*) filter (regexp_full_match(text, '-?\d+,\d+')) = 0
                and count(*) filter (regexp_full_match(text, '-?\d+\.\d+')) > 0
            from filosofi_text
            """
        ).fetchone()
        assert row is not None
        return "." if row[0] else ","

    @property
    def _fields(self) -> tuple[Field, ...]:
        return self._columns.fields

    def _places(self) -> dict[int, Place]:
        rows = [
            Row(*row)
            for row in self._connection.execute(
                "select row_number, code, name from filosofi_row order by row_number"
            ).fetchall()
        ]
        indexes = (self._code, self._code if self._name is None else self._name)
        letters = (column_letter(indexes[0]), column_letter(indexes[1]))
        headers = (self._grid.header[indexes[0]], self._grid.header[indexes[1]])
        return Territories(self._reading, self._file_name, self._columns.year, letters, headers).places(rows)

    def _register(self, places: dict[int, Place]) -> None:
        import pandas

        frames = {
            "filosofi_place": pandas.DataFrame(
                [(row, place.level, place.code, place.label) for row, place in places.items()],
                columns=["row_number", "level", "code", "label"],
            ).astype({"row_number": "int64", "level": "str", "code": "str", "label": "str"}),
            "filosofi_column": pandas.DataFrame(
                [
                    (one.measure.key, one.header, one.measure.indicator, one.measure.unit, one.measure.kind,
                     one.measure.group, one.index)
                    for one in self._fields
                ],
                columns=["key", "header", "indicator", "unit", "kind", "population", "position"],
            ),
        }  # fmt: skip
        for table, frame in frames.items():
            self._connection.register("filosofi_incoming", frame)
            self._connection.execute(f"create or replace temp table {table} as select * from filosofi_incoming")
            self._connection.unregister("filosofi_incoming")

    def _refuse_unreadable(self) -> None:
        markers = ", ".join(f"'{marker}'" for marker in _MARKERS)
        self._refuse_where(
            f"cell.value is null and cell.text not in ({markers})",
            "un nombre à virgule décimale, sans séparateur de milliers, ou « s » (secret), « nd » (non disponible)",
            "type de la cellule",
        )

    def _refuse_fractions(self) -> None:
        self._refuse_where(
            "(kind = 'count' and value % 1 <> 0) or (kind = 'half_count' and (2 * value) % 1 <> 0)",
            "un nombre entier (ou une demi-personne)", "dénombrement",
        )  # fmt: skip
        self._refuse_where("kind <> 'share' and value < 0", "un nombre positif", "signe")

    def _refuse_where(self, condition: str, expected: str, rule: str) -> None:
        rows = self._connection.execute(
            f"""
            with wrong as (
                select row_number, position, header, text, row_number() over (
                    partition by key order by row_number) as rank, count(*) over (partition by key) as cells
                from filosofi_cell as cell
                inner join filosofi_column using (key)
                where {condition}
            )
            select row_number, position, header, text, cells from wrong where rank <= {_SHOWN} order by all
            """
        ).fetchall()
        for row, position, header, text, cells in rows:
            found = text if cells <= _SHOWN else f"{text} ({cells} cellules dans cette colonne)"
            self._reading.reject(
                found=found, expected=expected, rule=rule, advice=_ADVICE, row=row, column=column_letter(position),
                name=header,
            )  # fmt: skip

    def _keep(self) -> None:
        """A rate of exactly 5 is INSEE's floor, "5 % or less": kept as 5, marked ``<=``."""
        year = self._columns.year
        start, end = date(year, 1, 1), date(year, 12, 31)
        markers = ", ".join(f"'{marker}'" for marker in _MARKERS)
        self._connection.execute(
            f"""
            insert into {self._reading.table}
            with floor as (
                select count(*) filter (value = 5) > count(*) filter (value < 5) as exists_here
                from filosofi_cell
                inner join filosofi_column using (key)
                where kind = 'rate' and key <> 'PIMP'
            )
            select
                indicator, level, code, label, population, '{year}', '{year}', date '{start}', date '{end}', value,
                unit, case
                    when text in ({markers}) then text
                    when kind = 'rate' and key <> 'PIMP' and value = 5 and exists_here then '<='
                end,
                case when text in ({markers}) then 'M' else 'A' end,
                text, case when value is not null then step end, null, row_number, header
            from filosofi_cell
            inner join filosofi_column using (key)
            inner join filosofi_place using (row_number)
            cross join floor
            where value is not null or text in ({markers})
            order by row_number, position
            """
        )

    def _widen(self) -> None:
        mark = self._separator()
        values = ", ".join(
            f"try_cast(replace(\"{field.measure.key}\", '{mark}', '.') as double) as \"{field.measure.key}\""
            for field in self._fields
        )
        self._connection.execute(
            f"""
            create or replace temp table filosofi_wide as
            select row_number, filosofi_place.level, filosofi_place.code, {values}
            from filosofi_row
            inner join filosofi_place using (row_number)
            """
        )


_TELLING = "des colonnes Filosofi suffixées par l'année (Q219, MED21, TP6021)"
_TELLING_IN_FRENCH = "des colonnes Filosofi en toutes lettres (Taux de pauvreté-Ensemble…)"

LAYOUTS = (
    OfficialLayout(
        "insee_filosofi_table", "insee", "filosofi", "Filosofi : niveaux de vie et pauvreté, fichiers DISP et cc",
        _LICENCE, _recogniser(";", _with_year, _TELLING), _edition_of(";", _with_year), _reader(";", _with_year),
        largest=256 << 20,
    ),
    OfficialLayout(
        "insee_filosofi_french_headers", "insee", "filosofi", "Filosofi : pauvreté, en-têtes en toutes lettres",
        _LICENCE, _recogniser(",", columns_in_french, _TELLING_IN_FRENCH), _edition_of(",", columns_in_french),
        _reader(",", columns_in_french),
    ),
)  # fmt: skip
