"""The raw tables: what the door writes of an edition, and what the models read of all of them."""

from dagster_project.readers import LAYOUTS
from dagster_project.readers.cells import CELL_COLUMNS
from dagster_project.readers.table import Column, integer, text

CELLS = "cell"
EDITION_PERIODS = "edition_period"
PROVENANCE = (
    Column("edition_id", "varchar", text),
    Column("file_name", "varchar", text),
    Column("file_sha256", "varchar", text),
    Column("row_number", "integer", integer),
)


def table_columns(layout: str) -> tuple[Column, ...]:
    """The columns of a table filled by hand, after where each row comes from."""
    declared = LAYOUTS[layout]
    return (*PROVENANCE, *declared.columns, *declared.derived)


def _declared(columns: tuple[Column, ...]) -> str:
    return ", ".join(f'"{column.name}" {column.sql_type}' for column in columns)


RAW_TABLES = {
    **{layout.name: _declared(table_columns(layout.name)) for layout in LAYOUTS.values()},
    CELLS: _declared((*PROVENANCE, *CELL_COLUMNS)),
    EDITION_PERIODS: "edition_id varchar, period_code varchar",
    "edition_note": """
        edition_id varchar, note_kind varchar, file varchar, sheet varchar, row_number integer, column_letter varchar,
        column_name varchar, found varchar, expected varchar, rule varchar, cells bigint
    """,
    "cog_territory": """
        edition_id varchar, territory_level varchar, territory_code varchar, territory_name varchar,
        region_code varchar, departement_code varchar, parent_code varchar, type varchar, cog_year integer
    """,
    "cog_move": """
        edition_id varchar, mod varchar, effective_on date, type_before varchar, code_before varchar,
        label_before varchar, type_after varchar, code_after varchar, label_after varchar
    """,
}
"""The columns of each raw table, in SQL."""
