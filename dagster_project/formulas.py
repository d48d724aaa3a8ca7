"""A text that a spreadsheet would run as a formula is written so that it is read as a text."""

_LIVE = ("=", "+", "-", "@", "\t", "\r", "\n")


def neutral(value: object) -> object:
    """A cell for a CSV file: a text that begins like a formula gets an apostrophe before it; numbers are untouched."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_LIVE) else value


def neutral_sql(text: str) -> str:
    """The same, as an SQL expression over a text expression."""
    return f"regexp_replace({text}, '^[=+@\\t\\r\\n-]', '''\\0')"
