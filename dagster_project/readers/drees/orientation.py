"""OARSA: orientation and support of RSA recipients, main indicators by collectivité (workbook of DREES).

Tables B: a row a collectivité, a column a year; shares (whole percents) and mean delays (days). Tables A: the country,
and its changes over a constant set of collectivités. Sheets are found by their title, never by their number.
Markers: NR did not answer, ND not available, NC not concerned, ``/`` not asked that year.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.drees.figures import Figure, is_blank, is_number, read_figure
from dagster_project.readers.drees.orientation_checks import Grid, check
from dagster_project.readers.drees.workbooks import (
    ORIGINAL,
    edition_by_properties,
    refuse,
    refuse_lost_sheets,
    title_in,
    titles,
)
from dagster_project.readers.nomenclature import departement_code, names, plain
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.spreadsheet import Sheet, open_workbook, sheet

_CHANGES_LEFT = "Évolution nationale à champ constant : établie par la DREES sur les répondants des deux années"
_YEARS = range(2010, 2100)
_LONGEST_DELAY = 1_000


@dataclass(frozen=True)
class Indicator:
    """An indicator, and what its title says of whom is counted (``head``) and among whom (``among``)."""

    code: str
    head: str
    among: str = ""
    unit: str = "percent"


INDICATORS = (
    Indicator("rsa_oriented_pct", r"personnes orientees$", r"droits et devoirs$"),
    Indicator("rsa_oriented_under_6_months_pct", r"personnes orientees$", r"moins (de )?6 mois$"),
    Indicator("rsa_oriented_6_to_12_months_pct", r"personnes orientees$", r"6 mois et moins de 1 an$"),
    Indicator("rsa_oriented_over_1_year_pct", r"personnes orientees$", r"de 1 an (et|ou) plus$"),
    Indicator("rsa_oriented_to_pole_emploi_pct", r"orientees vers (pole emploi|france travail)$"),
    Indicator("rsa_oriented_to_other_spe_pct", r"orientees vers une? organisme du spe autre que"),
    Indicator("rsa_oriented_to_council_pct", r"orientees vers le conseil depart"),
    Indicator("rsa_oriented_outside_spe_pct", r"orientees vers une? organisme hors spe"),
    Indicator("rsa_cer_pct", r"personnes ayant un cer$", r"vers une? organisme autre que"),
    Indicator("rsa_cer_other_spe_pct", r"personnes ayant un cer$", r"vers une? organisme du spe autre que"),
    Indicator("rsa_cer_council_pct", r"personnes ayant un cer$", r"vers le conseil depart"),
    Indicator("rsa_cer_outside_spe_pct", r"personnes ayant un cer$", r"vers une? organisme hors spe"),
    Indicator("rsa_orientation_delay", r"delai moyen .*entree dans le rsa et la date de primo orientation", "", "day"),
    Indicator("rsa_cer_delay", r"delai moyen .*primo orientation (vers .*)?et la date de signature", "", "day"),
    Indicator("rsa_cer_action_skills_pct", r"\baction inscrite visant a .*competences professionnelles"),
    Indicator("rsa_cer_action_job_search_pct", r"\baction inscrite visant a s inscrire .*recherche d emploi"),
    Indicator("rsa_cer_action_social_link_pct", r"\baction inscrite visant a faciliter le lien social"),
    Indicator("rsa_cer_action_housing_pct", r"\baction inscrite visant l acces a un logement"),
    Indicator("rsa_cer_action_health_pct", r"\baction inscrite visant l acces aux soins"),
    Indicator("rsa_cer_action_family_pct", r"\baction inscrite visant la famille"),
)

# Collectivités in charge of the RSA that are not one département; Alsace is one since 2021.
_OTHERS = {
    "20": "Corse", "69D": "Nouveau-Rhône", "69M": "Métropole de Lyon", "67A": "Alsace",
    "975": "Saint-Pierre-et-Miquelon", "977": "Saint-Barthélemy", "978": "Saint-Martin",
}  # fmt: skip
_INSTEAD = {"2A": {"20"}, "2B": {"20"}, "69": {"69D", "69M"}, "67": {"67A"}, "68": {"67A"}}


def indicator_named(title: str) -> Indicator | None:
    """The one indicator a title names; None when it names none or several."""
    words = re.sub(r"^tableau [ab] ?\d+ ", "", plain(title))
    head, _, among = words.partition(" parmi les personnes ")
    if " des personnes " not in head and " des personnes " in among:
        # The national table says among whom first.
        among, _, head = among.rpartition(" des personnes ")
        head = f"personnes {head}"
    named = [one for one in INDICATORS if re.search(one.head, head) and re.search(one.among, among)]
    return named[0] if len(named) == 1 else None


def _kind(title: str) -> str | None:
    words = plain(title)
    if "principaux indicateurs nationaux" in words:
        return "changes" if "champ constant" in words else "country"
    return "collectivite" if re.match(r"tableau b ?\d+ ", words) else None


def _recognise(path: Path) -> Recognition:
    all_titles = [title for _, title in titles(path)]
    tables = tuple(title for title in all_titles if _kind(title) == "collectivite" and indicator_named(title))
    country = tuple(title for title in all_titles if _kind(title) == "country")
    missing = []
    if not country:
        missing.append("Principaux indicateurs nationaux")
    if not any("droits et devoirs" in plain(title) for title in tables):
        missing.append("Part des personnes orientées parmi les personnes soumises aux droits et devoirs")
    return Recognition(country + tables if tables else (), tuple(missing))


def _edition(path: Path) -> EditionFacts:
    return edition_by_properties(path)


def _read(path: Path, reading: Reading) -> None:
    workbook = open_workbook(reading, path)
    if workbook is None:
        return
    grids: list[Grid] = []
    seen: dict[tuple[str, str], str] = {}
    for name in workbook.sheet_names:
        page = sheet(workbook, name)
        title = title_in(page.rows)
        kind, indicator = _kind(title), indicator_named(title)
        if kind is None and not any(is_number(cell) for row in page.rows for cell in row):
            continue
        if kind == "changes":
            _leave_changes(reading, page)
        elif kind == "country" and ("country", "") not in seen:
            seen["country", ""] = name
            grids += _read_country(reading, page)
        elif kind == "collectivite" and indicator and ("collectivite", indicator.code) not in seen:
            seen["collectivite", indicator.code] = name
            grids += _read_collectivites(reading, page, indicator)
        else:
            reading.reject(
                found=title or "aucun titre", expected="le titre d'un tableau connu, une seule fois par classeur",
                rule="feuille", advice="Faites ajouter ce tableau avant de le reprendre.", row=1, column="B",
                name="titre", sheet=name,
            )  # fmt: skip
    if ("country", "") not in seen:
        _absent(reading, "le tableau « Principaux indicateurs nationaux »")
    country = {grid.indicator for grid in grids if grid.level == "country"}
    for code in sorted(country - {grid.indicator for grid in grids if grid.level != "country"}):
        _absent(reading, f"un tableau par collectivité pour {code}")
    refuse_lost_sheets(reading, workbook)
    check(reading, grids)


def _absent(reading: Reading, expected: str) -> None:
    reading.reject(found="feuille absente", expected=expected, rule="feuilles attendues", advice=ORIGINAL)


def _leave_changes(reading: Reading, page: Sheet) -> None:
    first = next((row for row, cells in page.rows_from(1) if any(_is_pair_of_years(cell) for cell in cells)), None)
    cells = [cell for _, row in page.rows_from((first or 0) + 1) for cell in row[3:] if not is_blank(cell)]
    reading.cells_read += len(cells)
    reading.leave(_CHANGES_LEFT, len(cells))


def _is_pair_of_years(cell: object) -> bool:
    return bool(re.fullmatch(r"\s*20\d\d\s*-\s*20\d\d\s*", str(cell)))


def _years(reading: Reading, page: Sheet) -> tuple[int, dict[int, int]]:
    """The row of years, and the year of each column; years follow each other, once each."""
    for row, cells in page.rows_from(1):
        years = {index: year for index, cell in enumerate(cells) if (year := _year(cell)) is not None}
        if len(years) < 2 or row > 12:
            continue
        written = list(years.values())
        for index, year in years.items():
            if written.count(year) > 1 or sorted(written) != list(range(min(written), min(written) + len(written))):
                refuse(
                    reading, page, row, index, found=year, expected="des années qui se suivent, une fois chacune",
                    rule="années", name=str(year),
                )  # fmt: skip
        return row, years
    reading.reject(
        found="en-tête introuvable", expected="une ligne d'années", rule="en-tête", advice=ORIGINAL, sheet=page.name
    )
    return 0, {}


def _year(cell: object) -> int | None:
    text = str(cell).strip().removesuffix(".0")
    return int(text) if text.isdigit() and int(text) in _YEARS else None


def _read_country(reading: Reading, page: Sheet) -> list[Grid]:
    head, years = _years(reading, page)
    grids: list[Grid] = []
    label = ""
    for row, cells in page.rows_from(head + 1):
        values = [cell for cell in cells[min(years, default=3) :] if not is_blank(cell)]
        texts = [str(cell) for cell in cells[: min(years, default=3)] if not is_blank(cell)]
        if not years or not values:
            continue
        reading.cells_read += len(values)
        # The cell of the common part is merged over the rows below, which say the rest only.
        if texts and not texts[0].strip().startswith("…"):
            label = texts[0]
        indicator = indicator_named(" ".join([label, *(text for text in texts if text != label)]))
        if indicator is None:
            for index in years:
                refuse(
                    reading, page, row, index, found=" ".join(texts)[:80], expected="un indicateur connu",
                    rule="indicateur", name=str(years[index]),
                )  # fmt: skip
            continue
        grid = Grid(indicator.code, indicator.unit, "country", page)
        _read_row(reading, grid, indicator, row, years=years, territory=("country", "FR", "France"))
        grids.append(grid)
    return grids


def _read_collectivites(reading: Reading, page: Sheet, indicator: Indicator) -> list[Grid]:
    head, years = _years(reading, page)
    if not years:
        return []
    unit = " ".join(plain(cell) for row in page.rows[: head - 1] for cell in row if str(cell).startswith("En "))
    if unit and ("jour" in unit) != (indicator.unit == "day"):
        refuse(reading, page, head, 1, found=unit, expected=f"l'unité de {indicator.code}", rule="unité", name="unité")
    grid = Grid(indicator.code, indicator.unit, "collectivite", page, set(years.values()))
    column = min(years) - 1
    for row, cells in page.rows_from(head + 1):
        values = [cell for cell in cells[column + 1 :] if not is_blank(cell)]
        if not values:
            continue
        reading.cells_read += len(values)
        territory = _territory(str(page.cell(row, column)))
        if territory is None or territory[1] in grid.rows:
            for _ in values:
                refuse(
                    reading, page, row, column, found=page.cell(row, column), name="Département/territoire",
                    expected="le code et le nom d'une collectivité, une seule fois", rule="territoire",
                )  # fmt: skip
            continue
        grid.rows[territory[1]] = row
        _read_row(reading, grid, indicator, row, years=years, territory=territory)
    _refuse_absent(reading, page, head, set(grid.rows))
    return [grid]


def _territory(written: str) -> tuple[str, str, str] | None:
    """Level, code and name out of ``01-Ain``: code and name must agree."""
    code, _, name = written.strip().partition("-")
    code = code.strip().upper()
    if code in _OTHERS:
        known = plain(_OTHERS[code]) in plain(name) or plain(name) in plain(_OTHERS[code])
        return ("other", code, _OTHERS[code]) if known and plain(name) else None
    official = departement_code(code)
    if official is None or _bare(name) != _bare(names("departement")[official]):
        return None
    return "departement", official, names("departement")[official]


def _bare(name: str) -> str:
    return plain(name).removeprefix("la ")


def _refuse_absent(reading: Reading, page: Sheet, head: int, present: set[str]) -> None:
    for code, name in names("departement").items():
        if code not in present and not (_INSTEAD.get(code, set()) & present):
            reading.reject(
                found="ligne absente", expected=f"une ligne {name} ({code})", rule="territoires attendus",
                advice=ORIGINAL, row=head, sheet=page.name, name="Département/territoire",
            )  # fmt: skip
    if len(pair := present & {"69D", "69M"}) == 1:
        reading.reject(
            found=pair.pop(), expected="les deux lignes 69D et 69M", rule="territoires attendus", advice=ORIGINAL,
            row=head, sheet=page.name, name="Département/territoire",
        )  # fmt: skip


def _read_row(
    reading: Reading,
    grid: Grid,
    indicator: Indicator,
    row: int,
    *,
    years: dict[int, int],
    territory: tuple[str, str, str],
) -> None:
    page = grid.page
    for index, written in enumerate(page.rows[row - 1]):
        if index < min(years) or is_blank(written):
            if index in years:
                refuse(
                    reading, page, row, index, found="cellule vide",
                    expected="une valeur ou un marqueur (NR, ND, NC, /)", rule="cellule vide", name=str(years[index]),
                )  # fmt: skip
                reading.cells_read += 1
            continue
        figure = read_figure(written)
        if index not in years or figure is None or not _is_possible(figure, indicator):
            refuse(
                reading, page, row, index, found=written, name=str(years.get(index, "hors du tableau")),
                expected="un nombre de jours" if indicator.unit == "day" else "de 0 à 100, ou un marqueur",
                rule="valeur possible",
            )  # fmt: skip
            continue
        if figure.value is not None:
            grid.values[territory[1], years[index]] = (row, index, figure.value)
        reading.keep([_cell(grid, row, index, figure, year=years[index], territory=territory)])


def _is_possible(figure: Figure, indicator: Indicator) -> bool:
    return figure.value is None or 0 <= figure.value <= (_LONGEST_DELAY if indicator.unit == "day" else 100)


def _cell(grid: Grid, row: int, index: int, figure: Figure, *, year: int, territory: tuple[str, str, str]) -> Cell:
    # Shares are those of 31 December; delays, the mean of the year.
    start = date(year, 1, 1) if grid.unit == "day" else date(year, 12, 31)
    value = figure.value
    count = int(value) if value is not None and value == value.to_integral_value() else value
    return Cell(
        grid.indicator, *territory, start, date(year, 12, 31), count, grid.unit, figure.printed, row,
        grid.page.column(index), grid.page.name, "M" if value is None else "A", figure.marker,
        1 if value is not None else None, period_label=str(year),
    )  # fmt: skip


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="drees_oarsa",
        publisher="drees",
        dataset="rsa_orientation",
        title_fr="Orientation et accompagnement des bénéficiaires du RSA (OARSA), principaux indicateurs",
        licence="Licence Ouverte 2.0",
        recognise=_recognise,
        edition=_edition,
        read=_read,
    ),
)
