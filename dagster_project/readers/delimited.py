"""Delimited text of any size, read by DuckDB: every cell as text, every row with its number, in file order."""

import csv
import io
from dataclasses import dataclass
from pathlib import Path

import duckdb

from dagster_project.readers.cells import Reading
from dagster_project.readers.table import column_letter

# What DuckDB raises on a text that is no table; a lack of memory or of disk is not the file's fault.
MALFORMED = (duckdb.ProgrammingError, duckdb.DataError)
_HEAD = 1 << 16
_DELIMITERS = (";", ",", "\t")


@dataclass(frozen=True)
class Grid:
    """A table of text on the reading's connection: ``row_number`` (line of the file, header included), then ``c0``...

    Columns are addressed by the name their header gives; blanks around a name, and a byte order mark, do not count.
    """

    table: str
    header: tuple[str, ...]

    def column(self, name: str) -> str:
        """The SQL name of the column with this header."""
        return f"c{self.header.index(name)}"

    def letter(self, name: str) -> str:
        """The spreadsheet letter of the column with this header."""
        return column_letter(self.header.index(name))


def encoding_of(head: bytes) -> str | None:
    """``utf-8`` or ``utf-16``, from the first bytes of a file; None for anything else."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")) or head[1:2] == b"\x00":
        return "utf-16"
    try:
        head[: head.rfind(b"\n") + 1].decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
    return "utf-8"


def header_of(path: Path, delimiter: str, skip: int = 0) -> tuple[str, ...]:
    """The header of a delimited file: enough to recognise it. Empty when the file is not text."""
    with path.open("rb") as file:
        head = file.read(_HEAD)
    if (encoding := encoding_of(head)) is None:
        return ()
    lines = head.decode("utf-16" if encoding == "utf-16" else "utf-8-sig", errors="ignore").splitlines()[skip:]
    try:
        record = next(csv.reader(io.StringIO(lines[0] if lines else ""), delimiter=delimiter), [])
    except csv.Error:
        return ()
    return tuple(name.strip() for name in record)


def delimiter_of(path: Path) -> str:
    """The delimiter that cuts the header of a file in most columns."""
    return max(_DELIMITERS, key=lambda delimiter: len(header_of(path, delimiter)))


def open_grid(reading: Reading, path: Path, delimiter: str, *, skip: int = 0, table: str = "grid") -> Grid | None:
    """Read a whole delimited file into a table of text; None, with the reason refused, where it is not one.

    A column named twice, or a line with too many or too few cells, is refused by its place, and the file with it.
    """
    with path.open("rb") as file:
        encoding = encoding_of(file.read(_HEAD))
    header = header_of(path, delimiter, skip)
    if encoding is None or not header:
        reading.reject(
            found="octets illisibles", expected="un texte UTF-8 (ou UTF-16)", rule="encodage",
            advice="Reprenez le fichier d'origine, sans l'enregistrer depuis un tableur.",
        )  # fmt: skip
        return None
    twice = [index for index, name in enumerate(header) if name and name in header[:index]]
    for index in twice:
        reading.reject(
            found=header[index], expected="une seule fois chaque colonne", rule="en-tête", row=skip + 1,
            column=column_letter(index), name=header[index], advice="Retirez la colonne en double.",
        )  # fmt: skip
    if twice:
        return None
    columns = "{" + ", ".join(f"'c{index}': 'VARCHAR'" for index in range(len(header))) + "}"
    for log in ("reject_scans", "reject_errors"):
        reading.connection.execute(f"drop table if exists {log}")
    try:
        reading.connection.execute(
            f"""
            create or replace temp table {table} as
            select row_number() over () + {skip + 1} as row_number, *
            from read_csv(
                ?, columns = {columns}, auto_detect = false, header = false, skip = {skip + 1}, delim = '{delimiter}',
                quote = '"', escape = '"', encoding = '{encoding}', nullstr = '', strict_mode = true,
                store_rejects = true
            )
            """,
            [str(path)],
        )
    except MALFORMED as error:
        refuse_malformed(reading, delimiter, error)
        return None
    errors = reading.connection.execute(
        "select line, any_value(error_type), any_value(csv_line) from reject_errors group by line order by line"
    ).fetchall()
    for line, _, record in errors:
        reading.reject(
            found=str(record)[:80], expected=f"{len(header)} cellules séparées par « {delimiter} »", rule="largeur",
            advice="Reprenez le fichier d'origine : cette ligne est coupée ou a perdu un séparateur.",
            row=int(line) + skip,
        )  # fmt: skip
    return None if errors else Grid(table, header)


def refuse_malformed(reading: Reading, delimiter: str, error: duckdb.Error) -> None:
    """Refuse a file that DuckDB's reader could not follow to its end."""
    reading.reject(
        found=str(error).splitlines()[0][:80], expected=f"un tableau séparé par « {delimiter} »", rule="CSV",
        advice="Reprenez le fichier d'origine : celui-ci n'est pas un texte bien formé.",
    )  # fmt: skip
