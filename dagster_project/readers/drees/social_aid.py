"""Les bénéficiaires de l'aide sociale départementale en AAAA: recipients by département (workbook of DREES).

A sheet a table, found by its title; a row a collectivité, then a row a region. Counts are whole numbers of persons (of
measures, for educational actions) on 31 December. DREES estimates départements that did not answer. Mayotte is absent;
Corsica is one collectivité; the Rhône is printed whole (69), then as its two collectivités (69D and 69M).
"""

import re
from datetime import date
from pathlib import Path

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.drees.figures import Figure, is_blank, is_number, read_figure
from dagster_project.readers.drees.social_aid_checks import Table, check, set_aside_repeats
from dagster_project.readers.drees.social_aid_indicators import Theme, bare_header, indicator_of, theme_named
from dagster_project.readers.drees.workbooks import (
    ORIGINAL,
    edition_by_properties,
    refuse,
    refuse_lost_sheets,
    title_in,
    titles,
)
from dagster_project.readers.nomenclature import departement_code, names, plain, region_code
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.spreadsheet import Sheet, open_workbook, sheet

_NATIONAL_LEFT = "Séries nationales longues : hors de cette édition annuelle"
_AGES_LEFT = "Répartition par âge : tranches propres à chaque édition"
_WIDEST = 60
_OTHERS = {"20": {"corse"}, "69D": {"rhone"}, "69M": {"metropole", "lyon"}}
_ABSENT_ALWAYS = {"2A": "20", "2B": "20", "976": ""}
_OVERSEAS = {"101": "01", "102": "02", "103": "03", "104": "04"}
_TOTALS = (
    (r"total .*france metropolitaine", ("country", "FR-METRO")),
    (r"total .*drom", ("other", "DROM")),
    (r"total .*france entiere", ("country", "FR")),
)


def _is_annual(title: str) -> bool:
    return theme_named(title) is not None and _year(title) is not None


def _year(title: str) -> int | None:
    match = re.search(r"\bdecembre (20\d\d)\b", plain(title))
    return int(match[1]) if match else None


def _recognise(path: Path) -> Recognition:
    found = tuple(title for _, title in titles(path) if _is_annual(title))
    missing = []
    for subject, words in (
        ("les personnes âgées", "personnes agees"),
        ("les personnes handicapées", "personnes handicapees"),
        ("l'aide sociale à l'enfance", "l ase|actions educatives"),
    ):
        if not any(re.search(rf"\b({words})\b", plain(title)) for title in found):
            missing.append(f"un tableau annuel sur {subject}")
    return Recognition(found, tuple(missing))


def _edition(path: Path) -> EditionFacts:
    years = [year for _, title in titles(path) if theme_named(title) and (year := _year(title))]
    return edition_by_properties(path, str(max(years)) if years else None)


def _read(path: Path, reading: Reading) -> None:
    workbook = open_workbook(reading, path)
    if workbook is None:
        return
    tables: list[Table] = []
    seen: dict[str, str] = {}
    for name in workbook.sheet_names:
        page = sheet(workbook, name)
        title = title_in(page.rows)
        numbers = sum(1 for row in page.rows for cell in row if is_number(cell))
        theme, year = theme_named(title), _year(title)
        if not numbers:
            continue
        if "mesures d aide sociale departementale" in plain(title) or re.search(r"\bpar age\b", plain(title)):
            reading.cells_read += numbers
            reading.leave(_AGES_LEFT if "par age" in plain(title) else _NATIONAL_LEFT, numbers)
        elif theme and year and theme.title not in seen:
            seen[theme.title] = name
            if table := _read_table(reading, page, theme, year):
                tables.append(table)
        else:
            reading.reject(
                found=title or "aucun titre", expected="le titre d'un tableau annuel connu, une seule fois",
                rule="feuille", advice="Faites ajouter ce tableau avant de le reprendre.", row=1, column="A",
                name="titre", sheet=name,
            )  # fmt: skip
    years = {table.year for table in tables}
    for table in tables:
        if len(years) > 1 and table.year != max(years):
            reading.reject(
                found=table.year, expected=f"l'année {max(years)}, comme les autres tableaux", rule="année",
                advice=ORIGINAL, row=1, column="A", name="titre", sheet=table.page.name,
            )  # fmt: skip
    kept = set_aside_repeats(reading, tables)
    reading.keep(_cell(table, place, figure) for table, place, figure in kept)
    refuse_lost_sheets(reading, workbook)
    check(reading, tables)


def _read_table(reading: Reading, page: Sheet, theme: Theme, year: int) -> Table | None:
    """Read both blocks of a sheet: its header comes again above the regions."""
    heads = [row for row, cells in page.rows_from(1) if cells and plain(cells[0]) == "code region"]
    if not heads:
        reading.reject(
            found="en-tête introuvable", expected="une ligne « Code région, Code département, Département »",
            rule="en-tête", advice=ORIGINAL, sheet=page.name,
        )  # fmt: skip
        return None
    table = Table(page, year)
    for position, head in enumerate(heads):
        last = heads[position + 1] - 1 if position + 1 < len(heads) else len(page.rows)
        columns = _columns(reading, page, head, theme)
        if columns is None:
            return None
        if position and list(columns.values()) != list(table.columns.values()):
            refuse(
                reading, page, head, 3, found="d'autres colonnes", expected="les colonnes du tableau des départements",
                rule="en-tête",
            )  # fmt: skip
            return None
        table.columns = columns
        for row in range(head + 1, last + 1):
            _read_row(reading, table, row, is_region=position > 0)
    _refuse_absent(reading, table, heads)
    return table


def _columns(reading: Reading, page: Sheet, head: int, theme: Theme) -> dict[int, str] | None:
    """The indicator of each column; the header may be on two rows, the first one merged over several columns."""
    below = head + 1 if is_blank(page.cell(head + 1, 0)) and not is_number(page.cell(head + 1, 3)) else None
    columns: dict[int, str] = {}
    group = ""
    faults = len(reading.rejects)
    for index in range(3, min(_WIDEST, max(len(page.rows[head - 1]), 4))):
        top, under = page.cell(head, index), page.cell(below, index) if below else ""
        if is_blank(top) and is_blank(under):
            continue
        group = bare_header(top) if not is_blank(top) else group
        header = f"{group} {bare_header(under)}".strip() if not is_blank(under) else group
        code = indicator_of(theme, header)
        if code is None or code in columns.values():
            refuse(
                reading, page, head, index, found=header, expected="une colonne connue, une seule fois", rule="en-tête",
                name=header,
            )  # fmt: skip
        else:
            columns[index] = code
    wanted = {code for _, code in theme.headers}
    for code in sorted(wanted - set(columns.values())):
        refuse(
            reading, page, head, 3, found="colonne absente", expected=f"une colonne pour {code}", rule="en-tête",
            name=code,
        )  # fmt: skip
    return columns if len(reading.rejects) == faults else None


def _read_row(reading: Reading, table: Table, row: int, *, is_region: bool) -> None:
    page = table.page
    cells = page.rows[row - 1][3:_WIDEST]
    filled = [index for index, cell in enumerate(cells, start=3) if not is_blank(cell)]
    # Notes and titles between the blocks have a link or nothing beside them.
    if not any(read_figure(page.cell(row, index)) for index in filled):
        return
    reading.cells_read += len(filled)
    territory = _territory(page, row, is_region=is_region)
    if territory is None or territory in table.rows:
        if territory is None or not is_region or territory[0] == "region":
            for _ in filled:
                refuse(
                    reading, page, row, 1, found=" ".join(str(cell) for cell in page.rows[row - 1][:3]),
                    expected="le code et le nom d'un territoire, une seule fois", rule="territoire",
                    name="Code département" if not is_region else "Région",
                )  # fmt: skip
            return
        table.repeated_totals.append((row, territory))
    else:
        table.rows[territory] = row
    for index in filled:
        figure = read_figure(page.cell(row, index))
        if figure is None or index not in table.columns or not _is_count(figure):
            refuse(
                reading, page, row, index, found=page.cell(row, index),
                expected="un nombre entier ou un marqueur connu",
                rule="type de la cellule", name=table.columns.get(index, "hors du tableau"),
            )  # fmt: skip
            continue
        table.figures[row, index] = figure


def _is_count(figure: Figure) -> bool:
    return figure.value is None or (figure.value >= 0 and figure.value == figure.value.to_integral_value())


def _territory(page: Sheet, row: int, *, is_region: bool) -> tuple[str, str] | None:
    first, second, third = (str(page.cell(row, index)).strip() for index in range(3))
    for pattern, territory in _TOTALS:
        if re.search(pattern, plain(first)):
            return territory
    region = region_code(_OVERSEAS.get(first.removesuffix(".0"), first))
    if region is None:
        return None
    if is_region:
        return ("region", region) if _same(second, names("region")[region]) else None
    code = re.sub("^20R$", "20", second.upper().removesuffix(".0"))
    if code in _OTHERS:
        return ("other", code) if _OTHERS[code] <= set(plain(third).split()) else None
    official = departement_code(code)
    if official is None or not _same(third, names("departement")[official]):
        return None
    return "departement", official


def _same(written: str, official: str) -> bool:
    return plain(written).removeprefix("departement du ").removeprefix("la ") == plain(official).removeprefix("la ")


def _refuse_absent(reading: Reading, table: Table, heads: list[int]) -> None:
    present = {code for level, code in table.rows if level in ("departement", "other")}
    for code, name in names("departement").items():
        if code in present or (code in _ABSENT_ALWAYS and (_ABSENT_ALWAYS[code] or "20") in present):
            continue
        if code == "69" and {"69D", "69M"} <= present:
            continue
        reading.reject(
            found="ligne absente", expected=f"une ligne {name} ({code})", rule="territoires attendus", advice=ORIGINAL,
            row=heads[0], sheet=table.page.name, name="Code département",
        )  # fmt: skip
    regions = {code for level, code in table.rows if level == "region"}
    for code, name in names("region").items():
        if regions and code not in regions and name != "Mayotte":
            reading.reject(
                found="ligne absente", expected=f"une ligne {name} ({code})", rule="territoires attendus",
                advice=ORIGINAL, row=heads[-1], sheet=table.page.name, name="Code région",
            )  # fmt: skip


def _cell(table: Table, place: tuple[int, int, tuple[str, str]], figure: Figure) -> Cell:
    row, index, (level, code) = place
    label = str(table.page.cell(row, 1 if level == "region" else 0 if level == "country" or code == "DROM" else 2))
    day = date(table.year, 12, 31)
    return Cell(
        table.columns[index], level, code, label.strip(), day, day,
        None if figure.value is None else int(figure.value), "person", figure.printed, row, table.page.column(index),
        table.page.name, "M" if figure.value is None else "A", figure.marker, None if figure.value is None else 1,
        period_label=str(table.year),
    )  # fmt: skip


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="drees_social_aid",
        publisher="drees",
        dataset="social_aid",
        title_fr="Bénéficiaires de l'aide sociale départementale (édition annuelle)",
        licence="Licence Ouverte 2.0",
        recognise=_recognise,
        edition=_edition,
        read=_read,
    ),
)
