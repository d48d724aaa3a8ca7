"""What the CALPAE workbook asks, of whom, and where: the one description its template and its reader share."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from dagster_project.settings import TERRITORIES

TEMPLATE = "bilan-calpae"
# To be raised whenever a question, a column or a sheet changes: a workbook of another version is refused by name.
VERSION = "1"

GUIDE = "Mode d'emploi"
IDENTIFICATION = "Identification"
ASE = "Sortants de l'ASE"
RSA = "Orientation RSA"
HIDDEN = "_bilan"

FIRST_YEAR, LAST_YEAR = 2018, 2100
LARGEST_COUNT = 9_999_999
LONGEST_DELAY = 520

HEADER_ROW = 5
HEADERS = (
    "Niveau",
    "Code",
    "Territoire",
    "Code de l'indicateur",
    "Indicateur",
    "Unité",
    "Ce que compte la base",
    "Valeur",
    "Base (dénominateur)",
    "Signe",
    "Pourcentage",
    "Commentaire",
)
LEVEL, CODE, NAME, INDICATOR, WORDING, UNIT, BASE_WORDING, VALUE, BASE, MARKER, SHARE, COMMENT = range(len(HEADERS))

MARKERS = {"NR": "NR non renseigné", "ND": "ND non disponible", "SO": "SO sans objet"}
UNITS_FR = {"person": "personnes", "event": "rendez-vous", "contract": "contrats", "week": "semaines"}
LEVELS_FR = {"departement": "département", "epci": "métropole", "region": "région"}

LEVEL_LABEL, CODE_LABEL, NAME_LABEL, YEAR_LABEL = "Niveau", "Code du territoire", "Territoire", "Année"
FILLED_BY, SERVICE, EMAIL, FILLED_ON = "Rempli par", "Service", "Courriel", "Date de remplissage"
IDENTIFICATION_LABELS = (LEVEL_LABEL, CODE_LABEL, NAME_LABEL, YEAR_LABEL, FILLED_BY, SERVICE, EMAIL, FILLED_ON)
# What the person who fills the workbook adds: it stays in the workbook.
PERSONAL_LABELS = (FILLED_BY, SERVICE, EMAIL, FILLED_ON)


class Territory(NamedTuple):
    """A territory that answers: its level, its official code and its official name."""

    level: str
    code: str
    name: str


@dataclass(frozen=True)
class Question:
    """One indicator asked: a value, and where it is a share, the base it is counted in.

    The base is either another question of the same sheet, or a number of its own, asked beside the value: not all
    answer every indicator, so each percentage has its own base.
    """

    code: str
    wording: str
    unit: str
    share_code: str | None = None
    base_code: str | None = None
    base_unit: str = "person"
    base_wording: str = ""
    base_is_asked: bool = False
    # A question this one counts a part of: more would be a contradiction, or (ASE, as in 2020) should be looked at.
    part_of: str | None = None
    believed_part_of: str | None = None

    @property
    def is_count(self) -> bool:
        return self.unit != "week"


def _ase(code: str, wording: str, believed_part_of: str | None = "ase_leavers_supported") -> Question:
    return Question(
        code, wording, "person", f"{code}_pct", "ase_leavers",
        base_wording="Jeunes devenus majeurs dans l'année (repris de la première ligne)",
        believed_part_of=believed_part_of,
    )  # fmt: skip


_NEW_RECIPIENTS = "Nouveaux bénéficiaires du RSA dans l'année (repris de la première ligne)"
QUESTIONS: dict[str, tuple[Question, ...]] = {
    ASE: (
        Question("ase_leavers", "Jeunes relevant de l'ASE devenus majeurs dans l'année", "person"),
        _ase("ase_leavers_supported", "Jeunes sortant de l'ASE pris en charge dans le référentiel", None),
        _ase("ase_leavers_chosen_worker", "Jeunes sortant de l'ASE ayant choisi leur travailleur social"),
        _ase("ase_leavers_housed", "Jeunes sortant de l'ASE ayant un logement stable"),
        _ase("ase_leavers_resources", "Jeunes sortant de l'ASE disposant de ressources financières"),
        _ase("ase_leavers_pathway", "Jeunes sortant de l'ASE en parcours d'études ou d'emploi"),
    ),
    RSA: (
        Question("rsa_new_recipients", "Nouveaux bénéficiaires du RSA dans l'année", "person"),
        Question(
            "rsa_new_recipients_supported", "Nouveaux bénéficiaires du RSA accompagnés", "person",
            "rsa_new_recipients_supported_pct", "rsa_new_recipients", base_wording=_NEW_RECIPIENTS,
        ),
        Question(
            "rsa_oriented_within_month", "Bénéficiaires du RSA orientés en un mois ou moins", "person",
            "rsa_oriented_within_month_pct", "rsa_oriented_within_month_base",
            base_wording="Bénéficiaires du RSA dont le délai d'orientation est connu", base_is_asked=True,
        ),
        Question(
            "rsa_first_meetings", "Premiers rendez-vous fixés", "event",
            "rsa_first_meetings_pct", "rsa_new_recipients", base_wording=_NEW_RECIPIENTS,
        ),
        Question(
            "rsa_first_meetings_within_two_weeks", "Premiers rendez-vous en moins de deux semaines", "event",
            "rsa_first_meetings_within_two_weeks_pct", "rsa_first_meetings_within_two_weeks_base", "event",
            "Premiers rendez-vous dont le délai est connu", base_is_asked=True, part_of="rsa_first_meetings",
        ),
        Question(
            "rsa_contracts_signed", "Contrats d'engagements réciproques signés", "contract",
            "rsa_contracts_signed_pct", "rsa_contracts_signed_base",
            base_wording="Bénéficiaires du RSA pour lesquels on sait si un contrat est signé", base_is_asked=True,
        ),
        Question(
            "rsa_contracts_signed_within_two_months", "Contrats d'engagements réciproques signés dans les deux mois",
            "contract", "rsa_contracts_signed_within_two_months_pct", "rsa_contracts_signed_within_two_months_base",
            base_wording="Bénéficiaires du RSA pour lesquels le délai de signature est connu", base_is_asked=True,
            part_of="rsa_contracts_signed",
        ),
        Question("rsa_contract_delay", "Délai moyen cumulé jusqu'au contrat d'engagements réciproques", "week"),
    ),
}  # fmt: skip
QUESTION_CODES = frozenset(question.code for questions in QUESTIONS.values() for question in questions)


def territories_asked(level: str, code: str) -> tuple[Territory, ...]:
    """Who answers a workbook: the département; or each département of the region, its métropoles, then itself.

    Empty where there is no such territory. Métropoles are those the seed knows with a convention of their own.
    """
    rows = _territories()
    itself = tuple(
        Territory(level, code, row["territory_name"])
        for row in rows
        if (row["territory_level"], row["territory_code"]) == (level, code)
    )
    if level == "departement" or not itself:
        return itself
    inside = [row for row in rows if row["region_code"] == code]
    return (
        *_of(row for row in inside if row["territory_level"] == "departement"),
        *_of(row for row in inside if row["category"] in ("metropole", "communaute_urbaine")),
        *itself,
    )


def name_of(level: str, code: str) -> str | None:
    """The official name of a territory; None where there is none."""
    for row in _territories():
        if (row["territory_level"], row["territory_code"]) == (level, code):
            return row["territory_name"]
    return None


def _of(rows: Iterator[dict[str, str]]) -> Iterator[Territory]:
    for row in rows:
        yield Territory(row["territory_level"], row["territory_code"], row["territory_name"])


@cache
def _territories() -> tuple[dict[str, str], ...]:
    with TERRITORIES.open(encoding="utf-8") as file:
        return tuple(row for row in csv.DictReader(file) if not row["valid_to"])
