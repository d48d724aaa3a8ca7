"""The filled CALPAE workbook, of a département or of a whole region.

Layout ``calpae_workbook``: values, markers and bases as they are typed; percentages are worked out again, and must be
what the workbook shows. Names, e-mails and comments stay in the workbook. Bases differ from one indicator to the next,
for not all answer each: each base is kept under an indicator of its own.
"""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook

from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.answers import Answer, read_answers
from dagster_project.readers.calpae.checks import SHARE_STEP, check_answers
from dagster_project.readers.calpae.identity import (
    Identity,
    check_identification,
    date_filled,
    identity_of,
    is_believable,
    is_sound,
)  # fmt: skip
from dagster_project.readers.calpae.typed import Oddities, oddities_of, words
from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.nomenclature import plain
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.spreadsheet import open_workbook, sheet, sheet_names
from dagster_project.readers.table import column_letter

Period = tuple[str, date, date]
_READ = (form.IDENTIFICATION, *form.QUESTIONS)


def _recognise(path: Path) -> Recognition:
    sheets = tuple(f"feuille « {name} »" for name in sheet_names(path) if name in form.QUESTIONS)
    identity = _identity(path)
    if identity is None:
        return Recognition(sheets, (f"la feuille cachée « {form.HIDDEN} » du modèle CALPAE",))
    return Recognition((f"modèle CALPAE, version {identity.version}", *sheets), ())


def _identity(path: Path) -> Identity | None:
    try:
        return identity_of(CalamineWorkbook.from_path(path))
    except (CalamineError, OSError, ValueError):
        return None


def _edition(path: Path) -> EditionFacts:
    """A year and a territory, ``2024-departement-31``: each workbook is an edition of its own."""
    identity = _identity(path)
    if identity is None:
        return EditionFacts("")
    label = f"{identity.year}-{identity.level}-{identity.code}"
    filled = _filled_on(path)
    if filled and not is_believable(filled, identity.year):
        filled = None
    basis = "date de remplissage, feuille Identification" if filled else None
    return EditionFacts(label, published_on=filled, basis=basis)


def _filled_on(path: Path) -> date | None:
    try:
        page = sheet(CalamineWorkbook.from_path(path), form.IDENTIFICATION)
    except (CalamineError, OSError, ValueError):
        return None
    labels = (number for number, row in page.rows_from(1) if row and plain(row[0]) == plain(form.FILLED_ON))
    return date_filled(page.cell(next(labels, len(page.rows) + 1), 1))


def _read(path: Path, reading: Reading) -> None:
    workbook = open_workbook(reading, path)
    if workbook is None:
        return
    odd = oddities_of(path)
    if odd is None:
        reading.reject(
            found=path.suffix or "un autre format", expected="un classeur .xlsx", rule="format",
            advice="Ouvrez le classeur et enregistrez-le au format .xlsx.",
        )  # fmt: skip
        return
    try:
        _read_sheets(reading, workbook, odd)
    except (CalamineError, ValueError) as error:
        reading.reject(
            found=str(error)[:80], expected="des feuilles lisibles", rule="classeur",
            advice="Le fichier est abîmé : ouvrez-le, enregistrez-le à nouveau en .xlsx.",
        )  # fmt: skip


def _read_sheets(reading: Reading, workbook: CalamineWorkbook, odd: dict[str, Oddities]) -> None:
    identity = identity_of(workbook)
    if not is_sound(reading, identity) or not _has_sheets(reading, workbook):
        return
    assert identity is not None
    identification = sheet(workbook, form.IDENTIFICATION)
    check_identification(reading, identification, odd[form.IDENTIFICATION], identity)
    answers: list[Answer] = []
    for name in form.QUESTIONS:
        if not _has_merged_cells(reading, workbook, name):
            answers += read_answers(reading, sheet(workbook, name), odd[name], identity)
    if not reading.rejects and all(answer.value is None and not answer.marker for answer in answers):
        reading.reject(
            found="aucune valeur et aucun signe", expected="au moins une réponse", rule="classeur non rempli",
            advice="Remplissez le classeur ; si rien n'est connu, choisissez NR.",
        )  # fmt: skip
    check_answers(reading, answers)
    period = f"au 31 décembre {identity.year}", date(identity.year, 1, 1), date(identity.year, 12, 31)
    for answer in answers:
        reading.keep(_settle(reading, answer, period))


def _has_sheets(reading: Reading, workbook: CalamineWorkbook) -> bool:
    """Whether every sheet of the template is there, once. A sheet added for one's own work is set aside."""
    missing = [name for name in _READ if name not in workbook.sheet_names]
    doubles = [name for name in workbook.sheet_names if _is_added_with_answers(reading, workbook, name)]
    for name in missing:
        reading.reject(
            found="feuille absente" + "".join(f" ; « {double} » porte des indicateurs" for double in doubles),
            expected=f"la feuille « {name} »", rule="feuille absente", sheet=name,
            advice="Rétablissez la feuille sous son nom, ou repartez du modèle.",
        )  # fmt: skip
    for double in doubles if not missing else ():
        reading.reject(
            found=f"une feuille ajoutée, « {double} », qui porte des indicateurs", expected="chaque feuille une fois",
            rule="feuille en double", sheet=double, advice="Gardez la bonne feuille, sous le nom du modèle.",
        )  # fmt: skip
    return not missing and not doubles


def _is_added_with_answers(reading: Reading, workbook: CalamineWorkbook, name: str) -> bool:
    if name in (*_READ, form.GUIDE, form.HIDDEN):
        return False
    cells = [word for row in sheet(workbook, name).rows for cell in row if (word := words(cell))]
    if form.QUESTION_CODES.intersection(cells):
        return True
    reading.cells_read += len(cells)
    reading.leave(f"Feuille ajoutée « {name} » : elle reste dans le classeur", len(cells))
    return False


def _has_merged_cells(reading: Reading, workbook: CalamineWorkbook, name: str) -> bool:
    """One value over several rows answers none of them for sure."""
    merged = False
    for (first, column), (last, _) in workbook.get_sheet_by_name(name).merged_cell_ranges or ():
        if last + 1 >= form.HEADER_ROW:
            merged = True
            reading.reject(
                found=f"cellules fusionnées, lignes {first + 1} à {last + 1}", expected="une cellule par ligne",
                rule="cellules fusionnées", advice="Défusionnez, et répondez ligne par ligne.", row=first + 1,
                column=column_letter(column), name=form.HEADERS[column] if column < len(form.HEADERS) else "",
                sheet=name,
            )  # fmt: skip
    return merged


def _settle(reading: Reading, answer: Answer, period: Period) -> Iterator[Cell]:
    """What becomes of each cell of a row: kept, or set aside with its reason. A refused cell was told already."""
    question = answer.question
    if answer.written(form.COMMENT) and form.COMMENT not in answer.refused:
        reading.leave("Commentaire : reste dans le classeur")
    if answer.marker:
        reading.leave("Signe : porté par la valeur de la ligne")
    if form.VALUE not in answer.refused:
        if answer.value is not None or answer.marker:
            yield _cell(answer, period, question.code, question.unit, column=form.VALUE, value=answer.value)
        else:
            reading.leave("Non rempli : ni valeur, ni signe")
    if question.share_code:
        yield from _settle_share(reading, answer, period)


def _settle_share(reading: Reading, answer: Answer, period: Period) -> Iterator[Cell]:
    """The base of a share, where it is asked, and the percentage it gives."""
    question = answer.question
    assert question.share_code and question.base_code
    if form.BASE not in answer.refused:
        if not question.base_is_asked:
            reading.leave("Base reprise d'une autre ligne de la feuille")
        elif answer.own_base is None:
            reading.leave("Base non remplie")
        else:
            yield _cell(answer, period, question.base_code, question.base_unit, column=form.BASE, value=answer.own_base)
    if form.SHARE not in answer.refused:
        if answer.share is None:
            reading.leave("Pourcentage sans objet : il manque la valeur ou la base")
        else:
            yield _cell(answer, period, question.share_code, "percent", column=form.SHARE, value=answer.share)


def _cell(answer: Answer, period: Period, code: str, unit: str, *, column: int, value: Decimal | int | None) -> Cell:
    label, start, end = period
    marker = answer.marker if value is None else None
    at = form.MARKER if marker else column
    return Cell(
        code, *answer.territory, start, end, value, unit,
        printed_text=marker or answer.written(column) or _french(value), source_row=answer.row,
        source_column=answer.page.column(at), source_sheet=answer.page.name, obs_status="M" if marker else "A",
        marker=marker, printed_step=SHARE_STEP if column == form.SHARE else _step(value), period_label=label,
    )  # fmt: skip


def _step(value: Decimal | int | None) -> Decimal | int | None:
    if isinstance(value, Decimal):
        return Decimal(1).scaleb(min(int(value.as_tuple().exponent), 0))
    return None if value is None else 1


def _french(value: Decimal | int | None) -> str:
    return str(value).replace(".", ",")


LAYOUTS = (
    OfficialLayout(
        name="calpae_workbook",
        publisher="calpae",
        dataset="indicators",
        title_fr="Indicateurs des conventions (CALPAE), classeur rempli par les départements",
        licence="Accès restreint : remis par les départements à la préfecture de région",
        recognise=_recognise,
        edition=_edition,
        read=_read,
        largest=8 << 20,
        access="restricted",
        covers_itself_only=True,
    ),
)
