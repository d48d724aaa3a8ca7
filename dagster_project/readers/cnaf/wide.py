"""A CNAF export of communes as a wide, typed table: a line a commune and month, a column of whole numbers a measure.

Files have tens of millions of lines, so nothing here works cell by cell: DuckDB's own CSV reader types the cells, its
reject table says which it could not, and the number of a line is worked out from ``rowid`` when a line is spoken of.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from dagster_project.readers.cells import Reading
from dagster_project.readers.cnaf.measures import Measure, measure_of
from dagster_project.readers.delimited import MALFORMED, header_of, refuse_malformed
from dagster_project.readers.table import column_letter

DELIMITER = ";"
PERIOD, CODE, LABEL = "dtreffre", "numcomdo", "nomcom"
UNLOCATED = "unlocated"
# One gigabyte and a quarter for tables and buffers keeps the whole process under two.
_MEMORY_MB = 1250
_UNITS = {"bytes": 1e-6, "KiB": 1.024e-3, "MiB": 1.048576, "GiB": 1073.741824, "TiB": 1099511.627776}
_MAX_REJECTED_LINES = 10_000
_CHUNK = 1 << 20
_COUNTED_APART = 1 << 26
_AGAIN = "Reprenez le fichier d'origine sur data.caf.fr, sans l'enregistrer depuis un tableur."


@dataclass
class Lost:
    """Cells of figures that are not in the table: on lines of a wrong width, beside a mistyped cell, with decimals."""

    broken: int = 0
    mistyped: int = 0
    decimals: int = 0


@dataclass(frozen=True)
class Wide:
    """The table read: columns ``period``, ``territory_code``, ``territory_label``, then one a measure."""

    reading: Reading
    header: tuple[str, ...]
    measures: tuple[Measure, ...]
    refused_lines: list[int] = field(default_factory=list)
    lost: Lost = field(default_factory=Lost)

    @property
    def table(self) -> str:
        return f"{self.reading.table.removesuffix('_cells')}_wide"

    def letter(self, name: str) -> str:
        return column_letter(self.header.index(name))

    def line(self, rowid: int) -> int:
        """The line of the file a row stands on: the header is line 1, and refused lines are not in the table."""
        line = rowid + 2
        while (later := rowid + 2 + bisect_right(self.refused_lines, line)) != line:
            line = later
        return line

    def one(self, sql: str) -> tuple[object, ...]:
        row = self.reading.connection.execute(sql).fetchone()
        assert row is not None
        return row


def read_wide(reading: Reading, path: Path) -> Wide | None:
    """Read the file into the table; None, with the reason refused, where it is not the table expected."""
    header = header_of(path, DELIMITER)
    measures = _measures(reading, header)
    if measures is None:
        return None
    wide = Wide(reading, header, measures)
    has_decimals = _has_decimals(path)
    try:
        _load(wide, path, "decimal(18, 6)" if has_decimals else "integer", _date_format(path))
    except MALFORMED as error:
        refuse_malformed(reading, DELIMITER, error)
        return None
    _refuse_lines(wide)
    if has_decimals:
        _refuse_decimals(wide)
    _tidy(wide)
    return wide


def count_apart(wide: Wide, path: Path) -> int | None:
    """How many cells of figures a file holds, counted on its text; None above 64 MB, where it would cost too much."""
    if path.stat().st_size > _COUNTED_APART:
        return None
    columns = "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(wide.header))) + "}"
    figures = [f"count(nullif(trim(c{wide.header.index(measure.name)}), ''))" for measure in wide.measures]
    lines = wide.one(
        f"select {' + '.join(figures)} from read_csv('{_quoted(path)}', columns = {columns}, auto_detect = false, "
        f"header = false, skip = 1, delim = '{DELIMITER}', quote = '\"', escape = '\"', nullstr = '', "
        "ignore_errors = true)"
    )
    return int(str(lines[0]))


def _measures(reading: Reading, header: tuple[str, ...]) -> tuple[Measure, ...] | None:
    """The measures of a header, which must name every column known, once."""
    before = len(reading.rejects)
    measures: list[Measure] = []
    for index, name in enumerate(header):
        measure = measure_of(name)
        if name in header[:index]:
            expected, advice = "une seule fois la colonne", "Retirez le doublon."
        elif measure is not None or name in (PERIOD, CODE, LABEL):
            measures += [measure] if measure else []
            continue
        else:
            expected, advice = "une colonne de la CNAF (indfoy_rsa, indmtt_ppa…)", "Vérifiez l'en-tête. " + _AGAIN
        reading.reject(
            found=name, expected=expected, rule="en-tête", advice=advice, row=1, column=column_letter(index), name=name
        )
    for name in (PERIOD, CODE):
        if name not in header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", advice=_AGAIN, row=1, name=name
            )
    if not measures:
        reading.reject(found="aucune mesure", expected="une colonne indfoy_…", rule="en-tête", advice=_AGAIN, row=1)
    return None if len(reading.rejects) > before else tuple(measures)


def _load(wide: Wide, path: Path, figure: str, date_format: str) -> None:
    connection = wide.reading.connection
    types = {PERIOD: ("period", "date"), CODE: ("territory_code", "varchar"), LABEL: ("territory_label", "varchar")}
    columns = [types.get(name, (name, figure)) for name in wide.header]
    declared = "{" + ", ".join(f"'{name}': '{sql_type}'" for name, sql_type in columns) + "}"
    label = "territory_label" if LABEL in wide.header else "cast(null as varchar) as territory_label"
    figures = ", ".join(measure.name for measure in wide.measures)
    for log in ("reject_scans", "reject_errors"):
        connection.execute(f"drop table if exists {log}")
    with _order_of_the_file(connection):
        connection.execute(
            f"""
            create or replace temp table {wide.table} as
            select period, coalesce(territory_code, '{UNLOCATED}') as territory_code, {label}, {figures}
            from read_csv(
                '{_quoted(path)}', columns = {declared}, auto_detect = false, header = false, skip = 1,
                delim = '{DELIMITER}', quote = '"', escape = '"', nullstr = '', dateformat = '{date_format}',
                strict_mode = true, store_rejects = true, rejects_limit = {_MAX_REJECTED_LINES}
            )
            """
        )


@contextmanager
def _order_of_the_file(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Rows stand in the order of the file, for rowid to tell their line."""
    row = connection.execute("select current_setting('preserve_insertion_order')").fetchone()
    connection.execute("set preserve_insertion_order = true")
    try:
        yield
    finally:
        connection.execute(f"set preserve_insertion_order = {row is not None and row[0]}")


def _refuse_lines(wide: Wide) -> None:
    """Refuse what the reader could not type; the other figures of such a line are set aside with it."""
    reading = wide.reading
    errors = reading.connection.execute(
        """
        select line, column_idx, error_type, csv_line, count(*) over () >= 10000 as is_cut
        from reject_errors order by line, column_idx
        """
    ).fetchall()
    aside: dict[int, int] = {}
    broken: set[int] = set()
    for line, index, kind, text, _ in errors:
        number = int(line)
        record = str(text).strip("\r\n").split(DELIMITER)
        if number not in aside:
            aside[number] = _figures(wide, record)
            if kind == "CAST":
                wide.lost.mistyped += aside[number]
            else:
                wide.lost.broken += aside[number]
        if kind == "CAST" and index <= len(wide.header):
            name = wide.header[index - 1]
            aside[number] -= name not in (PERIOD, CODE, LABEL)
            reading.reject(
                found=record[index - 1] if index <= len(record) else text, expected=_expected(name),
                rule="type de la cellule", advice="Corrigez la cellule. " + _AGAIN, row=number,
                column=wide.letter(name), name=name,
            )  # fmt: skip
        elif number not in broken:
            broken.add(number)
            reading.reject(
                found=str(text).strip()[:80], rule="largeur",
                expected=f"{len(wide.header)} cellules séparées par « {DELIMITER} », en UTF-8",
                 advice="La ligne est coupée, ou a perdu un séparateur. " + _AGAIN, row=number,
            )  # fmt: skip
    reading.leave("Autres cellules d'une ligne refusée", sum(aside.values()))
    wide.refused_lines.extend(sorted(aside))
    if errors and errors[0][4]:
        reading.reject(
            found=f"au moins {_MAX_REJECTED_LINES} cellules illisibles", expected="un export de la CNAF",
            rule="type de la cellule", advice="Les suivantes ne sont pas détaillées. " + _AGAIN,
        )  # fmt: skip


def _figures(wide: Wide, record: list[str]) -> int:
    named = zip(wide.header, record, strict=False)
    return sum(1 for name, cell in named if name not in (PERIOD, CODE, LABEL) and cell.strip())


def _expected(name: str) -> str:
    if name == PERIOD:
        return "un mois AAAA-MM, de 01 à 12"
    return "un nombre entier, sans espace ni unité, de moins de deux milliards"


def _refuse_decimals(wide: Wide) -> None:
    """Whole numbers may be written 15.0; others are refused, and are not kept."""
    connection = wide.reading.connection
    for measure in wide.measures:
        name = measure.name
        for rowid, found in connection.execute(
            f"select rowid, {name} from {wide.table} where {name} <> trunc({name}) order by rowid limit 1000"
        ).fetchall():
            wide.reading.reject(
                found=found.normalize(), expected=_expected(name), rule="nombre entier", advice=_AGAIN,
                row=wide.line(rowid), column=wide.letter(name), name=name,
            )  # fmt: skip
        refused = connection.execute(f"select count(*) from {wide.table} where {name} <> trunc({name})").fetchone()
        wide.lost.decimals += refused[0] if refused else 0
        connection.execute(f"update {wide.table} set {name} = null where {name} <> trunc({name})")
        connection.execute(f"alter table {wide.table} alter {name} type bigint")


def _tidy(wide: Wide) -> None:
    """Drop lines of blanks; they are rare, so they are looked for first."""
    blank = " and ".join(f"{measure.name} is null" for measure in wide.measures)
    dates, lines = wide.one(f"select count(period), count(*) from {wide.table}")
    if dates != lines:
        wide.reading.connection.execute(
            f"delete from {wide.table} where period is null and territory_code = '{UNLOCATED}' and {blank}"
        )


def _date_format(path: Path) -> str:
    """Months are written 2024-12; some exports write the first day of the month."""
    with path.open("rb") as file:
        lines = file.read(1 << 16).splitlines()[1:200]
    return "%Y-%m-%d" if any(re.search(rb"(^|;)\"?\d{4}-\d\d-\d\d\"?(;|$)", line) for line in lines) else "%Y-%m"


def _has_decimals(path: Path) -> bool:
    """Whether a point stands beside a figure anywhere: the CSV reader would round 12.5 without a word."""
    before = b""
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            if (b"." in chunk or before == b".") and re.search(rb"\d\.|\.\d", before + chunk):
                return True
            before = chunk[-1:]
    return False


@contextmanager
def bounded_memory(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Keep DuckDB's memory low while a file is read; what does not fit goes to its temporary folder."""
    row = connection.execute("select current_setting('memory_limit')").fetchone()
    limit = str(row[0]) if row else ""
    if (match := re.fullmatch(r"([\d.]+) (\w+)", limit)) and float(match[1]) * _UNITS[match[2]] <= _MEMORY_MB:
        yield
        return
    connection.execute(f"set memory_limit = '{_MEMORY_MB}MB'")
    try:
        yield
    finally:
        connection.execute(f"set memory_limit = '{limit}'")


def _quoted(path: Path) -> str:
    """A path as SQL text; brackets, as in [SD], would otherwise be a pattern of names."""
    return re.sub(r"[\[*?]", r"[\g<0>]", str(path)).replace("'", "''")
