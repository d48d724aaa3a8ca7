"""The columns of a CNAF benefits file: what each counts, its rounding, and what is believable in it."""

import re
from dataclasses import dataclass
from typing import NamedTuple


class Benefit(NamedTuple):
    """A benefit, or a family of benefits: its name in indicator codes, and in French."""

    code: str
    label_fr: str


# The suffixes of indfoy_, indnbp_, indmtt_ and indben_; families of benefits begin with "ndur".
BENEFITS = {
    "ndur": Benefit("any", "au moins une prestation"),
    "ndurpaje": Benefit("paje", "la Paje"),
    "ab": Benefit("paje_basic", "l'allocation de base de la Paje"),
    "cmg": Benefit("cmg", "le complément de libre choix du mode de garde"),
    "prepare": Benefit("prepare", "la prestation partagée d'éducation de l'enfant"),
    "ndurej": Benefit("children", "une prestation enfance et jeunesse"),
    "af": Benefit("af", "les allocations familiales"),
    "cf": Benefit("cf", "le complément familial"),
    "ars": Benefit("ars", "l'allocation de rentrée scolaire"),
    "asf": Benefit("asf", "l'allocation de soutien familial"),
    "ajpp": Benefit("ajpp", "l'allocation journalière de présence parentale"),
    "ndurhd": Benefit("disability", "une prestation handicap"),
    "aah": Benefit("aah", "l'AAH"),
    "aeeh": Benefit("aeeh", "l'allocation d'éducation de l'enfant handicapé"),
    "ndural": Benefit("housing", "une aide au logement"),
    "apl": Benefit("apl", "l'aide personnalisée au logement"),
    "alf": Benefit("alf", "l'allocation de logement familiale"),
    "als": Benefit("als", "l'allocation de logement sociale"),
    "ndurins": Benefit("insertion", "le RSA ou la prime d'activité"),
    "rsa": Benefit("rsa", "le RSA"),
    "ppa": Benefit("ppa", "la prime d'activité"),
    "rso": Benefit("rso", "le revenu de solidarité (outre-mer)"),
}


class Kind(NamedTuple):
    """What a prefix counts."""

    code: str
    unit: str
    label_fr: str
    label_en: str


KINDS = {
    "indfoy": Kind("households", "household", "Foyers percevant", "Households receiving"),
    "indnbp": Kind("persons_covered", "person", "Personnes couvertes par", "Persons covered by"),
    "indben": Kind("beneficiaries", "person", "Bénéficiaires à titre personnel :", "Individuals receiving"),
    "indmtt": Kind("amount", "eur", "Montant versé dans le mois pour", "Amount paid in the month for"),
}


class Range(NamedTuple):
    """Euros a household a month: of one commune, of one with 100 households or more, and of a whole file's month."""

    any_commune: tuple[int, int]
    large_commune: tuple[int, int]
    whole: tuple[int, int]


# Seen from December 2020 to 2024 in the genuine extract: RSA 100-1160, 374-678 and 484-553 euros a household;
# prime d'activité 20-520, 147-235 and 172-191. The bounds leave room for twenty years of uprating.
RANGES = {
    "rsa": Range((60, 2500), (250, 1000), (350, 800)),
    "ppa": Range((15, 900), (100, 330), (120, 300)),
}
ANY_RANGE = Range((1, 8000), (10, 4000), (10, 4000))
LARGE = 100

_HEADER = re.compile(r"(indfoy|indnbp|indben|indmtt)_([a-z]+)")


@dataclass(frozen=True)
class Measure:
    """A column of figures, by the name its header gives."""

    name: str
    kind: Kind
    suffix: str

    @property
    def indicator(self) -> str:
        return f"cnaf_{BENEFITS[self.suffix].code}_{self.kind.code}"

    @property
    def is_amount(self) -> bool:
        return self.kind.unit == "eur"

    @property
    def step(self) -> int:
        """The producer's rounding below the département: counts to 5, amounts to 100 euros."""
        return 100 if self.is_amount else 5

    @property
    def range(self) -> Range:
        return RANGES.get(self.suffix, ANY_RANGE)


def measure_of(header: str) -> Measure | None:
    """The measure a header names; None for any other header."""
    match = _HEADER.fullmatch(header)
    if match is None or match[2] not in BENEFITS:
        return None
    return Measure(header, KINDS[match[1]], match[2])


def pairs(measures: tuple[Measure, ...]) -> list[tuple[Measure, Measure]]:
    """Households and euros of the same benefit, where a file gives both."""
    by_name = {measure.name: measure for measure in measures}
    return [
        (households, amount)
        for households in measures
        if households.name.startswith("indfoy_") and (amount := by_name.get(f"indmtt_{households.suffix}"))
    ]
