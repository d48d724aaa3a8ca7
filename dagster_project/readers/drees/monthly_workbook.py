"""Données mensuelles sur les prestations de solidarité, the workbook (XLSX) DREES attaches to each edition.

Sheets are found by their title: their numbers change from one edition to the next. Counts are those of the last day of
the month (entries: of the whole month), gross, with double counts between benefits.
"""

import re
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.drees.benefits import BENEFITS, Benefit, benefit_named
from dagster_project.readers.drees.figures import is_number, read_month
from dagster_project.readers.drees.monthly_checks import check_flows, check_growth, check_repeats, check_sums
from dagster_project.readers.drees.monthly_table import Table, national_table, territorial_table
from dagster_project.readers.drees.workbooks import edition_by_properties, refuse_lost_sheets, title_in, titles
from dagster_project.readers.nomenclature import plain
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.spreadsheet import Sheet, open_workbook, sheet

_MONTHLY = r"\bpar mois\b|\bmensuel"
_NATIONAL = "effectifs des prestations sociales"
_TABLES_LEFT = (
    (re.compile(r"\b(cvs|corrigee?s?|desaisonnalisee?s?)\b"), "Série corrigée des variations saisonnières"),
    (
        re.compile(r"\b(etudiant|boursier|crous|repas|aides? specifiques?|aides? ponctuelles?)"),
        "Aides aux étudiants : hors du périmètre suivi",
    ),
)


def _kind(title: str) -> str | None:
    words = plain(title)
    if not re.search(_MONTHLY, words):
        return None
    if "par departement" in words:
        return "departement"
    if "par region" in words:
        return "region"
    return "country" if _NATIONAL in words else None


def _recognise(path: Path) -> Recognition:
    found, kinds, named = [], set(), set()
    for _, title in titles(path):
        kind = _kind(title)
        benefit = benefit_named(title)
        if kind == "country" or (kind and benefit):
            found.append(title)
            kinds.add(kind)
            named |= {benefit.indicator_code} if benefit and kind == "departement" else set()
    missing = []
    if "country" not in kinds:
        missing.append("Effectifs des prestations sociales par mois")
    if "rsa_recipients" not in named:
        missing.append("Nombre d'allocataires du RSA par département et par mois")
    return Recognition(tuple(found), tuple(missing))


def _edition(path: Path) -> EditionFacts:
    return edition_by_properties(path)


def _read(path: Path, reading: Reading) -> None:
    workbook = open_workbook(reading, path)
    if workbook is None:
        return
    national: Table | None = None
    territorial: list[Table] = []
    for name in workbook.sheet_names:
        page = sheet(workbook, name)
        title = title_in(page.rows)
        if _is_left(reading, page, title):
            continue
        kind, benefit = _kind(title), benefit_named(title)
        if kind == "country" and national is None:
            national = national_table(reading, page)
        elif kind in ("departement", "region") and benefit:
            if table := territorial_table(reading, page, benefit, kind):
                territorial.append(table)
        else:
            reading.reject(
                found=title or "aucun titre", expected="un titre de tableau connu, une seule fois par classeur",
                rule="feuille", advice="Faites ajouter ce tableau avant de le reprendre.", row=1, column="A",
                name="titre", sheet=name,
            )  # fmt: skip
    _refuse_absent(reading, national, territorial)
    refuse_lost_sheets(reading, workbook)
    _check(reading, national, territorial)


def _is_left(reading: Reading, page: Sheet, title: str) -> bool:
    """Whether a sheet holds no table, or one of those that are set aside whole."""
    numbers = sum(1 for row in page.rows for cell in row if is_number(cell) or (row[0] != cell and read_month(cell)))
    if not numbers and _kind(title) is None:
        return True
    for pattern, reason in _TABLES_LEFT:
        if pattern.search(plain(title)):
            reading.cells_read += numbers
            reading.leave(reason, numbers)
            return True
    return False


def _refuse_absent(reading: Reading, national: Table | None, territorial: list[Table]) -> None:
    if national is None:
        reading.reject(
            found="feuille absente", expected="le tableau national « Effectifs des prestations sociales par mois »",
            rule="feuilles attendues", advice="Reprenez le fichier d'origine de la DREES.",
        )  # fmt: skip
    by_departement = {table.series[0].benefit for table in territorial if table.series}
    in_country = {one.benefit for one in national.series} if national else set()
    for benefit in BENEFITS:
        if benefit in by_departement or not (benefit.is_core or benefit in in_country):
            continue
        report = reading.reject if benefit.is_core else reading.flag
        report(
            found="feuille absente", expected=f"un tableau par département et par mois pour {benefit.indicator_code}",
            rule="feuilles attendues", advice="Reprenez le fichier d'origine de la DREES.",
        )  # fmt: skip


def _check(reading: Reading, national: Table | None, territorial: list[Table]) -> None:
    """Compare what the workbook prints twice; a table met twice would count twice."""
    seen: set[tuple[Benefit, str]] = set()
    for table in territorial:
        if not table.series:
            continue
        key = (table.series[0].benefit, table.series[0].level)
        if key in seen:
            reading.reject(
                found=table.page.name, expected="un seul tableau par prestation et par niveau",
                rule="feuille en double", advice="Retirez la feuille en double.",
                row=1, column="A", name="titre", sheet=table.page.name,
            )  # fmt: skip
        seen.add(key)
    tables = [table for table in (national, *territorial) if table]
    flagged = {id(table): check_growth(reading, table) for table in tables}
    for table in tables:
        check_repeats(reading, table)
    for table in territorial:
        if national and table.series:
            check_sums(reading, table, national, flagged[id(table)])
    stocks = {table.series[0].benefit.words: table for table in territorial if table.series and not _is_flow(table)}
    for table in territorial:
        if table.series and _is_flow(table) and (stock := stocks.get(table.series[0].benefit.words)):
            check_flows(reading, table, stock)


def _is_flow(table: Table) -> bool:
    return table.series[0].benefit.is_flow


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="drees_monthly_workbook",
        publisher="drees",
        dataset="monthly_benefits",
        title_fr="Données mensuelles sur les prestations de solidarité (classeur)",
        licence="Licence Ouverte 2.0",
        recognise=_recognise,
        edition=_edition,
        read=_read,
    ),
)
