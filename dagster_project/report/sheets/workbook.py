"""The workbook of one territory, sheet by sheet."""

from pathlib import Path

from dagster_project.report import french
from dagster_project.report.known import Known
from dagster_project.report.marts import Row
from dagster_project.report.sheets import summary, themes, words
from dagster_project.report.sheets.book import Book, Titles

_HOLDS = {
    themes.COMPARISON: "le territoire parmi ceux de même niveau, du plus grand au plus petit",
    "Pauvreté et niveau de vie": "taux de pauvreté et niveau de vie médian, à côté de la région et de la France",
    "Chômage": "taux de chômage localisé, à côté de la région et de la France",
    "Prestations": "bénéficiaires de chaque prestation, mois par mois",
    "Population": "habitants",
    themes.BUDGET: "montants contractualisés avec l'État",
    themes.CREDITS: "crédits de la région, ligne par ligne, tels qu'imprimés",
    themes.CALPAE: "indicateurs des conventions d'appui à la lutte contre la pauvreté et d'accès à l'emploi",
    themes.OTHERS: "tous les autres indicateurs, à leur dernière valeur",
    themes.PRINTED: "ce que le rapport imprime de ce seul territoire",
    words.ACTIONS: "initiatives que le rapport illustre",
    words.GAPS: "chiffres qui ne s'accordent pas, avec l'explication quand elle est connue",
    words.METHOD: "sources, statuts, secret statistique, ruptures de série, définitions",
}
# Said to be absent when they are; the others go without saying.
_EXPECTED = {*(theme.sheet for theme in themes.THEMES), themes.BUDGET, themes.CALPAE, words.ACTIONS}


def write(known: Known, place: Row, path: Path) -> None:
    """Write the workbook of a territory. The same release gives the same bytes."""
    with Book(path, _titles(known, place)) as book:
        first = summary.start(place, book)
        peers = themes.comparison(known, place, book)
        made = {
            themes.COMPARISON: peers is not None,
            **{theme.sheet: themes.theme_sheet(known, place, book, theme, peers) for theme in themes.THEMES},
            themes.BUDGET: themes.budget_sheet(known, place, book, peers),
            themes.CREDITS: themes.credits_sheet(known, place, book),
            themes.CALPAE: themes.calpae_sheet(known, place, book, peers),
            themes.OTHERS: themes.others_sheet(known, place, book),
            themes.PRINTED: themes.printed_sheet(known, place, book),
            words.ACTIONS: words.actions_sheet(known, place, book),
            words.GAPS: words.gaps_sheet(known, place, book),
            words.METHOD: True,
        }
        absent = [name for name, there in made.items() if not there and name in _EXPECTED]
        holds = [(name, _HOLDS[name]) for name, there in made.items() if there]
        summary.figures(known, place, book, first)
        summary.charts(place, first, peers)
        summary.contents(place, first, holds, absent)
        first.finish(repeated=False)
        words.method_sheet(known, place, book)


def _titles(known: Known, place: Row) -> Titles:
    name, release = place["territory_name"], known.release
    kind = french.category(place["category"])
    region = known.territories["region", place["region_code"]]["territory_name"]
    where = kind if place["territory_level"] == "region" else f"{kind}, {region}"
    built = release["built_at"]
    return Titles(
        f"Lutte contre la pauvreté : {name}",
        f"{where} ; version {release['release_id']} du {french.day(built.date())}",
        name,
        release["release_id"],
        built,
    )
