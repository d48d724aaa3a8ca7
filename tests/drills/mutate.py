"""Producers' files damaged as files really are: on the way, in a spreadsheet, by a hand; and harmless variants of them.

Each mutation takes the bytes of a sound file and a source of chance, and gives damaged bytes, or None where it does not
apply to this file.
"""

import csv
import io
import random
import re
from collections.abc import Callable

from dagster_project.readers.spreadsheet import Value

Mutation = Callable[[bytes, random.Random], bytes | None]
_NUMBER = re.compile(r"^-?\d+(?:[.,]\d+)?$")


class Text:
    """A delimited file taken apart: its mark, its line ends, its records."""

    def __init__(self, content: bytes) -> None:
        self.mark = b"\xef\xbb\xbf" if content.startswith(b"\xef\xbb\xbf") else b""
        self.wide = content.startswith(b"\xff\xfe")
        text = content.decode("utf-16") if self.wide else content.decode("utf-8-sig")
        self.end = "\r\n" if "\r\n" in text else "\n"
        first = text.splitlines()[0]
        self.delimiter = max(";,\t", key=first.count)
        self.quoted = first.startswith('"')
        self.records = list(csv.reader(io.StringIO(text), delimiter=self.delimiter))

    def bytes(self) -> bytes:
        out = io.StringIO()
        dialect = csv.writer(
            out,
            delimiter=self.delimiter,
            lineterminator=self.end,
            quoting=csv.QUOTE_ALL if self.quoted else csv.QUOTE_MINIMAL,
        )
        dialect.writerows(self.records)
        if self.wide:
            return out.getvalue().encode("utf-16")
        return self.mark + out.getvalue().encode()

    def numbers(self) -> list[tuple[int, int]]:
        """Where the values are: numeric cells that are neither codes nor periods, off the first row and column."""
        codes = {index for index, name in enumerate(self.records[0]) if _is_code(name)}
        return [
            (row, index)
            for row, record in enumerate(self.records[1:], start=1)
            for index, cell in enumerate(record)
            if index and index not in codes and _NUMBER.match(cell) and cell.strip("0.,-")
        ]


def _is_code(name: str) -> bool:
    return bool(re.match(r"(?i)(codgeo|com|dep|reg|can|arr|tncc|idbank|numcom|code|dtref|iris|note|cod|typ)", name))


def truncated(content: bytes, chance: random.Random) -> bytes:
    return content[: chance.randint(len(content) // 10, len(content) * 9 // 10)]


def another_encoding(content: bytes, chance: random.Random) -> bytes | None:
    try:
        damaged = content.decode("utf-8-sig").encode("latin-1")
    except (UnicodeDecodeError, UnicodeEncodeError):
        return None
    return damaged if damaged != content.removeprefix(b"\xef\xbb\xbf") else None


def another_separator(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    text.delimiter = {";": ",", ",": "|", "\t": ";"}[text.delimiter]
    return text.bytes()


def swapped_headers(content: bytes, chance: random.Random) -> bytes | None:
    """Two headers exchanged, their columns left in place."""
    text = Text(content)
    header = text.records[0]
    one, other = chance.sample(range(len(header)), 2)
    if header[one] == header[other] or all(
        record[one] == record[other] for record in text.records[1:] if len(record) > max(one, other)
    ):
        return None
    header[one], header[other] = header[other], header[one]
    return text.bytes()


def shifted_header(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    text.records[0] = ["", *text.records[0][:-1]]
    return text.bytes()


def renamed_header(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    text.records[0][chance.randrange(len(text.records[0]))] = "inconnue"
    return text.bytes()


def lost_zeros(content: bytes, chance: random.Random) -> bytes | None:
    """Codes opened in a spreadsheet: 01 is 1."""
    text = Text(content)
    changed = False
    for record in text.records[1:]:
        for index in range(min(2, len(record))):
            if re.match(r"^0\d{1,8}$", record[index]):
                record[index], changed = record[index].lstrip("0"), True
    return text.bytes() if changed else None


def times_ten(content: bytes, chance: random.Random) -> bytes | None:
    text = Text(content)
    if not (places := text.numbers()):
        return None
    row, index = chance.choice(places)
    cell = text.records[row][index]
    mark = "," if "," in cell else "."
    whole, _, decimals = cell.partition(mark)
    text.records[row][index] = whole + (decimals[:1] or "0") + (mark + decimals[1:] if decimals[1:] else "")
    return text.bytes()


def letter_in_a_number(content: bytes, chance: random.Random) -> bytes | None:
    text = Text(content)
    if not (places := text.numbers()):
        return None
    row, index = chance.choice(places)
    text.records[row][index] = text.records[row][index] + "O"
    return text.bytes()


def row_twice(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    at = chance.randrange(1, len(text.records))
    text.records.insert(at, list(text.records[at]))
    return text.bytes()


def lost_cell(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    at = chance.randrange(1, len(text.records))
    del text.records[at][chance.randrange(len(text.records[at]))]
    return text.bytes()


def html_page(content: bytes, chance: random.Random) -> bytes:
    return b"<!DOCTYPE html><html><body>Service indisponible</body></html>"


DAMAGES: dict[str, Mutation] = {
    one.__name__: one
    for one in (
        truncated, another_encoding, another_separator, swapped_headers, shifted_header, renamed_header, lost_zeros,
        times_ten, letter_in_a_number, row_twice, lost_cell, html_page,
    )
}  # fmt: skip


def other_line_ends(content: bytes, chance: random.Random) -> bytes:
    text = Text(content)
    text.end = "\n" if text.end == "\r\n" else "\r\n"
    return text.bytes()


def other_mark(content: bytes, chance: random.Random) -> bytes | None:
    text = Text(content)
    text.mark = b"" if text.mark else b"\xef\xbb\xbf"
    return None if text.wide else text.bytes()


def no_last_line_end(content: bytes, chance: random.Random) -> bytes:
    return Text(content).bytes().rstrip(b"\r\n") if not Text(content).wide else content


def columns_in_another_order(content: bytes, chance: random.Random) -> bytes | None:
    text = Text(content)
    width = len(text.records[0])
    if len(set(text.records[0])) < width or any(len(record) != width for record in text.records):
        return None
    order = list(range(width))
    chance.shuffle(order)
    text.records = [[record[index] for index in order] for record in text.records]
    return text.bytes()


VARIANTS: dict[str, Mutation] = {
    one.__name__: one for one in (other_line_ends, other_mark, no_last_line_end, columns_in_another_order)
}


Sheets = dict[str, list[list[Value]]]
SheetDamage = Callable[[Sheets, random.Random], bool]


def _numbers(sheets: Sheets) -> list[tuple[str, int, int]]:
    """Values of the sheets' tables: whole numbers far enough from the titles and from the names."""
    return [
        (name, row, index)
        for name, rows in sheets.items()
        for row, cells in enumerate(rows)
        for index, cell in enumerate(cells)
        if name != "Données nationales"  # long national series, which the reader sets aside
        if row > 8 and index > 1 and isinstance(cell, float) and cell >= 20 and cell.is_integer()
    ]


def number_times_ten(sheets: Sheets, chance: random.Random) -> bool:
    name, row, index = chance.choice(_numbers(sheets))
    cell = sheets[name][row][index]
    assert isinstance(cell, float)
    sheets[name][row][index] = cell * 10
    return True


def word_for_a_number(sheets: Sheets, chance: random.Random) -> bool:
    name, row, index = chance.choice(_numbers(sheets))
    sheets[name][row][index] = "beaucoup"
    return True


def blank_for_a_number(sheets: Sheets, chance: random.Random) -> bool:
    name, row, index = chance.choice(_numbers(sheets))
    sheets[name][row][index] = ""
    return True


def lost_row(sheets: Sheets, chance: random.Random) -> bool:
    name, row, _ = chance.choice(_numbers(sheets))
    del sheets[name][row]
    return True


def same_row_twice(sheets: Sheets, chance: random.Random) -> bool:
    name, row, _ = chance.choice(_numbers(sheets))
    sheets[name].insert(row, list(sheets[name][row]))
    return True


def lost_column(sheets: Sheets, chance: random.Random) -> bool:
    name, _, index = chance.choice(_numbers(sheets))
    for cells in sheets[name]:
        if index < len(cells):
            del cells[index]
    return True


def two_columns_exchanged_under_their_names(sheets: Sheets, chance: random.Random) -> bool:
    """The figures of two columns exchanged, headers left in place."""
    name, row, one = chance.choice(_numbers(sheets))
    others = [index for sheet, at, index in _numbers(sheets) if sheet == name and at == row and index != one]
    if not others:
        return False
    other = chance.choice(others)
    for cells in sheets[name][8:]:
        if max(one, other) < len(cells):
            cells[one], cells[other] = cells[other], cells[one]
    return True


def lost_sheet(sheets: Sheets, chance: random.Random) -> bool:
    name, _, _ = chance.choice(_numbers(sheets))
    del sheets[name]
    return True


SHEET_DAMAGES: dict[str, SheetDamage] = {
    one.__name__: one
    for one in (
        number_times_ten, word_for_a_number, blank_for_a_number, lost_row, same_row_twice, lost_column,
        two_columns_exchanged_under_their_names, lost_sheet,
    )
}  # fmt: skip
