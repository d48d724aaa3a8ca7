"""DuckDB's types, as PostgreSQL has them: the same values, exactly."""

import re

_LIST = "[]"
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")
_TYPES = {
    "BOOLEAN": "boolean",
    "TINYINT": "smallint",
    "SMALLINT": "smallint",
    "INTEGER": "integer",
    "BIGINT": "bigint",
    "HUGEINT": "numeric(39,0)",
    "UTINYINT": "smallint",
    "USMALLINT": "integer",
    "UINTEGER": "bigint",
    "UBIGINT": "numeric(20,0)",
    "FLOAT": "real",
    "DOUBLE": "double precision",
    "VARCHAR": "text",
    "UUID": "uuid",
    "DATE": "date",
    "TIME": "time",
    "TIMESTAMP": "timestamp",
}


def postgresql_type(data_type: str) -> str | None:
    """The PostgreSQL type of a DuckDB one; None when there is none that holds the same values."""
    element = data_type.removesuffix(_LIST)
    decimal = _DECIMAL.fullmatch(element)
    found = f"numeric({decimal[1]},{decimal[2]})" if decimal else _TYPES.get(element)
    return f"{found}{data_type.removeprefix(element)}" if found else None


def is_list(data_type: str) -> bool:
    """Whether a column of this type holds lists."""
    return data_type.endswith(_LIST)
