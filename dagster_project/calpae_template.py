"""The CALPAE workbook départements fill by hand: one file a département, or one a region with a block a territory.

In a region's workbook each département answers, then each métropole that has a convention, then the region itself,
which answers only what is not known by territory. A person is counted once, by the body that supports them. All that
is asked stands in ``readers/calpae/form.py``, which the reader shares.
"""

from pathlib import Path
from typing import Any, Literal

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from dagster_project.errors import WrongUseError
from dagster_project.readers.calpae import form
from dagster_project.readers.calpae.form import Question, Territory
from dagster_project.readers.table import column_letter

_INPUT, _HEADER, _LOCKED = "#FFF8DC", "#1F3864", "#F2F2F2"
_WIDTHS = (12, 11, 30, 24, 46, 12, 34, 12, 13, 19, 13, 36)
_A4 = 9
_PROTECTION = {"select_locked_cells": True, "select_unlocked_cells": True, "format_columns": True, "format_rows": True}
_NO_PASSWORD = ""
_SINCE_1900 = "=DATE(2000,1,1)"


def write_template(path: Path, *, level: Literal["departement", "region"], code: str, year: int) -> Path:
    """Write the empty workbook of a département or of a region, for the state at 31 December of a year.

    Raises:
        WrongUseError: no such territory, or not a year.
    """
    territories = form.territories_asked(level, code)
    if level not in ("departement", "region") or not territories:
        raise WrongUseError(f"« {code} » n'est pas le code d'un territoire de niveau « {level} ».")
    if not form.FIRST_YEAR <= year <= form.LAST_YEAR:
        raise WrongUseError(f"« {year} » n'est pas une année entre {form.FIRST_YEAR} et {form.LAST_YEAR}.")
    filled_for = territories[-1]
    with xlsxwriter.Workbook(path) as workbook:
        workbook.set_properties(
            {"title": f"Indicateurs CALPAE {year}, {filled_for.name}", "subject": f"modèle, version {form.VERSION}"}
        )
        writer = _Writer(workbook, filled_for, year)
        writer.guide()
        writer.identification()
        for sheet, questions in form.QUESTIONS.items():
            writer.questions(sheet, questions, territories)
        writer.hidden(territories)
    return path


class _Writer:
    """Writes the sheets of one workbook."""

    def __init__(self, workbook: xlsxwriter.Workbook, filled_for: Territory, year: int) -> None:
        self._workbook = workbook
        self._filled_for = filled_for
        self._year = year
        cell = {"border": 1, "border_color": "#BFBFBF", "valign": "vcenter"}
        entry = cell | {"bg_color": _INPUT, "locked": False}
        locked = cell | {"bg_color": _LOCKED, "text_wrap": True}
        self._title = self._format({"bold": True, "font_size": 14, "font_color": _HEADER})
        self._note = self._format({"italic": True, "font_color": "#595959"})
        self._paragraph = self._format({"text_wrap": True, "valign": "top"})
        self._section = self._format({"bold": True, "font_color": _HEADER, "font_size": 12})
        self._header = self._format(
            cell | {"bold": True, "bg_color": _HEADER, "font_color": "white", "text_wrap": True, "align": "center"}
        )
        self._label = self._format(locked | {"bold": True})
        self._locked = self._format(locked)
        self._code = self._format(locked | {"num_format": "@"})
        self._copied = self._format(locked | {"num_format": "#,##0"})
        self._share = self._format(locked | {"num_format": '0.0" %"'})
        self._count = self._format(entry | {"num_format": "#,##0"})
        self._delay = self._format(entry | {"num_format": "#,##0.0"})
        self._text = self._format(entry | {"text_wrap": True})
        self._date = self._format(entry | {"num_format": "dd/mm/yyyy", "align": "left"})
        self._wrong = self._format({"bg_color": "#F8CBAD", "font_color": "#9C0006"})

    def guide(self) -> None:
        """Instructions, in the order a person needs them."""
        sheet = self._sheet(form.GUIDE, _PROTECTION)
        sheet.set_column(0, 0, 118)
        sheet.write(0, 0, f"Indicateurs CALPAE : {self._filled_for.name}, au 31 décembre {self._year}", self._title)
        row = 2
        for heading, lines in _guide(self._year).items():
            sheet.write(row, 0, heading, self._section)
            for line in lines:
                row += 1
                sheet.write(row, 0, line, self._paragraph)
                sheet.set_row(row, 15.5 * (1 + len(line) // 115))
            row += 2
        sheet.print_area(0, 0, row, 0)

    def identification(self) -> None:
        """Which territory and year (locked), then who filled the workbook and when."""
        sheet = self._sheet(form.IDENTIFICATION, _PROTECTION)
        sheet.set_column(0, 0, 26)
        sheet.set_column(1, 1, 60)
        sheet.write(0, 0, "Qui remplit ce classeur ?", self._title)
        sheet.write(1, 0, "Remplissez les cellules jaunes ; les autres sont verrouillées.", self._note)
        known = {
            form.LEVEL_LABEL: form.LEVELS_FR[self._filled_for.level],
            form.CODE_LABEL: self._filled_for.code,
            form.NAME_LABEL: self._filled_for.name,
        }
        for row, label in enumerate(form.IDENTIFICATION_LABELS, start=3):
            sheet.write(row, 0, label, self._label)
            if label in known:
                sheet.write_string(row, 1, known[label], self._code)
            elif label == form.YEAR_LABEL:
                sheet.write_number(row, 1, self._year, self._locked_left())
            else:
                sheet.write_blank(row, 1, None, self._date if label == form.FILLED_ON else self._text)
                self._validate_identification(sheet, row, label)
        sheet.print_area(0, 0, 3 + len(form.IDENTIFICATION_LABELS), 1)

    def questions(self, name: str, questions: tuple[Question, ...], territories: tuple[Territory, ...]) -> None:
        """One row a territory and indicator."""
        sheet = self._sheet(name, _PROTECTION | {"autofilter": True})
        for index, width in enumerate(_WIDTHS):
            sheet.set_column(index, index, width)
        sheet.write(0, 0, f"{name} : {self._filled_for.name}", self._title)
        sheet.write(1, 0, f"Situation au 31 décembre {self._year} (année {self._year} entière)", self._note)
        sheet.write(
            2, 0,
            "Remplissez les cellules jaunes. Une réponse inconnue se dit par un signe (NR, ND, SO), jamais par zéro. "
            "Les pourcentages se calculent seuls.",
            self._note,
        )  # fmt: skip
        header = form.HEADER_ROW - 1
        sheet.set_row(header, 32)
        for index, title in enumerate(form.HEADERS):
            sheet.write(header, index, title, self._header)
        row = header
        for territory in territories:
            rows = {question.code: row + offset for offset, question in enumerate(questions, start=1)}
            for question in questions:
                row += 1
                self._question(sheet, row, territory, question, rows)
        sheet.freeze_panes(form.HEADER_ROW, form.INDICATOR)
        sheet.autofilter(header, 0, row, len(form.HEADERS) - 1)
        sheet.repeat_rows(header)
        sheet.print_area(0, 0, row, len(form.HEADERS) - 1)
        sheet.ignore_errors({"number_stored_as_text": f"A1:{column_letter(form.CODE)}{row + 1}"})
        self._point_at_contradictions(sheet, header + 1, row)

    def hidden(self, territories: tuple[Territory, ...]) -> None:
        """What the reader recognises the workbook by: version, identifiers, and who is asked."""
        sheet = self._workbook.add_worksheet(form.HIDDEN)
        sheet.very_hidden()
        sheet.protect(_NO_PASSWORD)
        facts = (
            ("modele", form.TEMPLATE),
            ("version", form.VERSION),
            ("niveau", self._filled_for.level),
            ("code", self._filled_for.code),
            ("annee", str(self._year)),
            *(("territoire", *territory) for territory in territories),
        )
        for row, fact in enumerate(facts):
            for index, word in enumerate(fact):
                sheet.write_string(row, index, word)

    def _question(
        self, sheet: Worksheet, row: int, territory: Territory, question: Question, rows: dict[str, int]
    ) -> None:
        value, base = (f"{column_letter(index)}{row + 1}" for index in (form.VALUE, form.BASE))
        sheet.write_string(row, form.LEVEL, form.LEVELS_FR[territory.level], self._locked)
        sheet.write_string(row, form.CODE, territory.code, self._code)
        sheet.write_string(row, form.NAME, territory.name, self._locked)
        sheet.write_string(row, form.INDICATOR, question.code, self._code)
        sheet.write_string(row, form.WORDING, question.wording, self._locked)
        sheet.write_string(row, form.UNIT, form.UNITS_FR[question.unit], self._locked)
        sheet.write_string(row, form.BASE_WORDING, question.base_wording, self._locked)
        sheet.write_blank(row, form.VALUE, None, self._count if question.is_count else self._delay)
        ceiling = f"=IF(ISNUMBER({base}),{base},{form.LARGEST_COUNT})" if question.base_code else form.LARGEST_COUNT
        self._validate_number(sheet, row, form.VALUE, question, ceiling)
        if question.base_is_asked:
            sheet.write_blank(row, form.BASE, None, self._count)
            self._validate_number(sheet, row, form.BASE, question, form.LARGEST_COUNT)
        elif question.base_code:
            source = f"{column_letter(form.VALUE)}{rows[question.base_code] + 1}"
            sheet.write_formula(row, form.BASE, f'=IF(ISNUMBER({source}),{source},"")', self._copied, "")
        else:
            sheet.write_blank(row, form.BASE, None, self._locked)
        if question.share_code:
            share = f'=IF(AND(ISNUMBER({value}),ISNUMBER({base})),IF({base}>0,ROUND(100*{value}/{base},1),""),"")'
            sheet.write_formula(row, form.SHARE, share, self._share, "")
        else:
            sheet.write_blank(row, form.SHARE, None, self._locked)
        sheet.write_blank(row, form.MARKER, None, self._text)
        sheet.write_blank(row, form.COMMENT, None, self._text)
        sheet.data_validation(
            row, form.MARKER, row, form.MARKER,
            {
                "validate": "list", "source": list(form.MARKERS.values()),
                "input_title": "Pas de valeur ?", "input_message": "Choisissez un signe et laissez la valeur vide.",
                "error_title": "Signe inconnu",
                "error_message": "Choisissez dans la liste : " + ", ".join(form.MARKERS.values()) + ".",
            },
        )  # fmt: skip

    def _validate_number(self, sheet: Worksheet, row: int, column: int, question: Question, ceiling: int | str) -> None:
        if question.is_count:
            allowed: dict[str, Any] = {"validate": "integer", "maximum": ceiling}
            error = "Tapez un nombre entier, sans décimale ni texte, positif ou nul"
            error += ", et qui ne dépasse pas sa base." if isinstance(ceiling, str) else "."
        else:
            allowed = {"validate": "decimal", "maximum": form.LONGEST_DELAY}
            error = f"Tapez un nombre de semaines entre 0 et {form.LONGEST_DELAY}, par exemple 31,5."
        told = question.base_wording if column == form.BASE else f"En {form.UNITS_FR[question.unit]}."
        sheet.data_validation(
            row, column, row, column,
            allowed
            | {
                "criteria": "between", "minimum": 0,
                "input_title": form.HEADERS[column], "input_message": told,
                "error_title": "Nombre refusé", "error_message": error,
            },
        )  # fmt: skip

    def _validate_identification(self, sheet: Worksheet, row: int, label: str) -> None:
        if label == form.FILLED_ON:
            sheet.data_validation(
                row, 1, row, 1,
                {
                    "validate": "date", "criteria": ">=", "value": _SINCE_1900, "error_title": "Date refusée",
                    "error_message": "Tapez une date, jour/mois/année, par exemple 28/03/2025.",
                },
            )  # fmt: skip
        elif label == form.EMAIL:
            cell = f"B{row + 1}"
            sheet.data_validation(
                row, 1, row, 1,
                {
                    "validate": "custom", "value": f'=ISNUMBER(FIND("@",{cell}))', "error_title": "Courriel refusé",
                    "error_message": "Tapez une adresse de courriel, par exemple prenom.nom@departement.fr.",
                },
            )  # fmt: skip

    def _point_at_contradictions(self, sheet: Worksheet, first: int, last: int) -> None:
        """A value beside a marker, or above its base, turns red as it is typed."""
        value, base, marker = (f"${column_letter(index)}{first + 1}" for index in (form.VALUE, form.BASE, form.MARKER))
        for rule in (
            f'=AND(TRIM({value})<>"",TRIM({marker})<>"")',
            f"=AND(ISNUMBER({value}),ISNUMBER({base}),{value}>{base})",
        ):
            sheet.conditional_format(
                first, form.VALUE, last, form.MARKER, {"type": "formula", "criteria": rule, "format": self._wrong}
            )

    def _sheet(self, name: str, protection: dict[str, bool]) -> Worksheet:
        sheet = self._workbook.add_worksheet(name)
        sheet.protect(_NO_PASSWORD, protection)
        sheet.set_paper(_A4)
        sheet.set_landscape()
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4)
        sheet.set_footer(f"&L{self._filled_for.name}, {self._year}&C&A&RPage &P / &N")
        sheet.hide_gridlines(2)
        return sheet

    def _locked_left(self) -> Format:
        return self._format({"border": 1, "border_color": "#BFBFBF", "bg_color": _LOCKED, "align": "left"})

    def _format(self, properties: dict[str, Any]) -> Format:
        return self._workbook.add_format(properties)


def _guide(year: int) -> dict[str, tuple[str, ...]]:
    markers = " ; ".join(form.MARKERS.values())
    return {
        "Ce qui est demandé": (
            f"Les indicateurs des conventions d'appui à la lutte contre la pauvreté et d'accès à l'emploi (CALPAE), "
            f"pour l'année {year}, situation au 31 décembre {year}.",
            f"Trois feuilles à remplir : « {form.IDENTIFICATION} », « {form.ASE} », « {form.RSA} ».",
            "Chaque personne est comptée une seule fois, par la collectivité qui l'accompagne : le département, ou la "
            "métropole pour celles dont elle a la charge.",
        ),
        "Remplir": (
            "Remplissez les cellules jaunes. Les autres sont verrouillées : codes, libellés, unités et pourcentages ne "
            "se tapent pas.",
            "Valeur : un nombre entier (un délai moyen peut avoir une décimale : 31,5). Ni texte, ni unité, ni "
            "formule, ni pourcentage.",
            "Base : le nombre sur lequel porte la réponse. Si une partie des situations est inconnue, ne comptez dans "
            "la base que celles que vous connaissez. La valeur ne dépasse jamais sa base.",
            f"Signe : si vous n'avez pas la valeur, laissez-la vide et choisissez un signe dans la liste ({markers}).",
            "Zéro veut dire « aucun ». Une valeur inconnue n'est jamais un zéro.",
            "Commentaire : ce qu'il faut savoir pour lire la réponse. Il reste dans le classeur ; n'y nommez personne.",
        ),
        "Classeur d'une région": (
            "Un bloc par département, puis par métropole signataire, puis la région. Une ligne sans objet reste vide.",
            "La région ne se remplit que si elle est connue : elle doit être la somme des collectivités qui répondent.",
        ),
        "À ne pas faire": (
            "N'ajoutez, ne supprimez, ne déplacez ni ligne ni colonne ; ne renommez pas les feuilles.",
            "Ne réemployez pas le classeur d'une autre année ou d'un autre territoire : demandez le vôtre.",
            "Pour coller des nombres : « Collage spécial », « Valeurs ».",
        ),
        "Rendre": (
            "Enregistrez au format .xlsx et rendez le fichier. Une cellule refusée vous est nommée : feuille, ligne, "
            "colonne, ce qui est trouvé, ce qui est attendu, quoi faire.",
        ),
    }
