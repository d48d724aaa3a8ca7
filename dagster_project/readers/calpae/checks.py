"""What must be true between the answers of a workbook: bases, percentages, parts, and the sum a region is."""

from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.answers import Answer
from dagster_project.readers.calpae.form import Territory
from dagster_project.readers.calpae.typed import UnreadableNumberError, read_number
from dagster_project.readers.cells import Reading

# Percentages are shown to one decimal.
SHARE_STEP = Decimal("0.1")

_SAVE = "Ne tapez rien dans cette cellule : rétablissez sa formule depuis le modèle, puis enregistrez le classeur."
_LOOK = "Vérifiez les deux nombres auprès de la personne qui a rempli."


def check_answers(reading: Reading, answers: Iterable[Answer]) -> None:
    """Work out bases and percentages, then refuse what contradicts itself and flag what is hardly believable."""
    blocks: dict[Territory, dict[str, Answer]] = {}
    for answer in answers:
        blocks.setdefault(answer.territory, {})[answer.question.code] = answer
    for block in blocks.values():
        for answer in block.values():
            _check_base(reading, answer, block)
        for answer in block.values():
            _check_parts(reading, answer, block)
        for answer in block.values():
            _check_share(reading, answer)
    for territory, block in blocks.items():
        if territory.level == "region":
            _check_sum(reading, block, [other for of, other in blocks.items() if of.level != "region"])


def _check_base(reading: Reading, answer: Answer, block: dict[str, Answer]) -> None:
    question = answer.question
    if not question.share_code:
        return
    if question.base_is_asked:
        answer.base = answer.own_base
        if answer.value is not None and answer.base is None and form.BASE not in answer.refused:
            _flag(
                reading, answer, column=form.BASE, found="rien, à côté d'une valeur", rule="base manquante",
                expected=f"la base : {question.base_wording}",
                advice="Demandez la base : sans elle, le pourcentage ne se calcule pas.",
            )  # fmt: skip
    else:
        source = block.get(question.base_code or "")
        if source is None or form.VALUE in source.refused:
            return
        answer.base = source.value
        _check_worked_out(reading, answer, form.BASE, answer.base)
    if answer.value is not None and answer.base is not None and answer.value > answer.base:
        answer.refuse(
            reading, form.VALUE, found=str(answer.value), expected=f"au plus {answer.base}, sa base",
            rule="valeur au-dessus de sa base", advice="Corrigez la valeur ou sa base.",
        )  # fmt: skip


def _check_parts(reading: Reading, answer: Answer, block: dict[str, Answer]) -> None:
    """A part is not above its whole; a contradiction the 2020 figures hold themselves is only pointed at."""
    question = answer.question
    whole = block.get(question.part_of or question.believed_part_of or "")
    if whole is None or whole.value is None or answer.value is None or answer.value <= whole.value:
        return
    if form.VALUE in answer.refused or form.VALUE in whole.refused:
        return
    expected = f"au plus {whole.value} (« {whole.question.wording} », ligne {whole.row})"
    found, rule = str(answer.value), "partie au-dessus du tout"
    if question.part_of:
        advice = "Corrigez l'un des deux nombres."
        answer.refuse(reading, form.VALUE, found=found, expected=expected, rule=rule, advice=advice)
    else:
        _flag(reading, answer, found=found, expected=expected, rule=rule, advice=_LOOK)


def _check_share(reading: Reading, answer: Answer) -> None:
    if not answer.question.share_code or answer.refused & {form.VALUE, form.BASE}:
        return
    if answer.value is not None and answer.base:
        answer.share = (Decimal(100) * answer.value / answer.base).quantize(SHARE_STEP, ROUND_HALF_UP)
    _check_worked_out(reading, answer, form.SHARE, answer.share)


def _check_worked_out(reading: Reading, answer: Answer, column: int, expected: Decimal | int | None) -> None:
    """A cell the workbook works out is blank, or what we work out: anything else was typed over its formula."""
    written = answer.written(column)
    if not written or column in answer.refused:
        return
    try:
        shown = read_number(answer.page.cell(answer.row, column))
    except UnreadableNumberError:
        shown = Decimal(-1)
    if shown != expected:
        answer.refuse(
            reading, column, found=written, expected="rien" if expected is None else str(expected).replace(".", ","),
            rule="cellule calculée", advice=_SAVE,
        )  # fmt: skip


def _check_sum(reading: Reading, region: dict[str, Answer], others: list[dict[str, Answer]]) -> None:
    """A region that answers is the sum of those that do: never less, and no more once all have answered."""
    for code, total in region.items():
        if not total.question.is_count or total.value is None or form.VALUE in total.refused:
            continue
        parts = [block[code] for block in others if code in block]
        known = [part.value for part in parts if part.value is not None]
        silent = [part for part in parts if part.value is None]
        expected = f"{sum(known)}, la somme des collectivités"
        if sum(known) > total.value:
            advice = "Corrigez la région ou l'une des collectivités ; la région peut rester vide."
            total.refuse(
                reading, form.VALUE, found=str(total.value), expected=f"au moins {expected}", rule="somme de la région",
                advice=advice,
            )  # fmt: skip
        elif sum(known) < total.value and not any(part.territory.level == "departement" for part in silent):
            _flag(reading, total, found=str(total.value), expected=expected, rule="somme de la région", advice=_LOOK)


def _flag(
    reading: Reading, answer: Answer, *, found: str, expected: str, rule: str, advice: str, column: int = form.VALUE
) -> None:
    reading.flag(
        found=found, expected=expected, rule=rule, advice=advice, row=answer.row, column=answer.page.column(column),
        name=form.HEADERS[column], sheet=answer.page.name,
    )  # fmt: skip
