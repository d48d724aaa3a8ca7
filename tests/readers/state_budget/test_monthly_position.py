"""The monthly position of the State budget: an invented one, the genuine CSV and JSON, and planted faults."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.readers.state_budget.monthly_position import LAYOUTS
from tests.readers.state_budget.reading_of import DATA, pointed, read, told

LAYOUT = LAYOUTS[0]
SAMPLES = (
    (DATA / "budget" / "smb_series_longues_sample.csv", 52, "2022-12"),
    (DATA / "opendatasoft" / "smb_records_sample.json", 51, "2026-05"),
)
PARTS = {
    "Dotation des pouvoirs publics": 10, "Dépenses de personnel": 1200, "Dépenses de fonctionnement": 700,
    "Charges de la dette de l’Etat  ": 400, "Dépenses d’investissement": 150, "Dépenses d’intervention": 1300,
    "Dépenses d’opérations financières": 20, "PSR au profit des collectivités territoriales": 390,
    "PSR au profit de l'Union européenne": 230, "Impôt sur le revenu": 750, "Impôt sur les sociétés": 420,
    "Taxe intérieure de consommation sur les produits énergétiques": 160, "Taxe sur la valeur ajoutée": 980,
    "Autres recettes fiscales": 490, "Total recettes non fiscales": 200, "Solde des comptes spéciaux ": -60,
    "CCF Avances aux collectivités territoriales": -30, "Solde des Budgets annexes": 5,
    "Remboursements et dégrèvements d'impôts d'Etat": 1170, "Remboursements et dégrèvements d'impôts locaux": 70,
    "Fonds de concours et attribution de produits": 58,
}  # fmt: skip
Lines = list[list[str]]


def invented() -> Lines:
    """Two dates; amounts in euros and cents, with a comma."""
    columns = []
    for factor in (Decimal("1000000.01"), Decimal("1100000.03")):
        one = {name: part * factor for name, part in PARTS.items()}
        names = list(PARTS)
        one["Total dépenses nettes du budget général"] = sum((one[name] for name in names[:7]), Decimal(0))
        one["Total prélèvements sur recettes"] = one[names[7]] + one[names[8]]
        one["Total recettes fiscales"] = sum((one[name] for name in names[9:14]), Decimal(0))
        one["Total recettes nettes du budget général"] = one["Total recettes fiscales"] + one[names[14]]
        one["Solde budgétaire"] = (
            one["Total recettes nettes du budget général"] - one["Total dépenses nettes du budget général"]
            - one["Total prélèvements sur recettes"] + one[names[15]] + one[names[17]] + one[names[20]]
        )  # fmt: skip
        columns.append(one)
    header = ["Niveau hiérarchique", "Niveau hiérarchique de la ligne", "Catégorie", "Sous-catégorie"]
    lines = [[*header, "Ligne d'information", "30/11/2022", "31/12/2022"]]
    for name in columns[0]:
        lines.append(["1", "Nul", "Soldes", "Soldes", name, *(str(one[name]).replace(".", ",") for one in columns)])
    return lines


def written(lines: Lines, encoding: str = "utf-16") -> bytes:
    return ("\r\n".join(";".join(line) for line in lines) + "\r\n").encode(encoding)


def as_json(lines: Lines) -> bytes:
    names = ["", "", "", "", "ligne_d_information", "30_11_2022", "31_12_2022"]
    results = []
    for line in lines[1:]:
        named = {name: cell.strip() for name, cell in zip(names, line, strict=True) if name}
        results.append({
            name: float(cell.replace(",", ".")) if "_20" in name else cell for name, cell in named.items()
        })  # fmt: skip
    return json.dumps({"total_count": len(results), "results": results}).encode()


@pytest.mark.parametrize(("path", "cells", "label"), SAMPLES, ids=lambda value: getattr(value, "suffix", ""))
def test_genuine_files(tmp_path: Path, path: Path, cells: int, label: str) -> None:
    if not path.exists():
        pytest.skip("the genuine file is not beside the project")
    reading = read(LAYOUT, tmp_path, path.read_bytes(), path.name)
    assert LAYOUT.recognise(path).is_certain and LAYOUT.edition(path).label == label
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == cells


def test_every_cell_is_kept(tmp_path: Path) -> None:
    reading = read(LAYOUT, tmp_path, written(invented()), "smb.csv")
    assert told(reading) == []
    assert reading.cells_read == reading.cells_kept == 52
    assert reading.connection.execute(
        "select period_code, value, unit, printed_text, printed_step, source_row, source_column from reading "
        "where population_group = 'line_depenses_de_personnel' order by period_end"
    ).fetchall() == [
        ("2022-01-01/2022-11-30", Decimal("1200000012"), "eur", "1200000012,00", Decimal("0.01"), 3, "F"),
        ("2022", Decimal("1320000036"), "eur", "1320000036,00", Decimal("0.01"), 3, "G"),
    ]


@pytest.mark.parametrize(
    "vary",
    [
        lambda lines: written(lines, "utf-8"),
        lambda lines: written(lines, "utf-8-sig").replace(b"\r\n", b"\n"),
        lambda lines: written(lines, "utf-16-le"),
        lambda lines: written([*lines, [""] * 7]),
        lambda lines: written([line[::-1] for line in lines]),
        as_json,
    ],
)
def test_harmless_variants(tmp_path: Path, vary: Callable[[Lines], bytes]) -> None:
    reading = read(LAYOUT, tmp_path, vary(invented()), "smb.csv")
    assert told(reading) == []
    assert reading.cells_kept == 52


def _with(row: int, column: int, text: str) -> Callable[[Lines], bytes]:
    def change(lines: Lines) -> bytes:
        lines[row - 1][column] = text
        return written(lines)

    return change


def _pasted(lines: Lines) -> bytes:
    return written([lines[0], *([*line[:6], line[5]] for line in lines[1:])])


@pytest.mark.parametrize(
    ("change", "row", "column"),
    [
        (_with(1, 5, "31/11/2022"), 1, "F"),
        (_with(1, 5, "30/13/2022"), 1, "F"),
        (_with(1, 6, "30/11/2022"), 1, "G"),
        (_with(1, 4, "Ligne"), 1, "E"),
        (_with(3, 5, "12000000120,00"), 23, "F"),
        (_with(3, 5, "s"), 3, "F"),
        (_with(3, 4, "Dépenses de personnels"), 3, "E"),
        (_with(27, 6, "1,00"), 27, "G"),
        (_pasted, 1, "G"),
        (lambda lines: written([*lines, lines[3]]), 28, "E"),
        (lambda lines: written(lines[:-4]), None, None),
        (lambda lines: written(lines)[:-40], 27, None),
        (lambda lines: as_json(lines)[:-30], None, None),
        (lambda lines: as_json(lines).replace(b'"total_count": 26', b'"total_count": 27'), None, None),
    ],
)
def test_faults_are_pointed_at(
    tmp_path: Path, change: Callable[[Lines], bytes], row: int | None, column: str | None
) -> None:
    reading = read(LAYOUT, tmp_path, change(invented()), "smb.csv")
    assert (row, column) in pointed(reading), told(reading)
    assert reading.cells_read <= reading.cells_kept + reading.cells_set_aside + len(reading.rejects)


@given(st.one_of(st.binary(max_size=200), st.text(max_size=100).map(str.encode), st.just(b'{"results": 3}')))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_are_read_or_refused(tmp_path: Path, content: bytes) -> None:
    assert read(LAYOUT, tmp_path, content, "any.csv").rejects
