"""Each layout against a small file of the same shape, and every way a hand-copied row goes wrong."""

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.readers import LAYOUTS
from dagster_project.readers.table import Layout, ReadResult, column_letter, read_csv_table

FIGURE = {
    "figure_id": "l10-rsa",
    "axis": "3",
    "indicator_code": "rsa_recipients",
    "label_fr": "Allocataires du RSA",
    "territory_level": "region",
    "territory_code": "99",
    "territory_label": "Ailleurs",
    "period_label": "déc-31",
    "period_start": "2031-12-01",
    "period_end": "2031-12-31",
    "value": "35070",
    "unit": "household",
    "qualifier": "exact",
    "statement": "result",
    "marker": "*",
    "obs_status": "A",
    "printed_text": "35 070*",
    "source_line": "10",
}
LINE = {
    "figure_id": "l20-total-2031",
    "line_order": "1",
    "line_code": "total",
    "level": "0",
    "is_total": "true",
    "action": "Total",
    "year": "2031",
    "stage": "unspecified",
    "instrument": "snplp",
    "funder": "etat",
    "territory_level": "region",
    "territory_code": "99",
    "territory_label": "Ailleurs",
    "source_line": "20",
}
FACT = {
    "indicator_code": "unemployment_rate",
    "territory_level": "departement",
    "territory_code": "09",
    "territory_label": "Ariège",
    "period_start": "2031-07-01",
    "period_end": "2031-09-30",
    "value": "9.8",
    "unit": "percent",
    "obs_status": "A",
    "printed_text": "9.8",
    "source_file": "valeurs.csv",
    "source_row": "50",
    "source_column": "FG",
}
MEASURE = {
    "measure_id": "a1-m01",
    "axis": "1",
    "measure_order": "2",
    "level": "1",
    "heading": "UNE MESURE",
    "lead_body": "CAF",
    "lead_role": "runs",
    "under_calpae": "true",
    "source_line": "30",
}
ACTION = {
    "action_id": "act-40",
    "axis": "1",
    "title": "une initiative",
    "territory_level": "departement",
    "territory_codes": "09;31",
    "description_fr": "Ce qui s'y fait.",
    "source_line": "40",
    "end_line": "44",
}
BODY = {
    "body_id": "gt-1",
    "kind": "working_group",
    "name": "Petite enfance",
    "participants": "17",
    "held_on": "2031-06-01",
    "status": "active",
    "description_fr": "Prépare les mesures.",
    "source_line": "50",
}
SAMPLES = {
    "report_figures": FIGURE,
    "report_budget_lines": LINE,
    "report_measures": MEASURE,
    "report_local_actions": ACTION,
    "report_governance": BODY,
    "producer_extract": FACT,
}


def written(layout: Layout, *rows: dict[str, str]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, [column.name for column in layout.columns], restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def read(layout: str, **changes: str) -> ReadResult:
    return read_csv_table(LAYOUTS[layout], "x.csv", written(LAYOUTS[layout], SAMPLES[layout] | changes))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_sound_row_is_kept(layout: str) -> None:
    result = read(layout)
    assert (result.rejects, result.rows_read, len(result.rows)) == ([], 1, 1)


def test_values_are_exact_and_the_period_is_named() -> None:
    (row,) = read("report_figures").rows
    assert (row["value"], row["printed_step"], row["period_code"]) == (Decimal(35070), 1, "2031-12")


def test_blank_stays_blank_and_zero_stays_zero() -> None:
    (blank,) = read("report_budget_lines").rows
    (zero,) = read("report_budget_lines", amount_eur="0", printed_text="0").rows
    assert (blank["amount_eur"], zero["amount_eur"]) == (None, Decimal(0))


@pytest.mark.parametrize(
    ("layout", "changes", "column", "found"),
    [
        ("report_figures", {"value": "35071"}, "value", "35071"),
        ("report_figures", {"marker": ""}, "marker", ""),
        ("report_figures", {"printed_text": "environ"}, "printed_text", "environ"),
        ("report_figures", {"unit": ""}, "unit", ""),
        ("report_figures", {"obs_status": "X"}, "obs_status", "X"),
        ("report_figures", {"period_end": "2031-11-30"}, "period_end", "2031-11-30"),
        ("report_figures", {"period_end": "31/12/2031"}, "period_end", "31/12/2031"),
        ("report_figures", {"value": "35 070"}, "value", "35 070"),
        ("report_figures", {"value": "NaN"}, "value", "NaN"),
        ("report_budget_lines", {"amount_eur": "0"}, "amount_eur", "0"),
        ("report_budget_lines", {"printed_text": "12"}, "amount_eur", ""),
        ("report_budget_lines", {"is_total": "oui"}, "is_total", "oui"),
        ("producer_extract", {"value": "8.9"}, "value", "8.9"),
        ("producer_extract", {"territory_level": "county"}, "territory_level", "county"),
    ],
)
def test_a_bad_cell_is_refused_by_name(layout: str, changes: dict[str, str], column: str, found: str) -> None:
    result = read(layout, **changes)
    letter = column_letter([one.name for one in LAYOUTS[layout].columns].index(column))
    assert [(reject.column, reject.found, reject.row) for reject in result.rejects] == [(column, found, 2)]
    assert f"ligne 2, colonne {letter} ({column}) : trouvé « {found} »" in result.rejects[0].message
    assert (result.rows_read, len(result.rows), result.rows_set_aside) == (1, 0, 1)


def test_columns_may_come_in_any_order_but_not_be_missing_or_unknown() -> None:
    layout = LAYOUTS["producer_extract"]
    shuffled = [dict(reversed(FACT.items()))]
    assert not read_csv_table(layout, "x.csv", written(layout, *shuffled)).rejects
    content = written(layout, FACT).replace(b"unit", b"unite")
    assert {reject.column for reject in read_csv_table(layout, "x.csv", content).rejects} == {"unit", "unite"}


@pytest.mark.parametrize(
    ("content", "rule"),
    [(b"\xff\xfe1", "encodage"), (b'a,b\n"x', "en-tête"), (b"", "en-tête")],
)
def test_what_is_not_the_file_is_refused(content: bytes, rule: str) -> None:
    result = read_csv_table(LAYOUTS["producer_extract"], "x.csv", content)
    assert rule in {reject.rule for reject in result.rejects}
    assert not result.rows


def test_a_row_of_another_width_is_refused() -> None:
    layout = LAYOUTS["producer_extract"]
    result = read_csv_table(layout, "x.csv", written(layout, FACT) + b"a,b\n")
    assert [reject.rule for reject in result.rejects] == ["largeur"]
    assert (result.rows_read, result.rows_set_aside) == (2, 1)


@given(st.binary(max_size=300))
def test_any_bytes_are_refused_by_name_or_read(content: bytes) -> None:
    result = read_csv_table(LAYOUTS["producer_extract"], "x.csv", content)
    assert result.rows_read == len(result.rows) + result.rows_set_aside
    assert result.rejects


@given(st.dictionaries(st.sampled_from(sorted(FIGURE)), st.text(max_size=12), max_size=4))
def test_any_change_of_cells_keeps_the_count(changes: dict[str, str]) -> None:
    result = read("report_figures", **changes)
    assert result.rows_read == len(result.rows) + result.rows_set_aside


def test_a_column_that_is_not_there_has_no_letter() -> None:
    (layout, *_) = LAYOUTS.values()
    (*_, last) = layout.columns
    header = ",".join(column.name for column in layout.columns if column != last)
    (reject,) = read_csv_table(layout, "f.csv", header.encode()).rejects
    assert reject.message.startswith(f"f.csv, ligne 1, colonne {last.name} : trouvé « colonne absente »")
