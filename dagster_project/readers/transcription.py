"""Figures copied by hand: a report's own figures and budget lines, and facts taken from a producer's file.

Each row carries the figure as printed beside its value, and the address it was copied from; a row whose value is
not what its printed text says is refused.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

from dagster_project.readers.periods import period_code
from dagster_project.readers.printed import UnreadableFigureError, read_printed, says
from dagster_project.readers.table import (
    Column,
    Layout,
    Row,
    RowDefect,
    boolean,
    decimal,
    integer,
    iso_date,
    one_of,
    text,
)

VALUE = "decimal(24, 6)"
AMOUNT = "decimal(18, 2)"

territory_level = one_of("country", "region", "departement", "epci", "commune", "qpv", "iris", "other")
obs_status = one_of("A", "P", "E", "F", "B", "M")
qualifier = one_of("exact", "about", "more_than", "less_than", "nearly", "up_to")
statement = one_of("result", "target", "rule", "context")
stage = one_of("proposed", "voted", "delegated", "contracted", "paid", "unspecified")


def value_is_printed(row: Row) -> Iterator[RowDefect]:
    """The value, or the two bounds, must be what the printed text says; a blank is printed blank."""
    column = "amount_eur" if "amount_eur" in row else "value"
    printed, given = str(row["printed_text"] or ""), row[column]
    lower, upper = row.get("lower"), row.get("upper")
    try:
        if says(printed, _number(given), _number(lower), _number(upper)):
            return
        expected = f"la valeur que dit le texte imprimé « {printed} »"
    except UnreadableFigureError as error:
        column, expected = "printed_text", f"un chiffre lisible ({error})"
    yield RowDefect(column, expected, "valeur et texte imprimé", "Reprenez la source : l'un des deux est mal copié.")


def marker_is_kept(row: Row) -> Iterator[RowDefect]:
    """The mark glued to the printed figure stands in its own column, whatever it means."""
    try:
        marker = read_printed(str(row["printed_text"] or "")).marker
    except UnreadableFigureError:
        return
    if marker != row["marker"]:
        expected = f"le signe imprimé « {marker or ''} »"
        yield RowDefect("marker", expected, "signe imprimé", "Recopiez le signe dans la colonne marker.")


def period_is_ordered(row: Row) -> Iterator[RowDefect]:
    """A period does not end before it starts."""
    start, end = row["period_start"], row["period_end"]
    if start and end and str(start) > str(end):
        yield RowDefect("period_end", f"une date non antérieure à {start}", "période", "Corrigez la période.")


def worked_out(row: Row) -> Row:
    """The unit in the last place printed (0.1 for ``16,8 %``, 10 000 for ``6,34 M€``), and the period's code."""
    found: Row = {"printed_step": row.get("rounded_to") or read_printed(str(row["printed_text"] or "")).step}
    if "period_start" in row:
        found["period_code"] = period_code(_day(row["period_start"]), _day(row["period_end"]))
    return found


_PRINTED_STEP = Column("printed_step", VALUE, decimal)
_PERIOD_CODE = Column("period_code", "varchar", text)


def _day(value: object) -> date | None:
    assert value is None or isinstance(value, date)
    return value


def _number(value: object) -> Decimal | None:
    assert value is None or isinstance(value, Decimal)
    return value


_TERRITORY = (
    Column("territory_level", "varchar", territory_level, required=True),
    Column("territory_code", "varchar", text, required=True),
    Column("territory_label", "varchar", text, required=True),
)
_PERIOD = (
    Column("period_label", "varchar", text),
    Column("period_start", "date", iso_date),
    Column("period_end", "date", iso_date),
)

REPORT_FIGURES = Layout(
    "report_figures",
    (
        Column("figure_id", "varchar", text, required=True),
        Column("repeat_of", "varchar", text),
        Column("axis", "integer", integer, required=True),
        Column("measure", "varchar", text),
        Column("indicator_code", "varchar", text),
        Column("label_fr", "varchar", text, required=True),
        *_TERRITORY,
        Column("population_group", "varchar", text),
        *_PERIOD,
        Column("value", VALUE, decimal),
        Column("lower", VALUE, decimal),
        Column("upper", VALUE, decimal),
        Column("unit", "varchar", text, required=True),
        Column("qualifier", "varchar", qualifier, required=True),
        Column("statement", "varchar", statement, required=True),
        Column("rounded_to", VALUE, decimal),
        Column("marker", "varchar", text),
        Column("obs_status", "varchar", obs_status, required=True),
        Column("cited_source", "varchar", text),
        Column("printed_text", "varchar", text, required=True),
        Column("source_line", "integer", integer, required=True),
    ),
    (value_is_printed, marker_is_kept, period_is_ordered),
    derived=(_PRINTED_STEP, _PERIOD_CODE),
    derive=worked_out,
)

REPORT_BUDGET_LINES = Layout(
    "report_budget_lines",
    (
        Column("figure_id", "varchar", text, required=True),
        Column("line_order", "integer", integer, required=True),
        Column("line_code", "varchar", text, required=True),
        Column("parent_line_code", "varchar", text),
        Column("level", "integer", integer, required=True),
        Column("is_total", "boolean", boolean, required=True),
        Column("action", "varchar", text, required=True),
        Column("year", "integer", integer, required=True),
        Column("stage", "varchar", stage, required=True),
        Column("instrument", "varchar", text, required=True),
        Column("funder", "varchar", text, required=True),
        Column("signatory_type", "varchar", one_of("departement", "metropole")),
        Column("signatory_name", "varchar", text),
        *_TERRITORY,
        Column("amount_eur", AMOUNT, decimal),
        Column("marker", "varchar", text),
        Column("note_fr", "varchar", text),
        Column("printed_text", "varchar", text),
        Column("source_line", "integer", integer, required=True),
    ),
    (value_is_printed, marker_is_kept),
    derived=(_PRINTED_STEP,),
    derive=worked_out,
)

PRODUCER_EXTRACT = Layout(
    "producer_extract",
    (
        Column("indicator_code", "varchar", text, required=True),
        *_TERRITORY,
        Column("population_group", "varchar", text),
        *_PERIOD,
        Column("value", VALUE, decimal),
        Column("unit", "varchar", text, required=True),
        Column("marker", "varchar", text),
        Column("obs_status", "varchar", obs_status, required=True),
        Column("printed_text", "varchar", text, required=True),
        Column("source_file", "varchar", text, required=True),
        Column("source_sheet", "varchar", text),
        Column("source_row", "integer", integer, required=True),
        Column("source_column", "varchar", text, required=True),
    ),
    (value_is_printed, marker_is_kept, period_is_ordered),
    derived=(_PRINTED_STEP, _PERIOD_CODE),
    derive=worked_out,
)
