"""Names, texts and numbers as SQL reads and writes them."""

import re

_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)", re.IGNORECASE)
# DuckDB holds these in 64 bits. Beyond, it computes on 128: a cell takes eight times longer to write, and three hundred
# times longer to read.
_FAST_DIGITS = 18


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """A name as SQL reads it, whatever it holds."""
    return '"' + name.replace('"', '""') + '"'


def decimal_of(text: str, data_type: str, cast: str = "cast") -> str:
    """What reads a text as a decimal: the cast itself, taken through fewer digits wherever they are enough."""
    plain = f"{cast}({text} as {data_type})"
    if fewer := _with_fewer_digits(data_type):
        return f"coalesce(cast(try_cast({text} as {fewer}) as {data_type}), {plain})"
    return plain


def text_of(column: str, data_type: str) -> str:
    """What writes a column as a text: the cast itself, taken through fewer digits wherever they are enough."""
    if fewer := _with_fewer_digits(data_type):
        return f"coalesce(try_cast({column} as {fewer})::varchar, {column}::varchar)"
    return f"{column}::varchar"


def _with_fewer_digits(data_type: str) -> str | None:
    found = _DECIMAL.fullmatch(data_type)
    return f"decimal({_FAST_DIGITS}, {found[2]})" if found and int(found[1]) > _FAST_DIGITS >= int(found[2]) else None
