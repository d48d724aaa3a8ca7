"""The sheets of words: what does not add up, what is done nearby, and how to read it all."""

from collections.abc import Sequence

from dagster_project.report import french, territories
from dagster_project.report.checks import gaps_among, sentences_of
from dagster_project.report.figures import figure_of
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.sheets.book import Book, Cell, Column, Sheet
from dagster_project.report.sheets.lines import short
from dagster_project.report.sheets.told import When

GAPS, ACTIONS, METHOD = "Écarts", "Actions locales", "Méthode et sources"
_GAPS = (
    Column("Ce qui doit être vrai", 50),
    Column("Calculé", 16, number=True),
    Column("Imprimé", 16, number=True),
    Column("Écart", 15, number=True),
    Column("Tolérance", 13, number=True),
    Column("Nature", 17),
    Column("Explication", 70),
    Column("Relation", 30),
)
_ACTIONS = (
    Column("Action", 42),
    Column("Axe", 7, number=True),
    Column("Mesure de la stratégie", 40),
    Column("Territoires", 24),
    Column("Porteur", 30),
    Column("Description", 50),
    Column("Ligne du rapport", 12, number=True),
    Column("Édition", 26),
)
_SOURCES = (
    Column("Édition", 28),
    Column("Producteur", 18),
    Column("Titre", 50),
    Column("Version du producteur", 30),
    Column("Publiée le", 19),
    Column("Au plus tard le", 19),
    Column("Maturité", 13),
    Column("Licence", 26),
    Column("Adresse", 34),
)
_READING = {
    "Valeurs": (
        "Chaque nombre est un vrai nombre, chaque date une vraie date : ils se trient, se filtrent et s'additionnent. "
        "Les nombres sont ceux des tables publiées, sans arrondi ni calcul ajouté. La feuille masquée « Origine » dit, "
        "pour chaque cellule, la table, la ligne et la colonne dont elle vient (clic droit sur un onglet, Afficher).",
        "Ne pas additionner : des taux, des mois différents d'une même prestation, des foyers et des personnes.",
    ),
    "Valeurs absentes": (
        "« secret » : valeur masquée par le secret statistique, parce que l'effectif est trop petit ou pour en "
        "protéger un autre. Ce n'est jamais zéro, et une cellule masquée n'est dessinée sur aucun graphique.",
        "« – » : la source ne renseigne pas cette valeur. « n.d. », ou le signe imprimé par la source (s, NC, *…) : "
        "non disponible. Zéro veut toujours dire « aucun ».",
    ),
    "Statut": (
        "définitif ; provisoire : sera révisé par le producteur ; estimé ; objectif ou prévision ; rupture de série : "
        "ne se compare pas aux valeurs d'avant ; masqué. Une table sans statut par ligne porte celui de son édition.",
    ),
    "Recoupement": (
        "vérifié : le chiffre s'accorde avec d'autres (somme, partie, pourcentage, autre source). écart : il ne "
        "s'accorde pas, et la feuille « Écarts » dit pourquoi quand on le sait. non vérifiable : la base d'un "
        "pourcentage n'est pas imprimée. non recoupé : rien à quoi le comparer.",
    ),
    "Région et France": (
        "La valeur de la région est le taux publié, ou la somme de ses départements quand tous sont connus ; celle de "
        "la France est à la même période, ou celle de la France métropolitaine. Vide : pas de valeur dans cette "
        "version.",
        "Le rang va de la plus grande valeur à la plus petite, parmi les territoires de même niveau de la région.",
    ),
}


def gaps_sheet(known: Known, place: Row, book: Book) -> bool:
    """The gaps that concern the territory, or a figure shown in its workbook."""
    own = territories.gaps(known, place)
    shown = {gap["relation_id"]: gap for gap in [*own, *gaps_among(book.checks)]}
    if not shown:
        return False
    sheet = book.sheet(GAPS, f"Ce qui ne s'accorde pas : {place['territory_name']}", _GAPS, colour="#B4531A")
    for gap in shown.values():
        numbers: list[Cell] = [
            figure_of(gap, column) if gap[column] is not None else None
            for column in ("left_value", "right_value", "difference", "tolerance")
        ]
        kind = f"{french.OPERATORS[gap['operator']]}, {french.VERDICTS[gap['verdict']]}"
        sheet.line([gap["description_fr"], *numbers, kind, " ".join(sentences_of(gap)), gap["relation_id"]])
    sheet.finish(filtered_to=sheet.row - 1)
    return True


def actions_sheet(known: Known, place: Row, book: Book) -> bool:
    """The local actions that name the territory."""
    rows = territories.actions(known, place)
    if not rows:
        return False
    measures = {(row["report"], row["measure_id"]): row["heading"] for row in known.marts.table("measure")}
    sheet = book.sheet(ACTIONS, f"Actions locales : {place['territory_name']}", _ACTIONS)
    for row in rows:
        book.editions[row["edition"]] = None
        heading = measures.get((row["report"], row["measure_id"]))
        sheet.line(
            [
                row["title"].strip(),
                figure_of(row, "axis") if row["axis"] is not None else None,
                known.headings.plain(heading) if heading else None,
                (row["territory_labels"] or "").replace(";", ", "),
                row["bearer"] or "",
                row["description_fr"] or "",
                figure_of(row, "source_line"),
                short(row["edition"]),
            ]
        )
    sheet.finish(filtered_to=sheet.row - 1)
    return True


def method_sheet(known: Known, place: Row, book: Book) -> None:
    """How to read the workbook, where its figures come from, and what its indicators mean."""
    sheet = book.sheet(METHOD, f"Méthode et sources : {place['territory_name']}", _SOURCES, colour="#5A6572")
    for edition in sorted(book.editions):
        row = known.editions[edition]
        sheet.line(
            [
                short(edition),
                french.publisher(row["publisher"]),
                row["title"],
                _version(row["version_label"]),
                _day(row, "published_on"),
                _day(row, "published_not_after"),
                french.MATURITIES.get(row["maturity"], row["maturity"]),
                row["licence"],
                row["url"] or row["origin"],
            ]
        )
    last = sheet.row - 1
    for heading, texts in _READING.items():
        sheet.heading(heading)
        for text in texts:
            sheet.paragraph(text)
    _breaks(known, sheet, list(book.codes))
    _definitions(known, sheet, list(book.codes))
    sheet.skip(1)
    sheet.paragraph(
        f"Version {book.titles.release_id}, construite le {french.day(book.titles.built_at.date())}. Ce classeur est "
        "refait à chaque version : corrigez la source, pas le classeur.",
        muted=True,
    )
    sheet.finish(filtered_to=last, repeated=False)


def _breaks(known: Known, sheet: Sheet, codes: Sequence[str]) -> None:
    rows = [row for code in codes for row in known.breaks.get(code, [])]
    if rows:
        sheet.keep_together(len(rows) + 3)
        sheet.heading("Ruptures de série")
        sheet.headings(["Indicateur", "À partir du", "Raison"])
        for row in rows:
            sheet.line([known.indicators[row["indicator_code"]]["label_fr"], _day(row, "starts_on"), row["reason_fr"]])


def _definitions(known: Known, sheet: Sheet, codes: Sequence[str]) -> None:
    told = [known.indicators[code] for code in codes if code in known.indicators]
    rows = [row for row in told if row["definition_fr"] or row["publisher_label"]]
    if rows:
        sheet.keep_together(len(rows) + 3)
        sheet.heading("Indicateurs")
        sheet.headings(["Indicateur", "Unité", "Définition", "Libellé du producteur"])
        for row in rows:
            unit = french.unit_of(row["unit"])
            sheet.line([row["label_fr"], unit, row["definition_fr"] or "", row["publisher_label"] or ""])


def _version(label: str) -> str:
    """A version that is but a year is not to be taken for a number."""
    return f"version {label}" if label.isdigit() else label


def _day(row: Row, column: str) -> Cell:
    return When(row, column) if row[column] is not None else None
