"""Credits of the State budget by destination and nature: the bill (PLF, proposed) and the act (LFI, voted), in CSV.

One line a programme, action, sub-action and category. Names of columns change with the year, and a code may be a
float (304.0). AE are commitments authorised, CP payments; *fdc_adp* what is expected from contributions and sales.
"""

import csv
import io
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

from dagster_project.readers.cells import Cell, Reading
from dagster_project.readers.nomenclature import plain
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.state_budget.amounts import ADVICE, Amount, amount, head_of, text_of
from dagster_project.readers.table import column_letter

_PROGRAMME, _ACTION, _SUB_ACTION, _CATEGORY, _TITLE = "programme", "action", "sous_action", "categorie", "titre"
_TYPE = "type"
# What each column is, by the plain form of its name; every other name that is not an amount is refused.
_CODES = {
    "programme": _PROGRAMME, "code programme": _PROGRAMME, "action": _ACTION, "code action": _ACTION,
    "sous action": _SUB_ACTION, "code sous action": _SUB_ACTION, "categorie": _CATEGORY, "code categorie": _CATEGORY,
    "code titre": _TITLE, "titre": _TITLE, "type mission": _TYPE, "typebudget": _TYPE, "type de budget": _TYPE,
}  # fmt: skip
_LABELS = {
    "mission", "code mission", "libelle mission", "libelle programme", "libelle action", "libelle sousaction",
    "libelle sous action", "libelle titre", "libelle categorie", "ministere", "code ministere", "libelle ministere",
    "annee", "exercice", "section", "libelle section",
}  # fmt: skip
_MEASURE = re.compile(r"(ae|cp) (?:(t2|ht2|hors t2|t2 ht2) )?(plf|lfi|prev fdc adp|fdc adp)(?: (20\d\d))?")
_BARE = {"autorisation engagement": "ae plf", "credit de paiement": "cp plf", "fdc": "cp fdc adp"}
_PARTS = {None: "", "t2 ht2": "", "t2": "_titre_2", "ht2": "_hors_titre_2", "hors t2": "_hors_titre_2"}
_YEAR = re.compile(r"(?<![0-9])(?:plf|lfi)?[ _-]?(20\d\d)(?!\d)|(?:plf|lfi)[ _-]?(\d\d)(?!\d)", re.IGNORECASE)
# No line of the budget reaches this: the largest, tax refunds, are some 140 billion.
_LARGEST = Decimal(200_000_000_000)


class _Measure(NamedTuple):
    """A column of amounts: what is counted, and which part of the line (staff, all but staff) it is of."""

    indicator: str
    part: str


def _measure(name: str) -> _Measure | None:
    words = " ".join(plain(name).split())
    match = _MEASURE.fullmatch(_BARE.get(words, words))
    if match is None:
        return None
    stage = "fdc_adp" if "fdc" in match[3] else match[3]
    return _Measure(f"state_budget_{match[1]}_{stage}", _PARTS[match[2]])


def recognise(path: Path) -> Recognition:
    """By a programme, an action, and commitments and payments of a bill or an act."""
    header = _header(head_of(path))
    codes = {_CODES.get(plain(name)) for name in header}
    indicators = {measure.indicator for name in header if (measure := _measure(name))}
    wanted = {
        "programme": _PROGRAMME in codes,
        "action": _ACTION in codes,
        "AE (PLF ou LFI)": bool(indicators & {"state_budget_ae_plf", "state_budget_ae_lfi"}),
        "CP (PLF ou LFI)": bool(indicators & {"state_budget_cp_plf", "state_budget_cp_lfi"}),
    }
    return Recognition(
        tuple(name for name, is_there in wanted.items() if is_there),
        tuple(name for name, is_there in wanted.items() if not is_there),
    )


def edition(path: Path) -> EditionFacts:
    """The year of the budget, from the names of columns, or the file's."""
    return EditionFacts(_year(path, _header(head_of(path))) or "")


def _header(text: str) -> list[str]:
    lines = text.splitlines()
    try:
        return [name.strip() for name in next(csv.reader(lines[:1], delimiter=";"), [])]
    except csv.Error:
        return []


def _year(path: Path, header: list[str]) -> str | None:
    written = {match[4] for name in header if (match := _MEASURE.fullmatch(plain(name))) and match[4]}
    if len(written) == 1:
        return written.pop()
    match = _YEAR.search(path.stem)
    return (match[1] or f"20{match[2]}") if match else None


def read(path: Path, reading: Reading) -> None:
    """Read every amount of every line."""
    text = text_of(reading, path)
    if text is None:
        return
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=";", strict=True))
    except csv.Error as error:
        reading.reject(found=str(error), expected="un CSV bien formé", rule="csv", advice=ADVICE)
        return
    header = [name.strip() for name in records[0]] if records else []
    if _is_header_sound(reading, header) and (year := _required_year(reading, path, header)):
        _Credits(reading, header, int(year)).read(records[1:])


def _required_year(reading: Reading, path: Path, header: list[str]) -> str | None:
    if year := _year(path, header):
        return year
    reading.reject(
        found=path.name, expected="l'année du budget dans le nom du fichier (plf-2024-…)", rule="année", advice=ADVICE
    )
    return None


def _is_header_sound(reading: Reading, header: list[str]) -> bool:
    before = len(reading.rejects)
    seen: set[object] = set()
    for index, name in enumerate(header):
        meaning = _measure(name) or _CODES.get(plain(name)) or (plain(name) if plain(name) in _LABELS else None)
        if meaning is None or meaning in seen:
            reading.reject(
                found=name, expected="une colonne connue des crédits, une seule fois", rule="en-tête", advice=ADVICE,
                row=1, column=column_letter(index), name=name,
            )  # fmt: skip
        seen.add(meaning)
    for code in (_PROGRAMME, _ACTION):
        if code not in seen:
            reading.reject(found="colonne absente", expected=f"« {code} »", rule="en-tête", advice=ADVICE, row=1)
    stages = {one.indicator for one in seen if isinstance(one, _Measure)}
    if not {indicator.replace("_ae_", "_cp_") for indicator in stages if "_ae_" in indicator} & stages:
        reading.reject(found="AE ou CP absents", expected="AE et CP", rule="en-tête", advice=ADVICE, row=1)
    return len(reading.rejects) == before


class _Credits:
    """The lines of a file being read: each group comes once, and its amounts stand in their bounds."""

    def __init__(self, reading: Reading, header: list[str], year: int) -> None:
        self.reading, self.header, self.year = reading, header, year
        self.codes = {code: index for index, name in enumerate(header) if (code := _CODES.get(plain(name)))}
        self.measures = {index: measure for index, name in enumerate(header) if (measure := _measure(name))}
        self.first: dict[tuple[str, ...], int] = {}

    def read(self, records: list[list[str]]) -> None:
        for row, record in enumerate(records, start=2):
            if any(cell.strip() for cell in record):
                self._read_line(row, record)
        if not self.first and not self.reading.rejects:
            self._refuse(None, None, "aucune ligne", "des crédits par programme et action", "fichier vide")

    def _refuse(self, row: int | None, index: int | None, found: object, expected: str, rule: str) -> None:
        self.reading.reject(
            found=found, expected=expected, rule=rule, advice=ADVICE, row=row,
            column=None if index is None else column_letter(index), name=None if index is None else self.header[index],
        )  # fmt: skip

    def _read_line(self, row: int, record: list[str]) -> None:
        figures = [index for index in self.measures if index < len(record) and record[index].strip()]
        self.reading.cells_read += len(figures)
        if len(record) != len(self.header):
            self._refuse(row, None, f"{len(record)} cellules", f"{len(self.header)} cellules", "largeur")
            self.reading.leave("Montants d'une ligne coupée", len(figures))
            return
        words = {code: record[index].strip().removesuffix(".0") for code, index in self.codes.items()}
        # General budget and annexed ones may share a programme's number; labels do not make a line another.
        key = tuple(words.values())
        if (group := self._group(row, words)) is None:
            self.reading.leave("Montants d'une ligne sans programme lisible", len(figures))
            return
        if (earlier := self.first.setdefault(key, row)) != row:
            self._refuse(row, self.codes[_PROGRAMME], group, f"une seule ligne (déjà ligne {earlier})", "doublon")
        read_ = {index: self._amount(row, index, record[index]) for index in figures}
        self._keep(row, record, group, {index: one for index, one in read_.items() if one})

    def _group(self, row: int, words: dict[str, str]) -> str | None:
        patterns = {_PROGRAMME: r"\d{3}", _ACTION: r"(?:\d{3}-)?(\d{1,2})", _SUB_ACTION: r"(?:[\d-]*-)?(\d{1,2})"}
        patterns |= {_TITLE: r"[1-7]", _CATEGORY: r"[1-7]\d"}
        group = ""
        for code, pattern in patterns.items():
            written = words.get(code, "")
            if not written and code != _PROGRAMME:
                continue
            match = re.fullmatch(pattern, written)
            if match is None:
                self._refuse(row, self.codes[code], written, "un code de la nomenclature budgétaire", "nomenclature")
                return None
            number = match[match.lastindex or 0]
            group += f"_{code}_{number.zfill(2) if code in (_ACTION, _SUB_ACTION) else number}"
        if (title := words.get(_TITLE)) and (category := words.get(_CATEGORY)) and category[0] != title:
            self._refuse(row, self.codes[_CATEGORY], category, f"une catégorie du titre {title}", "nomenclature")
            return None
        return group.removeprefix("_")

    def _amount(self, row: int, index: int, text: str) -> Amount | None:
        read_ = amount(text)
        if read_ is None or abs(read_.value) > _LARGEST:
            self._refuse(row, index, text, "un montant en euros, de moins de 200 milliards", "montant")
            return None
        if read_.value < 0:
            self._refuse(row, index, text, "des crédits, jamais négatifs", "montant")
            return None
        return read_

    def _keep(self, row: int, record: list[str], group: str, amounts: dict[int, Amount]) -> None:
        by_name = {}
        for index, read_ in amounts.items():
            measure = self.measures[index]
            by_name[measure.indicator, measure.part] = (index, read_)
            self.reading.keep([
                Cell(
                    indicator_code=measure.indicator, territory_level="country", territory_code="FR",
                    territory_label="France", period_start=date(self.year, 1, 1), period_end=date(self.year, 12, 31),
                    period_label=str(self.year), value=read_.value, unit="eur", printed_text=record[index],
                    printed_step=read_.step, population_group=group + measure.part, source_row=row,
                    source_column=column_letter(index),
                )
            ])  # fmt: skip
        self._compare(row, by_name, is_staff=re.search("titre_2|categorie_2", group) is not None)

    def _compare(self, row: int, by_name: dict[tuple[str, str], tuple[int, Amount]], *, is_staff: bool) -> None:
        """Staff and the rest make the whole; on a line of staff alone, commitments are payments, near enough."""
        for (indicator, part), (index, whole) in by_name.items():
            parts = [by_name.get((indicator, one)) for one in ("_titre_2", "_hors_titre_2")]
            if part == "" and all(parts):
                total = sum((one[1].value for one in parts if one), Decimal(0))
                if abs(total - whole.value) > 1:
                    self._refuse(row, index, whole.value, f"{total:.2f}, titre 2 et hors titre 2", "total recalculé")
            payments = by_name.get((indicator.replace("_ae_", "_cp_"), part))
            is_bill = indicator in ("state_budget_ae_plf", "state_budget_ae_lfi")
            if is_bill and is_staff and payments and not _are_near(whole.value, payments[1].value):
                self.reading.flag(
                    found=whole.value, expected=f"un montant proche des CP ({payments[1].value})", rule="AE et CP",
                    advice="Les dépenses de personnel ont des AE égales aux CP. " + ADVICE, row=row,
                    column=column_letter(index), name=self.header[index],
                )  # fmt: skip


def _are_near(left: Decimal, right: Decimal) -> bool:
    return abs(left - right) <= max(abs(left), abs(right)) / 10


LAYOUTS = (
    OfficialLayout(
        name="budget_credits",
        publisher="budget",
        dataset="state_credits",
        title_fr="Crédits du budget de l'État selon les nomenclatures par destination et par nature (PLF, LFI)",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
        largest=256 << 20,
    ),
)
