"""The benefits DREES follows month by month, and the words it names them with."""

import re
from dataclasses import dataclass

from dagster_project.readers.nomenclature import plain


@dataclass(frozen=True)
class Benefit:
    """A monthly series. ``unit``: RSA, prime d'activité and housing aid count households, the others persons.

    ``is_rounded``: counts of départements are published to the nearest ten, but those of the missions locales (Garantie
    jeunes, contrat d'engagement jeune); every national count is published to the nearest hundred.
    ``is_core``: published by département in every edition.
    """

    indicator_code: str
    words: str
    unit: str
    is_rounded: bool = True
    is_core: bool = True
    is_flow: bool = False


BENEFITS = (
    Benefit("rsa_recipients", r"rsa|revenu de solidarite active", "household"),
    Benefit("aah_recipients", r"aah|allocation (aux|d) adultes? handicapes?", "person"),
    Benefit("ass_recipients", r"ass|allocation de solidarite specifique", "person"),
    Benefit("prime_activite_recipients", r"ppa|primes? d activite", "household"),
    Benefit("aides_logement_recipients", r"al|aides?( au)? logement", "household"),
    Benefit("garantie_jeunes_recipients", r"gj|garantie jeunes?", "person", is_rounded=False, is_core=False),
    Benefit("garantie_jeunes_entries", r"gj|garantie jeunes?", "person", False, False, is_flow=True),
    Benefit("cej_recipients", r"cej|contrats? d engagement jeunes?", "person", is_rounded=False, is_core=False),
    Benefit("cej_entries", r"cej|contrats? d engagement jeunes?", "person", False, False, is_flow=True),
)

# Series of a benefit that do not count its recipients of the month, whole and as observed.
_OTHER_MEASURES = re.compile(
    r"\b(cvs|corrigee?s?|desaisonnalisee?s?|majoree?s?|couvertes?|montants?|depenses?|parts?|taux|evolutions?|sorties?"
    r"|glissement|moyennes?|variations?|sexe|age)\b"
)
_FLOW = re.compile(r"\bentrees?\b")


def benefit_named(text: object) -> Benefit | None:
    """The one series these words name; None when they name none, several, or another measure of it."""
    words = plain(text)
    if _OTHER_MEASURES.search(words):
        return None
    is_flow = bool(_FLOW.search(words))
    named = [one for one in BENEFITS if one.is_flow == is_flow and re.search(rf"\b({one.words})\b", words)]
    return named[0] if len(named) == 1 else None
