"""Execution of the State budget (PLRG): annexes by mission, programme, title and category, alone or one after another.

Several annexes in one file are parted by ``#### Annexe1-Etat_CP-2023.csv``; alone, a file's own name gives its year.
Everything an annex says twice is checked: opened credits and expenses are recomputed from their movements, and the
three annexes of a year agree, within what their figures are rounded to (one is printed 1,44146E+11).
"""

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.state_budget.amounts import ADVICE, Amount, amount, head_of, slug, text_of
from dagster_project.readers.table import column_letter

_MARKER = "#### "
_YEAR = re.compile(r"(?<!\d)(20\d\d)(?!\d)")
_PROGRAMME = re.compile(r"(.+) - (\d{3})")
_WORDS = ("Mission", "Programme", "Titre", "Categorie")
_MISSIONS = {
    "AE_Ouvertes": "state_budget_ae_opened",
    "AE_Consommees": "state_budget_ae_executed",
    "CP_Ouverts": "state_budget_cp_opened",
    "CP_Consommes": "state_budget_cp_executed",
}
_MOVEMENTS = {
    "LFI": "state_budget_cp_lfi",
    "LFR": "state_budget_cp_lfr",
    "Report_N-1": "state_budget_cp_carried_in",
    "Mvts_reglementaires": "state_budget_cp_regulatory_movements",
    "FDC_et_ADP": "state_budget_cp_fdc_adp",
    "Fongibilite_asymetrique": "state_budget_cp_fungibility",
    "Total_CP_Ouverts": "state_budget_cp_opened",
    "Depenses_constatees": "state_budget_cp_executed",
    "Modif_Ouvertures": "state_budget_cp_final_openings",
    "Modif_Annulations": "state_budget_cp_final_cancellations",
    "Report_N+1": "state_budget_cp_carried_out",
}
_CATEGORIES = {"Depenses": "state_budget_cp_executed"}
_ANNEXES = {
    ("Mission",): _MISSIONS,
    ("Mission", "Programme", "Titre"): _MOVEMENTS,
    ("Mission", "Programme", "Titre", "Categorie"): _CATEGORIES,
}
_OPENED = ("LFI", "LFR", "Report_N-1", "Mvts_reglementaires", "FDC_et_ADP", "Fongibilite_asymetrique")
# Of sums printed to the unit, or to ten digits: what rounding leaves, in euros, beside half of each printed step.
_SLACK = Decimal("0.5")


@dataclass(frozen=True)
class _Line:
    """A line of an annex: where it is, what it is of, and its amounts by column."""

    year: int
    row: int
    words: dict[str, str]
    amounts: dict[str, Amount]
    letters: dict[str, str]

    @property
    def part(self) -> str:
        """The programme, and whether this is its staff (title 2) or all the rest."""
        is_staff = self.words["Titre"].startswith("Titre 2")
        return f"{self.words['Programme']} : {'titre 2' if is_staff else 'hors titre 2'}"


def recognise(path: Path) -> Recognition:
    """By the header of one of the annexes."""
    head = head_of(path)
    header = next((line for line in head.splitlines() if line.startswith("Mission;")), "").strip().split(";")
    expected = max(
        ((*words, *columns) for words, columns in _ANNEXES.items()), key=lambda names: len({*names} & {*header})
    )
    return Recognition(
        tuple(name for name in expected if name in header), tuple(name for name in expected if name not in header)
    )


def edition(path: Path) -> EditionFacts:
    """The last year executed, from the markers or the file's name."""
    try:
        text = path.read_bytes().decode("utf-8", errors="ignore")
    except OSError:
        text = ""
    years = _YEAR.findall(" ".join(line for line in text.splitlines() if line.startswith(_MARKER))) or _YEAR.findall(
        path.name
    )
    return EditionFacts(max(years, default=""))


def read(path: Path, reading: Reading) -> None:
    """Read every annex, then hold each against its own movements and against the others of its year."""
    text = text_of(reading, path)
    if text is None:
        return
    lines: list[_Line] = []
    for title, first, content in _annexes(text, path.name):
        lines += _lines(reading, title, first, content)
    if not lines and not reading.rejects:
        reading.reject(found="aucune ligne", expected="une annexe d'exécution", rule="fichier vide", advice=ADVICE)
    _refuse_repeated(reading, lines)
    _recompute_movements(reading, lines)
    for year in sorted({line.year for line in lines}):
        _compare(reading, [line for line in lines if line.year == year])


def _annexes(text: str, name: str) -> Iterator[tuple[str, int, list[str]]]:
    """Each annex: its name, the number of its header's line, and its lines."""
    title, first, content = name, 1, list[str]()
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith(_MARKER):
            if any(one.strip() for one in content):
                yield title, first, content
            title, first, content = line.removeprefix(_MARKER).strip(), number + 1, []
        else:
            content.append(line)
    if any(one.strip() for one in content):
        yield title, first, content


def _lines(reading: Reading, title: str, first: int, content: list[str]) -> Iterator[_Line]:
    records = list(csv.reader(io.StringIO("\n".join(content)), delimiter=";"))
    header = [name.strip() for name in records[0]] if records else []
    words = tuple(name for name in _WORDS if name in header)
    columns = _ANNEXES.get(words, {})
    year = _YEAR.search(title)
    if not columns or sorted(header) != sorted((*words, *columns)) or year is None:
        odd = [name for name in header if name not in (*_WORDS, *_MISSIONS, *_MOVEMENTS, *_CATEGORIES)] or header
        reading.reject(
            found=f"{title} : {' ; '.join(odd)[:120]}", rule="en-tête", advice=ADVICE, row=first,
            expected="une annexe d'exécution dont le nom porte l'année, et toutes ses colonnes une fois",
        )  # fmt: skip
        return
    for row, record in enumerate(records[1:], start=first + 1):
        if any(cell.strip() for cell in record) and (line := _line(reading, int(year[1]), row, header, record)):
            yield line


def _line(reading: Reading, year: int, row: int, header: list[str], record: list[str]) -> _Line | None:
    cells = dict(zip(header, (cell.strip() for cell in record), strict=False))
    words = {name: cell for name, cell in cells.items() if name in _WORDS}
    figures = {name: cell for name, cell in cells.items() if name not in _WORDS and cell}
    reading.cells_read += len(figures)
    if len(record) != len(header):
        reading.reject(
            found=f"{len(record)} cellules", expected=f"{len(header)} cellules", rule="largeur", row=row, advice=ADVICE
        )
        reading.leave("Montants d'une ligne coupée", len(figures))
        return None
    letters = {name: column_letter(index) for index, name in enumerate(header)}
    if (group := _group(words)) is None:
        reading.reject(
            found=" ; ".join(words.values()), expected="une mission, un programme « … - 304 », un titre connu",
            rule="nomenclature", advice=ADVICE, row=row, column="B", name="Programme",
        )  # fmt: skip
        reading.leave("Montants d'une ligne sans programme lisible", len(figures))
        return None
    amounts = {}
    indicators = _ANNEXES[tuple(name for name in _WORDS if name in header)]
    for name in indicators:
        read_ = amount(cells[name])
        if read_ is None:
            reading.reject(
                found=cells[name], expected="un montant en euros", rule="montant", advice=ADVICE, row=row,
                column=letters[name], name=name,
            )  # fmt: skip
            continue
        amounts[name] = read_
        reading.keep([
            Cell(
                indicator_code=indicators[name], territory_level="country", territory_code="FR",
                territory_label="France", period_start=date(year, 1, 1), period_end=date(year, 12, 31),
                period_label=str(year), value=read_.value, unit="eur", printed_text=cells[name],
                printed_step=read_.step, population_group=group, source_row=row, source_column=letters[name],
            )
        ])  # fmt: skip
    return _Line(year, row, words, amounts, letters)


def _group(words: dict[str, str]) -> str | None:
    """The part of the budget a line is of; None where its programme, title or category cannot be read."""
    if "Programme" not in words:
        return f"mission_{slug(words['Mission'])}" if words["Mission"] else None
    programme = _PROGRAMME.fullmatch(words["Programme"])
    if programme is None:
        return None
    group = f"programme_{programme[2]}"
    if "Categorie" not in words:
        titles = {"Titre 2 - Dépenses de personnel": "_titre_2", "Autres titres - Autres dépenses": "_hors_titre_2"}
        return group + titles[words["Titre"]] if words["Titre"] in titles else None
    title = re.fullmatch(r"Titre ([1-7])", words["Titre"])
    if title is None or not re.fullmatch(rf"{title[1]}[0-9]", words["Categorie"]):
        return None
    return f"{group}_titre_{title[1]}_categorie_{words['Categorie']}"


def _refuse_repeated(reading: Reading, lines: list[_Line]) -> None:
    first: dict[tuple[object, ...], int] = {}
    for line in lines:
        key = (line.year, *sorted(line.words.items()))
        if line.row != (earlier := first.setdefault(key, line.row)):
            reading.reject(
                found=" ; ".join(line.words.values()), expected="une seule fois chaque ligne", rule="doublon",
                advice=f"Déjà à la ligne {earlier}. " + ADVICE, row=line.row, column="A", name="Mission",
            )  # fmt: skip


def _recompute_movements(reading: Reading, lines: list[_Line]) -> None:
    """Opened credits are the sum of their movements; expenses, what is left of them once the year is closed."""
    for line in lines:
        if len(line.amounts) != len(_MOVEMENTS):
            continue
        value = {name: read_.value for name, read_ in line.amounts.items()}
        slack = sum((read_.step for read_ in line.amounts.values()), Decimal(0)) / 2 + _SLACK
        closed = value["Modif_Ouvertures"] - value["Modif_Annulations"] - value["Report_N+1"]
        for name, expected in (
            ("Total_CP_Ouverts", sum(value[part] for part in _OPENED)),
            ("Depenses_constatees", value["Total_CP_Ouverts"] + closed),
        ):
            if abs(value[name] - expected) > slack:
                _refuse_total(reading, line, name, expected)


def _refuse_total(reading: Reading, line: _Line, name: str, expected: Decimal | int) -> None:
    reading.reject(
        found=line.amounts[name].value, expected=f"{expected:.2f}, recalculé", rule="total recalculé",
        advice="Ce montant ou l'un de ceux qui le composent est faux. " + ADVICE, row=line.row,
        column=line.letters[name], name=name,
    )  # fmt: skip


def _compare(reading: Reading, lines: list[_Line]) -> None:
    """Programmes make their mission, and categories their programme, wherever the file has both annexes."""
    missions = [line for line in lines if len(line.words) == 1]
    programmes = [line for line in lines if len(line.words) == 3]
    categories = [line for line in lines if len(line.words) == 4]
    if programmes:
        for theirs, ours in (("Total_CP_Ouverts", "CP_Ouverts"), ("Depenses_constatees", "CP_Consommes")):
            sums = _sums([(line.words["Mission"], line.amounts.get(theirs)) for line in programmes])
            for line in missions:
                _compare_one(reading, line, ours, sums[line.words["Mission"]])
        _refuse_absent(reading, missions, programmes, "Mission")
    if categories and programmes:
        _refuse_absent(reading, programmes, categories, "Programme")
        sums = _sums([(line.part, line.amounts.get("Depenses")) for line in categories])
        for line in programmes:
            parts = [one for one in categories if one.part == line.part and "Depenses" in one.amounts]
            _compare_one(reading, line, "Depenses_constatees", sums[line.part], parts)
    for line in missions:
        for opened, executed in (("AE_Ouvertes", "AE_Consommees"), ("CP_Ouverts", "CP_Consommes")):
            both = [line.amounts[name] for name in (opened, executed) if name in line.amounts]
            if len(both) == 2 and both[1].value > both[0].value + both[0].step:
                _refuse_total(reading, line, executed, both[0].value)


def _refuse_absent(reading: Reading, wholes: list[_Line], parts: list[_Line], word: str) -> None:
    """What one annex has of a year, the annex above it has."""
    known = {line.words[word] for line in wholes}
    for line in parts:
        if known and line.words[word] not in known:
            known.add(line.words[word])
            reading.reject(
                found=f"« {line.words[word]} » absent", expected=f"chaque {word.lower()} dans toutes les annexes",
                rule="nomenclature", advice=f"Une ligne manque en {line.year}. " + ADVICE, row=line.row,
                column=line.letters[word], name=word,
            )  # fmt: skip


def _sums(cells: list[tuple[str, Amount | None]]) -> defaultdict[str, Amount]:
    """The sum of the amounts of each key, and of the steps they are written to."""
    sums: defaultdict[str, Amount] = defaultdict(lambda: Amount(Decimal(0), _SLACK))
    for key, read_ in cells:
        if read_ is not None:
            sums[key] = Amount(sums[key].value + read_.value, sums[key].step + read_.step)
    return sums


def _compare_one(reading: Reading, line: _Line, name: str, expected: Amount, parts: Sequence[_Line] = ()) -> None:
    """Refuse a total that its parts do not make; a part ten times too large or too small is pointed at instead."""
    if name not in line.amounts:
        return
    slack = expected.step + line.amounts[name].step
    missing = line.amounts[name].value - expected.value
    if abs(missing) <= slack:
        return
    for part in parts:
        value = part.amounts["Depenses"].value
        for right in (value / 10, value * 10, -value):
            if value and abs(right - value - missing) <= slack:
                _refuse_total(reading, part, "Depenses", right)
                return
    _refuse_total(reading, line, name, expected.value)


LAYOUTS = (
    OfficialLayout(
        name="budget_execution",
        publisher="budget",
        dataset="state_execution",
        title_fr="Exécution du budget de l'État : annexes du projet de loi relatif aux résultats de la gestion",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
