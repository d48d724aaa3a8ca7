"""The rows of a question sheet: each found by its codes, its cells read one by one."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.form import Question, Territory
from dagster_project.readers.calpae.identity import Identity
from dagster_project.readers.calpae.typed import Oddities, UnreadableNumberError, read_count, read_number, words
from dagster_project.readers.cells import Reading
from dagster_project.readers.nomenclature import departement_code, plain
from dagster_project.readers.spreadsheet import Sheet

_RESTORE = "Rétablissez la cellule d'origine, ou repartez du modèle."
_ENTRY_COLUMNS = (form.VALUE, form.BASE, form.MARKER, form.SHARE, form.COMMENT)
_MARKERS = {plain(words): code for code, label in form.MARKERS.items() for words in (code, label)}

Key = tuple[str, str, str]


@dataclass
class Answer:
    """What a row answers. A cell that was refused stands in ``refused``, by its column, and is not kept."""

    territory: Territory
    question: Question
    page: Sheet
    row: int
    refused: set[int]
    value: Decimal | int | None = None
    marker: str | None = None
    own_base: int | None = None
    # Worked out once every row is read: the base of the share, and the share.
    base: Decimal | int | None = None
    share: Decimal | None = None

    def written(self, column: int) -> str:
        """What a person reads in one of the row's cells."""
        return words(self.page.cell(self.row, column))

    def refuse(self, reading: Reading, column: int, *, found: str, expected: str, rule: str, advice: str) -> None:
        """Refuse one of the row's cells; it is reported once."""
        if column not in self.refused:
            self.refused.add(column)
            reading.reject(
                found=found, expected=expected, rule=rule, advice=advice, row=self.row,
                column=self.page.column(column), name=form.HEADERS[column], sheet=self.page.name,
            )  # fmt: skip


def read_answers(reading: Reading, page: Sheet, odd: Oddities, identity: Identity) -> list[Answer]:
    """Every answer of a sheet, in order; what is not where the template put it is refused."""
    if not _has_header(reading, page):
        return []
    answers = _rows(reading, page, odd, identity)
    for answer in answers:
        reading.cells_read += _cells_in(answer, odd)
        _read_cells(reading, answer, odd)
    return answers


def _cells_in(answer: Answer, odd: Oddities) -> int:
    """The cells a row asks for, and those a person added to it."""
    asked = {form.VALUE, form.BASE, form.SHARE} if answer.question.share_code else {form.VALUE}
    added = [
        column
        for column in _ENTRY_COLUMNS
        if column not in asked and (answer.written(column) or column in _faulty(answer, odd))
    ]
    return len(asked) + len(added)


def _has_header(reading: Reading, page: Sheet) -> bool:
    expected = [plain(header) for header in form.HEADERS]
    found_at = max(
        range(1, form.HEADER_ROW + 20),
        key=lambda row: sum(plain(page.cell(row, index)) == name for index, name in enumerate(expected)),
    )
    if found_at != form.HEADER_ROW and plain(page.cell(form.HEADER_ROW, form.INDICATOR)) != expected[form.INDICATOR]:
        reading.reject(
            found=f"en-tête en ligne {found_at}", expected=f"l'en-tête en ligne {form.HEADER_ROW}", rule="en-tête",
            advice="Retirez les lignes ajoutées au-dessus du tableau, ou rétablissez celles qui manquent.",
            row=found_at, sheet=page.name,
        )  # fmt: skip
        return False
    width = max((len(row) for row in page.rows[: form.HEADER_ROW]), default=0)
    sound = True
    for index in range(max(width, len(form.HEADERS))):
        written = words(page.cell(form.HEADER_ROW, index))
        name = form.HEADERS[index] if index < len(form.HEADERS) else ""
        if plain(written) != plain(name):
            sound = False
            reading.reject(
                found=written or "rien", expected=f"« {name} »" if name else "aucune colonne ajoutée", rule="en-tête",
                advice="Rétablissez l'en-tête et l'ordre des colonnes, ou repartez du modèle.",
                row=form.HEADER_ROW, column=page.column(index), name=written or name, sheet=page.name,
            )  # fmt: skip
    return sound


def _rows(reading: Reading, page: Sheet, odd: Oddities, identity: Identity) -> list[Answer]:
    """The rows of the template, each found once by its codes."""
    asked: dict[Key, tuple[Territory, Question]] = {
        (territory.level, territory.code, question.code): (territory, question)
        for territory in identity.territories
        for question in form.QUESTIONS[page.name]
    }
    answers: dict[Key, Answer] = {}
    blank: list[int] = []
    lost = 0
    for number, row in page.rows_from(form.HEADER_ROW + 1):
        if not any(words(cell) for cell in row):
            blank.append(number)
            continue
        key = _key(page, number)
        if key not in asked:
            lost += 1
            _refuse_key(reading, page, odd, number, key=key, identity=identity)
            continue
        for inserted in blank:
            _refuse_row(
                reading, page, inserted, found="une ligne vide", expected="aucune ligne insérée", rule="ligne insérée",
                advice="Retirez-la.",
            )  # fmt: skip
        blank.clear()
        if key in answers:
            _refuse_row(
                reading, page, number, found=f"{key[2]}, {asked[key][0].name}", expected="cette ligne une seule fois",
                rule="ligne en double",
                advice=f"La ligne {answers[key].row} dit déjà cet indicateur pour ce territoire : gardez la bonne.",
            )  # fmt: skip
        else:
            answer = Answer(*asked[key], page, number, set())
            answers[key] = answer
            _check_wording(reading, answer, odd, len(row))
    missing = [key for key in asked if key not in answers]
    if len(missing) > lost:
        for key in missing:
            territory, question = asked[key]
            reading.reject(
                found="ligne absente", expected=f"« {question.wording} » pour {territory.name}", rule="ligne absente",
                advice="Rétablissez la ligne, ou repartez du modèle.", sheet=page.name,
            )  # fmt: skip
    return list(answers.values())


def _key(page: Sheet, row: int) -> Key:
    levels = {plain(word): level for level, word in form.LEVELS_FR.items()}
    level = levels.get(plain(page.cell(row, form.LEVEL)), "")
    code = words(page.cell(row, form.CODE))
    if level == "departement":
        code = departement_code(code) or code
    elif level == "region":
        code = code.zfill(2)
    return level, code, words(page.cell(row, form.INDICATOR))


def _refuse_key(reading: Reading, page: Sheet, odd: Oddities, row: int, *, key: Key, identity: Identity) -> None:
    """Name the cell that makes a row none of the template's: its level, its code, or its indicator."""
    level, code, _ = key
    codes = {question.wording: question.code for question in form.QUESTIONS[page.name]}
    if not level:
        column, expected = form.LEVEL, "l'un de : " + ", ".join(form.LEVELS_FR.values())
    elif (level, code) not in [(territory.level, territory.code) for territory in identity.territories]:
        column = form.CODE
        named = {plain(territory.name): territory.code for territory in identity.territories}
        expected = named.get(plain(page.cell(row, form.NAME)), "le code d'un territoire de ce classeur")
    else:
        column = form.INDICATOR
        expected = codes.get(words(page.cell(row, form.WORDING)), "un code d'indicateur du modèle")
    found = odd.errors.get((row, column)) or words(page.cell(row, column)) or "rien"
    reading.reject(
        found=found, expected=expected, rule="ligne inconnue",
        advice="Rétablissez le code, ou retirez la ligne ajoutée.",
        row=row, column=page.column(column), name=form.HEADERS[column], sheet=page.name,
    )  # fmt: skip


def _refuse_row(reading: Reading, page: Sheet, row: int, *, found: str, expected: str, rule: str, advice: str) -> None:
    reading.reject(found=found, expected=expected, rule=rule, advice=advice, row=row, sheet=page.name)


def _check_wording(reading: Reading, answer: Answer, odd: Oddities, width: int) -> None:
    """The name of the territory, and what the question says, must still be the template's."""
    question = answer.question
    official = form.name_of(answer.territory.level, answer.territory.code) or ""
    for column, expected in (
        (form.NAME, official),
        (form.WORDING, question.wording),
        (form.UNIT, form.UNITS_FR[question.unit]),
        (form.BASE_WORDING, question.base_wording),
    ):
        if plain(answer.written(column)) != plain(expected):
            found = odd.errors.get((answer.row, column)) or answer.written(column) or "rien"
            rule = "nom du territoire" if column == form.NAME else "libellé modifié"
            told = f"« {expected} »" + (f", le nom du code {answer.territory.code}" if column == form.NAME else "")
            answer.refuse(reading, column, found=found, expected=told, rule=rule, advice=_RESTORE)
    for index in range(len(form.HEADERS), width):
        if written := words(answer.page.cell(answer.row, index)):
            reading.reject(
                found=written, expected="rien à droite du tableau", rule="hors du tableau",
                advice="Déplacez la note dans la colonne Commentaire.",
                row=answer.row, column=answer.page.column(index), sheet=answer.page.name,
            )  # fmt: skip


def _read_cells(reading: Reading, answer: Answer, odd: Oddities) -> None:
    question = answer.question
    for column in _faulty(answer, odd):
        if error := odd.errors.get((answer.row, column)):
            answer.refuse(
                reading, column, found=error, expected="une valeur, pas une erreur de formule",
                rule="erreur de formule", advice="Effacez la formule et tapez la valeur.",
            )  # fmt: skip
        else:
            answer.refuse(
                reading, column, found=f"une formule, qui donne {answer.written(column) or 'rien'}",
                expected="une valeur tapée", rule="formule",
                advice="Remplacez la formule par sa valeur (Copier, Collage spécial, Valeurs).",
            )  # fmt: skip
    answer.marker = _marker(reading, answer)
    answer.value = _number(reading, answer, form.VALUE, question.is_count)
    if question.base_is_asked:
        base = _number(reading, answer, form.BASE, True)
        answer.own_base = None if base is None else int(base)
    elif not question.base_code:
        _refuse_unasked(reading, answer, form.BASE)
    if not question.share_code:
        _refuse_unasked(reading, answer, form.SHARE)
    _value_or_marker(reading, answer)


def _faulty(answer: Answer, odd: Oddities) -> Iterator[int]:
    """Columns of the row with an error, or with a formula where a person types."""
    question = answer.question
    worked_out = {form.SHARE, form.COMMENT} | (set() if question.base_is_asked else {form.BASE})
    for column in _ENTRY_COLUMNS:
        address = (answer.row, column)
        if address in odd.errors or (address in odd.formulas and column not in worked_out):
            yield column


def _number(reading: Reading, answer: Answer, column: int, is_count: bool) -> Decimal | int | None:
    cell = answer.page.cell(answer.row, column)
    written = answer.written(column)
    if column in answer.refused or not written:
        return None
    largest = form.LARGEST_COUNT if is_count else form.LONGEST_DELAY
    try:
        number = read_count(cell) if is_count else read_number(cell)
        if number > largest:
            raise UnreadableNumberError(f"un nombre d'au plus {largest}", "Vérifiez le nombre de chiffres.")
    except UnreadableNumberError as error:
        answer.refuse(
            reading, column, found=written, expected=error.expected, rule="type de la cellule", advice=error.advice
        )
        return None
    return number


def _marker(reading: Reading, answer: Answer) -> str | None:
    written = answer.written(form.MARKER)
    if not written or form.MARKER in answer.refused:
        return None
    marker = _MARKERS.get(plain(written))
    if marker is None:
        answer.refuse(
            reading, form.MARKER, found=written, expected="l'un de : " + ", ".join(form.MARKERS.values()),
            rule="signe inconnu", advice="Choisissez dans la liste ; une précision va dans Commentaire.",
        )  # fmt: skip
    return marker


def _refuse_unasked(reading: Reading, answer: Answer, column: int) -> None:
    if written := answer.written(column):
        answer.refuse(
            reading, column, found=written, expected="rien : cet indicateur n'a pas de base", 
            rule="cellule non demandée", advice="Effacez la cellule.",
        )  # fmt: skip


def _value_or_marker(reading: Reading, answer: Answer) -> None:
    if answer.value is not None and answer.marker:
        answer.refuse(
            reading, form.VALUE, found=f"{answer.written(form.VALUE)} et {answer.marker}",
            expected="une valeur ou un signe, pas les deux", rule="valeur et signe",
            advice="Effacez le signe si la valeur est bonne, la valeur sinon.",
        )  # fmt: skip
    elif not answer.written(form.VALUE) and not answer.marker and answer.own_base is not None:
        answer.refuse(
            reading, form.VALUE, found="rien, à côté d'une base", expected="une valeur ou un signe",
            rule="base sans valeur", advice="Tapez la valeur ; si vous ne l'avez pas, choisissez un signe.",
        )  # fmt: skip
