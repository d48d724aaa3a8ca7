"""Which template a workbook was filled from, for whom and for which year; and whether it still says so."""

import datetime
import re
from dataclasses import dataclass

from python_calamine import CalamineWorkbook

from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.form import Territory
from dagster_project.readers.calpae.typed import Oddities, words
from dagster_project.readers.cells import Reading
from dagster_project.readers.nomenclature import departement_code, plain, same_name
from dagster_project.readers.spreadsheet import Sheet, Value, sheet

_ASK = "Demandez le modèle de ce territoire et de cette année, et recopiez-y vos nombres."
_FRENCH_DATE = re.compile(r"([0-9]{1,2})/([0-9]{1,2})/([0-9]{4})")
_LATEST_AFTER = 3
_LEFT = "Identification : qui a rempli, et quand (reste dans le classeur)"


@dataclass(frozen=True)
class Identity:
    """What the hidden sheet of a template says."""

    version: str
    level: str
    code: str
    year: int
    territories: tuple[Territory, ...]


def identity_of(workbook: CalamineWorkbook) -> Identity | None:
    """The identity of a workbook made from the template; None for any other."""
    if form.HIDDEN not in workbook.sheet_names:
        return None
    rows = [[words(cell) for cell in row] for row in sheet(workbook, form.HIDDEN).rows]
    facts = {row[0]: row[1] for row in rows if len(row) > 1 and row[0] != "territoire"}
    territories = tuple(Territory(*row[1:4]) for row in rows if row[0] == "territoire" and len(row) > 3)
    if facts.get("modele") != form.TEMPLATE:
        return None
    year = facts.get("annee", "")
    return Identity(
        facts.get("version", ""), facts.get("niveau", ""), facts.get("code", ""),
        int(year) if re.fullmatch("[0-9]{4}", year) else 0, territories,
    )  # fmt: skip


def is_sound(reading: Reading, identity: Identity | None) -> bool:
    """Whether the hidden sheet is that of the template the reader knows; its defect is refused otherwise."""
    if identity is None:
        found, expected, rule = "aucun modèle reconnu", f"le modèle « {form.TEMPLATE} »", "modèle"
    elif identity.version != form.VERSION:
        found, expected = f"modèle, version {identity.version or 'inconnue'}", f"modèle, version {form.VERSION}"
        rule = "version du modèle"
    elif not _is_known(identity):
        found, expected = f"{identity.level} {identity.code}, {identity.year}", "un territoire et une année connus"
        rule = "identifiants du modèle"
    else:
        return True
    reading.reject(
        found=found, expected=expected, rule=rule, sheet=form.HIDDEN,
        advice="Demandez le modèle en cours et recopiez-y vos nombres ; ne touchez pas à la feuille cachée.",
    )  # fmt: skip
    return False


def _is_known(identity: Identity) -> bool:
    names = [form.name_of(territory.level, territory.code) for territory in identity.territories]
    return (
        form.FIRST_YEAR <= identity.year <= form.LAST_YEAR
        and form.name_of(identity.level, identity.code) is not None
        and (identity.level, identity.code) in [(territory.level, territory.code) for territory in identity.territories]
        and len(set(identity.territories)) == len(identity.territories)
        and all(
            name is not None and same_name(territory.name, name)
            for name, territory in zip(names, identity.territories, strict=True)
        )
    )


def check_identification(reading: Reading, page: Sheet, odd: Oddities, identity: Identity) -> None:
    """Compare what people see of the identity with the hidden sheet, and count what they filled."""
    seen: dict[str, int] = {}
    for number, row in page.rows_from(1):
        for label in form.IDENTIFICATION_LABELS:
            if row and plain(row[0]) == plain(label):
                seen.setdefault(label, number)
    for label in form.IDENTIFICATION_LABELS:
        if label not in seen:
            reading.reject(
                found="ligne absente", expected=f"la ligne « {label} »", rule="identification", sheet=page.name,
                advice="Rétablissez le libellé de la ligne, ou repartez du modèle.",
            )  # fmt: skip
            continue
        _check_line(reading, page, odd, identity, label=label, row=seen[label])


def _check_line(reading: Reading, page: Sheet, odd: Oddities, identity: Identity, *, label: str, row: int) -> None:
    cell = page.cell(row, 1)
    written = words(cell)
    # What is wrong with the cell: expected, rule, advice.
    defect: tuple[str, str, str] | None = None
    if label in form.PERSONAL_LABELS and written:
        reading.cells_read += 1
    if error := odd.errors.get((row, 1)):
        written = error
        defect = "le texte d'origine", "erreur de formule", "Effacez la formule et tapez la réponse."
    elif (row, 1) in odd.formulas:
        defect = (
            "une réponse, pas une formule",
            "formule",
            "Remplacez la formule par sa valeur (Collage spécial, Valeurs).",
        )
    elif label == form.LEVEL_LABEL and plain(written) != plain(form.LEVELS_FR[identity.level]):
        defect = f"« {form.LEVELS_FR[identity.level]} »", "niveau du territoire", _ASK
    elif label == form.CODE_LABEL and _code(written, identity.level) != identity.code:
        defect = f"« {identity.code} », le code du modèle", "code du territoire", _ASK
    elif label == form.NAME_LABEL:
        official = form.name_of(identity.level, identity.code) or ""
        if not same_name(written, official):
            defect = f"« {official} », le nom du code {identity.code}", "nom du territoire", _ASK
    elif label == form.YEAR_LABEL and not _is_year(written):
        defect = f"une année à quatre chiffres, {identity.year}", "année", f"Remettez {identity.year}."
    elif label == form.YEAR_LABEL and written != str(identity.year):
        defect = f"{identity.year}, l'année du modèle", "année", _ASK
    elif label == form.FILLED_ON and written and date_filled(cell) is None:
        defect = "une date, jour/mois/année", "date de remplissage", "Tapez la date, par exemple 28/03/2025."
    if defect:
        expected, rule, advice = defect
        reading.reject(
            found=written or "rien", expected=expected, rule=rule, advice=advice,
            row=row, column=page.column(1), name=label, sheet=page.name,
        )  # fmt: skip
    elif label in form.PERSONAL_LABELS and written:
        reading.leave(_LEFT)
        _look_at(reading, page, identity, label=label, row=row)


def _look_at(reading: Reading, page: Sheet, identity: Identity, *, label: str, row: int) -> None:
    """What is kept, but should be looked at: an e-mail that is none, a date that cannot be."""
    cell = page.cell(row, 1)
    expected = rule = ""
    if label == form.EMAIL and "@" not in words(cell):
        expected, rule = "une adresse de courriel", "courriel"
    filled = date_filled(cell)
    if label == form.FILLED_ON and filled and not is_believable(filled, identity.year):
        expected = f"une date entre le 31/12/{identity.year} et le 31/12/{identity.year + _LATEST_AFTER}"
        rule = "date de remplissage"
    if expected:
        reading.flag(
            found=words(cell), expected=expected, rule=rule, advice="Vérifiez auprès de la personne qui a rempli.",
            row=row, column=page.column(1), name=label, sheet=page.name,
        )  # fmt: skip


def is_believable(filled: datetime.date, year: int) -> bool:
    """Whether answers for a year may have been filled that day: once it ended, and not years after."""
    return datetime.date(year, 12, 31) <= filled <= datetime.date(year + _LATEST_AFTER, 12, 31)


def date_filled(cell: Value) -> datetime.date | None:
    """The date a cell holds, as a date or typed ``28/03/2025``; None if it holds none."""
    if isinstance(cell, datetime.datetime):
        return cell.date()
    if isinstance(cell, datetime.date):
        return cell
    if match := _FRENCH_DATE.fullmatch(words(cell)):
        day, month, year = map(int, match.groups())
        try:
            return datetime.date(year, month, day)
        except ValueError:
            return None
    return None


def _code(written: str, level: str) -> str | None:
    return departement_code(written) if level == "departement" else written.zfill(2)


def _is_year(written: str) -> bool:
    return bool(re.fullmatch("[0-9]{4}", written)) and form.FIRST_YEAR <= int(written) <= form.LAST_YEAR
