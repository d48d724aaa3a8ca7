"""Columns of the social aid tables of DREES: which indicator each is, by the title of its table and its header."""

import re
from typing import NamedTuple

from dagster_project.readers.nomenclature import plain


class Theme(NamedTuple):
    """The tables whose title holds these words, and the indicator of each header, first match first."""

    title: str
    headers: tuple[tuple[str, str], ...]


THEMES = (
    Theme(
        r"personnes agees a domicile",
        (
            (r"^apa", "apa_home"),
            (r"^aides? menageres?", "elderly_home_help"),
            (r"^total", "elderly_home_aid"),
        ),
    ),
    Theme(
        r"accueil des personnes agees",
        (
            (r"^apa", "apa_institution"),
            (r"^ash\b", "elderly_ash"),
            (r"^accueil chez", "elderly_family_care"),
            (r"^total", "elderly_care_aid"),
        ),
    ),
    Theme(
        r"hebergement .*personnes agees",
        (
            (r"^ehpad", "elderly_ash_ehpad"),
            (r"^maisons? de retraite non ehpad", "elderly_ash_retirement_home"),
            (r"^(residences? autonomie|logements? foyers?)", "elderly_ash_autonomy_residence"),
            (r"^unites? de soins de longue duree", "elderly_ash_long_term_care"),
            (r"inconnu", "elderly_ash_unknown"),
            (r"^(ash|total)\b", "elderly_ash"),
        ),
    ),
    Theme(
        r"aides sociales aux personnes agees",
        (
            (r"^apa", "apa_recipients"),
            (r"^aides? menageres?", "elderly_home_help"),
            (r"^ash\b", "elderly_ash"),
            (r"^accueil chez", "elderly_family_care"),
            (r"^total", "elderly_aid"),
        ),
    ),
    Theme(
        r"pch et actp|actp et pch",
        (
            (r"^total actp et pch", "actp_pch_recipients"),
            (r"^actp .*moins de 60", "actp_under_60"),
            (r"^actp .*60 ans et plus", "actp_over_60"),
            (r"total actp$", "actp_recipients"),
            (r"^pch .*moins de 60", "pch_under_60"),
            (r"^pch .*60 ans et plus", "pch_over_60"),
            (r"total pch$", "pch_recipients"),
        ),
    ),
    Theme(
        r"nombre total des aides .*personnes handicapees",
        (
            (r"^aides a domicile", "disabled_home_aid"),
            (r"^aides a l accueil", "disabled_care_aid"),
            (r"^total", "disabled_aid"),
        ),
    ),
    Theme(
        r"personnes handicapees a domicile",
        (
            (r"^actp", "actp_home"),
            (r"^pch", "pch_recipients"),
            (r"^aides? menageres?", "disabled_home_help"),
            (r"^total", "disabled_home_aid"),
        ),
    ),
    Theme(
        r"accueil des personnes handicapees",
        (
            (r"^actp", "actp_institution"),
            (r"^aide sociale a l hebergement", "disabled_ash"),
            (r"^accueil (par|chez)", "disabled_family_care"),
            (r"^accueil de jour", "disabled_day_care"),
            (r"^total", "disabled_care_aid"),
        ),
    ),
    Theme(
        r"hebergement .*personnes handicapees",
        (
            (r"^foyers? d hebergement", "disabled_ash_hostel"),
            (r"^foyers? (occupationnel|de vie)", "disabled_ash_life_home"),
            (r"^maisons? de retraite", "disabled_ash_elderly_home"),
            (r"^foyers? d accueil medicalise", "disabled_ash_medical_home"),
            (r"^total", "disabled_ash"),
        ),
    ),
    Theme(
        r"hors du departement",
        (
            (r"^familles? d accueil", "ase_away_foster_family"),
            (r"^etablissements? de l ase", "ase_away_institution"),
            (r"^etablissements? d education", "ase_away_special_institution"),
            (r"autonom", "ase_away_independent"),
            (r"^autres?", "ase_away_other"),
            (r"^total", "ase_away"),
        ),
    ),
    Theme(
        r"places en etablissement",
        (
            (r"education specia", "ase_institution_special_education"),
            (r"^mecs", "ase_institution_mecs"),
            (r"^foyers? de l enfance", "ase_institution_children_home"),
            (r"^pouponnieres?", "ase_institution_nursery"),
            (r"sanitaire", "ase_institution_health"),
            (r"^lieux? de vie", "ase_institution_living_place"),
            (r"^villages? d enfants", "ase_institution_village"),
            (r"^total", "ase_in_institution"),
        ),
    ),
    Theme(
        r"mode d hebergement",
        (
            (r"^familles? d accueil", "ase_in_foster_family"),
            (r"^etablissements?", "ase_in_institution"),
            (r"autonomes?", "ase_independent"),
            (r"^autres?", "ase_other_housing"),
            (r"^total", "ase_children_entrusted"),
        ),
    ),
    Theme(
        r"type detaille de mesure",
        (
            (r"pupilles?", "ase_wards_of_state"),
            (r"a p mineurs", "ase_provisional_minors"),
            (r"a p j(eunes)? majeurs", "ase_provisional_young_adults"),
            (r"\bdap", "ase_delegated_authority"),
            (r"tutelle", "ase_guardianship"),
            (r"retrait partiel", "ase_partial_withdrawal"),
            (r"placement ase", "ase_judge_placement"),
            (r"^total", "ase_children_entrusted"),
        ),
    ),
    Theme(
        r"mesures administratives et judiciaires",
        (
            (r"^mesures? administratives?", "ase_administrative_measures"),
            (r"^mesures? judiciaires?", "ase_judicial_measures"),
            (r"^total", "ase_children_entrusted"),
        ),
    ),
    Theme(
        r"placements directs",
        (
            (r"tiers digne", "ase_direct_trusted_person"),
            (r"^dap", "ase_direct_delegated_authority"),
            (r"etablissement ou un service", "ase_direct_institution"),
            (r"^total", "ase_direct_placements"),
        ),
    ),
    Theme(
        r"actions educatives a domicile",
        (
            (r"mineurs", "ase_aed_minors"),
            (r"jeunes majeurs", "ase_aed_young_adults"),
            (r"^total", "ase_aed"),
        ),
    ),
    Theme(
        r"actions educatives",
        (
            (r"^(aed|actions educatives a domicile)", "ase_aed"),
            (r"^(aemo|actions educatives en milieu ouvert)", "ase_aemo"),
            (r"^total", "ase_educational_actions"),
        ),
    ),
    Theme(
        r"enfants accueillis a l ase",
        (
            (r"confies", "ase_children_entrusted"),
            (r"placements directs", "ase_direct_placements"),
            (r"accueillis", "ase_children_in_care"),
        ),
    ),
)


def theme_named(title: str) -> Theme | None:
    """The first theme whose words the title of a table holds."""
    return next((theme for theme in THEMES if re.search(theme.title, plain(title))), None)


def bare_header(written: object) -> str:
    """A header without its footnote: ``MECS1``, ``DAP 3``, ``APA (1)``."""
    return re.sub(r"(?<=[a-z)]) ?\d$", "", plain(written))


def indicator_of(theme: Theme, header: str) -> str | None:
    """The indicator of a column, by its whole header (that of the merged cell above included)."""
    return next((code for pattern, code in theme.headers if re.search(pattern, header)), None)
