"""How numbers, dates, periods, units and codes are written for a French reader. Nothing goes through a float."""

import re
import unicodedata
from datetime import date
from decimal import Decimal

THIN_SPACE = "\u202f"
MINUS = "\u2212"
_MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin",
    "juillet", "août", "septembre", "octobre", "novembre", "décembre",
)  # fmt: skip

# singular, plural; a symbol is the same for both.
UNITS = {
    "household": ("foyer", "foyers"),
    "person": ("personne", "personnes"),
    "eur": ("€", "€"),
    "percent": ("%", "%"),
    "eur_per_month": ("€ par mois", "€ par mois"),
    "eur_per_year": ("€ par an", "€ par an"),
    "eur_per_person": ("€ par personne", "€ par personne"),
    "structure": ("structure", "structures"),
    "project": ("projet", "projets"),
    "territory": ("territoire", "territoires"),
    "age_year": ("an", "ans"),
    "place": ("place", "places"),
    "organisation": ("organisme", "organismes"),
    "group": ("groupe", "groupes"),
    "year": ("an", "ans"),
    "event": ("événement", "événements"),
    "dwelling": ("logement", "logements"),
    "month": ("mois", "mois"),
    "school": ("établissement", "établissements"),
    "partner": ("partenaire", "partenaires"),
    "workshop": ("atelier", "ateliers"),
    "action": ("action", "actions"),
    "times": ("fois", "fois"),
    "day": ("jour", "jours"),
    "week": ("semaine", "semaines"),
    "hour": ("heure", "heures"),
    "minute": ("minute", "minutes"),
    "job": ("emploi", "emplois"),
    "neighbourhood": ("quartier", "quartiers"),
    "settlement": ("site", "sites"),
    "centre": ("centre", "centres"),
    "contract": ("contrat", "contrats"),
    "class": ("classe", "classes"),
    "meal": ("repas", "repas"),
    "session": ("séance", "séances"),
    "municipality": ("commune", "communes"),
    "child": ("enfant", "enfants"),
    "team": ("équipe", "équipes"),
    "application": ("dossier", "dossiers"),
    "visit": ("visite", "visites"),
    "loan": ("prêt", "prêts"),
    "call": ("appel", "appels"),
    "person_per_100000": ("pour 100 000 habitants", "pour 100 000 habitants"),
    "incident_per_100000": ("pour 100 000 habitants", "pour 100 000 habitants"),
    "rank": ("", ""),
    "other": ("", ""),
    "mixed": ("foyers et personnes", "foyers et personnes"),
}
STATUSES = {
    "A": "définitif",
    "P": "provisoire",
    "E": "estimé",
    "F": "objectif ou prévision",
    "B": "rupture de série",
    "M": "manquant",
}
QUALIFIERS = {
    "about": "environ",
    "more_than": "plus de",
    "less_than": "moins de",
    "nearly": "près de",
    "up_to": "au plus",
}
VERDICTS = {
    "exact": "exact",
    "rounding": "vrai à l'arrondi près",
    "holds": "vérifié",
    "gap": "écart",
    "not_computable": "non calculable",
}
OPERATORS = {
    "sum": "somme",
    "part": "partie d'un tout",
    "at_most": "ordre",
    "ratio": "pourcentage",
    "growth": "évolution",
    "same": "même grandeur",
    "within": "fourchette",
    "complete": "tous présents",
}
POPULATION_GROUPS = {
    "all": "ensemble",
    "age_18_65": "18 à 65 ans",
    "age_under_30": "moins de 30 ans",
    "age_30_39": "30 à 39 ans",
    "age_40_49": "40 à 49 ans",
    "age_50_59": "50 à 59 ans",
    "age_60_74": "60 à 74 ans",
    "age_75_and_over": "75 ans ou plus",
    "household_of_1": "ménages d'une personne",
    "household_of_2": "ménages de 2 personnes",
    "household_of_3": "ménages de 3 personnes",
    "household_of_4": "ménages de 4 personnes",
    "household_of_5_and_over": "ménages de 5 personnes ou plus",
    "tenure_owner": "propriétaires",
    "tenure_tenant": "locataires",
    "tenure_social_tenant": "locataires du parc social",
    "tenure_private_tenant": "locataires du parc privé",
    "household_man_alone": "hommes seuls",
    "household_woman_alone": "femmes seules",
    "household_couple_without_children": "couples sans enfant",
    "household_couple_with_children": "couples avec enfants",
    "household_single_parent": "familles monoparentales",
    "household_complex": "ménages complexes",
    "main_income_wages": "revenu principal : salaires",
    "main_income_unemployment_benefit": "revenu principal : chômage",
    "main_income_self_employment": "revenu principal : activité non salariée",
    "main_income_pensions": "revenu principal : pensions",
    "main_income_property": "revenu principal : patrimoine",
    "main_income_social_benefits": "revenu principal : prestations sociales",
}
# Of an edition, and of a figure: the same words, in the gender of each.
MATURITIES = {"final": "définitive", "provisional": "provisoire", "semi_definitive": "semi-définitive"}
MATURITIES_OF_A_FIGURE = {"final": "définitif", "provisional": "provisoire", "semi_definitive": "semi-définitif"}
_CATEGORIES = {"region": "Région", "departement": "Département", "metropole": "Métropole"}
_PUBLISHERS = {"insee": "Insee", "cnaf": "Cnaf", "drees": "DREES", "diplp": "DIPLP"}


def number(value: Decimal | int) -> str:
    """An exact number: narrow no-break spaces by thousands, a comma, a true minus sign; no digit added or lost."""
    sign, digits, exponent = Decimal(value).as_tuple()
    assert isinstance(exponent, int)
    text = "".join(map(str, digits))
    if exponent >= 0:
        whole, fraction = text + "0" * exponent, ""
    else:
        text = text.rjust(1 - exponent, "0")
        whole, fraction = text[:exponent], text[exponent:]
    grouped = f"{int(whole):,}".replace(",", THIN_SPACE)
    minus = MINUS if sign and value != 0 else ""
    return f"{minus}{grouped},{fraction}" if fraction else f"{minus}{grouped}"


def trimmed(value: Decimal | int, at_least: int = 0) -> Decimal:
    """The same number without the zeros its column type adds, keeping `at_least` decimals."""
    exact = Decimal(value)
    exponent = exact.normalize().as_tuple().exponent
    assert isinstance(exponent, int)
    return exact.quantize(Decimal(1).scaleb(-max(at_least, -exponent)))


def signed(value: Decimal | int) -> str:
    """A change, with its sign."""
    return f"+{number(value)}" if value > 0 else number(value)


def unit_of(unit: str, value: Decimal | int | None = None) -> str:
    """The unit in words, in agreement with the number."""
    singular, plural = UNITS.get(unit, (unit, unit))
    return singular if value is not None and -2 < value < 2 else plural


def with_unit(value: Decimal | int, unit: str) -> str:
    """A number and its unit, as one line of text."""
    words = unit_of(unit, value)
    return f"{number(value)}{THIN_SPACE if words in ('%', '€') else ' '}{words}".strip()


def day(when: date) -> str:
    """`1er janvier 2021`."""
    return f"{'1er' if when.day == 1 else when.day} {month(when)}"


def month(when: date) -> str:
    """`décembre 2019`."""
    return f"{_MONTHS[when.month - 1]} {when.year}"


def period(code: str | None) -> str:
    """A period code (`2021`, `2021-12`, `2021-Q3`, a day, two days) in words."""
    if not code:
        return "période non précisée"
    if "/" in code:
        start, end = code.split("/")
        return f"du {period(start)} au {period(end)}"
    if match := re.fullmatch(r"(\d{4})-Q([1-4])", code):
        return f"{match[2]}{'er' if match[2] == '1' else 'e'} trimestre {match[1]}"
    if re.fullmatch(r"\d{4}-\d{2}", code):
        return month(date.fromisoformat(f"{code}-01"))
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", code):
        return day(date.fromisoformat(code))
    return code


def rank(position: int, among: int) -> str:
    """`3e sur 13`."""
    return f"{position}{'er' if position == 1 else 'e'} sur {among}"


def publisher(code: str) -> str:
    """`dreets_occitanie` as `DREETS Occitanie`."""
    if code in _PUBLISHERS:
        return _PUBLISHERS[code]
    first, *rest = code.split("_")
    return " ".join([first.upper(), *(word.capitalize() for word in rest)])


def category(code: str) -> str:
    """What a territory is: `Métropole`, `Communauté urbaine`."""
    return _CATEGORIES.get(code) or capital(code.replace("_", " ").replace("communaute", "communauté"))


def joined(words: list[str]) -> str:
    """`Gers, Aveyron et Lozère`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} et {words[-1]}" if words else ""


def capital(text: str) -> str:
    """A first capital letter, the rest as it is."""
    return text[:1].upper() + text[1:]


def spaced(text: str) -> str:
    """Spaces before double signs and inside quotation marks do not break, so that no line begins with a colon."""
    return re.sub(r" (?=[:;?!»](?![\w/]))|(?<=«) ", "\u00a0", text)


def slug(text: str) -> str:
    """A name fit for an address or an anchor: no accent, no space."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")
