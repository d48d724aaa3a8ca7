"""The columns of Filosofi files: what each header means, through dictionaries, year after year.

A header is a stem and the last two digits of the year (``Q219``, ``S80S2019``, ``TP60AGE121``), but for ``RD`` and
``Q3_Q1``; only the dictionary can tell them apart. Three families name the same quantities differently: the files of
structure and distribution (``DISP``), of the poor (``DISP_PAUVRES``), and the key figures (``cc_filosofi``).
"""

import re
from dataclasses import dataclass
from typing import Literal

from dagster_project.readers.nomenclature import plain

Kind = Literal["count", "half_count", "amount", "ratio", "share", "rate", "intensity"]


@dataclass(frozen=True)
class Measure:
    """A quantity: ``key`` is the name of its column here, whatever the file calls it.

    A ``count`` is whole; persons may come by halves, for a child in two homes counts for a half in each.
    """

    key: str
    indicator: str
    unit: str
    kind: Kind
    group: str = "all"


@dataclass(frozen=True)
class Field:
    """A column of a file that holds a measure."""

    index: int
    header: str
    measure: Measure


@dataclass(frozen=True)
class Columns:
    """What the header of a file says: its year, its measures, and the headers nobody knows, by index."""

    year: int
    fields: tuple[Field, ...]
    unknown: tuple[tuple[int, str], ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(field.measure.key for field in self.fields)


# The code of a subgroup in a header, and the population it stands for. The age is that of the household's tax payer.
GROUPS = {
    "AGE1": "age_under_30",
    "AGE2": "age_30_39",
    "AGE3": "age_40_49",
    "AGE4": "age_50_59",
    "AGE5": "age_60_74",
    "AGE6": "age_75_and_over",
    "TME1": "household_of_1",
    "TME2": "household_of_2",
    "TME3": "household_of_3",
    "TME4": "household_of_4",
    "TME5": "household_of_5_and_over",
    "TOL1": "tenure_owner",
    "TOL2": "tenure_tenant",
    "TLD2": "tenure_social_tenant",
    "TLD3": "tenure_private_tenant",
    "TYM1": "household_man_alone",
    "TYM2": "household_woman_alone",
    "TYM3": "household_couple_without_children",
    "TYM4": "household_couple_with_children",
    "TYM5": "household_single_parent",
    "TYM6": "household_complex",
    "OPR1": "main_income_wages",
    "OPR2": "main_income_unemployment_benefit",
    "OPR3": "main_income_self_employment",
    "OPR4": "main_income_pensions",
    "OPR5": "main_income_property",
    "OPR6": "main_income_social_benefits",
}
_BASE = (
    Measure("NBMEN", "fiscal_households", "household", "count"),
    Measure("NBPERS", "fiscal_persons", "person", "half_count"),
    Measure("NBUC", "consumption_units", "other", "ratio"),
    Measure("Q1", "living_standard_q1", "eur_per_year", "amount"),
    Measure("Q2", "median_living_standard", "eur_per_year", "amount"),
    Measure("Q3", "living_standard_q3", "eur_per_year", "amount"),
    Measure("Q3_Q1", "living_standard_interquartile_range", "eur_per_year", "amount"),
    *(Measure(f"D{n}", f"living_standard_d{n}", "eur_per_year", "amount") for n in (1, 2, 3, 4, 6, 7, 8, 9)),
    Measure("RD", "living_standard_d9_d1_ratio", "other", "ratio"),
    Measure("S80S20", "living_standard_s80_s20_ratio", "other", "ratio"),
    Measure("GI", "living_standard_gini", "other", "ratio"),
    Measure("PIMP", "taxed_households_share", "percent", "rate"),
    Measure("PACT", "income_share_activity", "percent", "share"),
    Measure("PTSAC", "income_share_wages_and_unemployment", "percent", "share"),
    Measure("PTSA", "income_share_wages", "percent", "share"),
    Measure("PCHO", "income_share_unemployment_benefit", "percent", "share"),
    Measure("PBEN", "income_share_self_employment", "percent", "share"),
    Measure("PPEN", "income_share_pensions", "percent", "share"),
    Measure("PPAT", "income_share_property", "percent", "share"),
    Measure("PPSOC", "income_share_social_benefits", "percent", "share"),
    Measure("PPFAM", "income_share_family_benefits", "percent", "share"),
    Measure("PPMINI", "income_share_minimum_benefits", "percent", "share"),
    Measure("PPLOGT", "income_share_housing_benefits", "percent", "share"),
    Measure("PIMPOT", "income_share_direct_taxes", "percent", "share"),
)
_POOR = (
    Measure("TP40", "poverty_rate_40", "percent", "rate"),
    Measure("TP50", "poverty_rate_50", "percent", "rate"),
    Measure("TP60", "poverty_rate_60", "percent", "rate"),
    Measure("TP60Q2", "poor_median_living_standard", "eur_per_year", "amount"),
    Measure("TP60IP", "poverty_intensity_60", "other", "intensity"),
)
MEASURES: dict[str, Measure] = {
    measure.key: measure
    for measure in (
        *_BASE,
        *_POOR,
        *(
            Measure(code + poor.key, poor.indicator, poor.unit, poor.kind, group)
            for code, group in GROUPS.items()
            for poor in _POOR
        ),
    )
}
_OTHER_STEMS = {"NBMENFISC": "NBMEN", "NBPERSMENFISC": "NBPERS", "MED": "Q2"} | {
    f"TP60{code}": f"{code}TP60" for code in GROUPS
}
_STEMS = {key: key for key in MEASURES} | _OTHER_STEMS
_WITHOUT_YEAR = ("RD", "Q3_Q1")
_FIRST_YEAR, _LAST_YEAR = 2012, 2039
_KHARTIS = {
    plain(header): key
    for header, key in {
        "Nombre de ménages fiscaux": "NBMEN",
        "Nombre de personnes dans les ménages fiscaux": "NBPERS",
        "Part des ménages fiscaux imposés (%)": "PIMP",
        "Taux de pauvreté-Ensemble (% pop totale)": "TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des moins de 30 ans)": "AGE1TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des 30 à 39 ans)": "AGE2TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des 40 à 49 ans)": "AGE3TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des 50 à 59 ans)": "AGE4TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des 60 à 74 ans)": "AGE5TP60",
        "Taux de pauvreté selon l'âge du référent fiscal (% des 75 ans ou plus)": "AGE6TP60",
        "Taux de pauvreté selon le statut d'occupation du logement (propriétaires)": "TOL1TP60",
        "Taux de pauvreté selon le statut d'occupation du logement (locataires)": "TOL2TP60",
        "Revenu disponible par unité de consommation (Médiane)": "Q2",
        "Revenu disponible par unité de consommation (Rapport inter-décile 9e décile/1er decile)": "RD",
        "Revenu disponible par unité de consommation (1er décile)": "D1",
        "Revenu disponible par unité de consommation (9e décile du niveau de vie)": "D9",
    }.items()
}
CODE_HEADERS = ("CODGEO", "Code géographique")
NAME_HEADERS = ("LIBGEO", "Libellé géographique")


def columns_with_year(header: tuple[str, ...]) -> Columns:
    """The measures of a header whose names end with the year; year 0 where no column says one."""
    year = max(range(_FIRST_YEAR, _LAST_YEAR), key=lambda year: sum(_is_of(name, year) for name in header))
    if not any(_is_of(name, year) for name in header):
        year = 0
    known = {name: name for name in _WITHOUT_YEAR} | {f"{stem}{year % 100:02}": key for stem, key in _STEMS.items()}
    return _columns(header, year, known if year else {})


def columns_in_french(header: tuple[str, ...], file_name: str) -> Columns:
    """The measures of a header written in full; the year, which it does not say, is in the name of the file."""
    written = {name: _KHARTIS[plain(name)] for name in header if plain(name) in _KHARTIS}
    years = years_of(file_name)
    return _columns(header, years[0] if len(years) == 1 else 0, written)


def years_of(file_name: str) -> tuple[int, ...]:
    """The years the name of a file says."""
    return tuple(sorted({int(year) for year in re.findall(r"(?<!\d)20[1-3]\d(?!\d)", file_name)}))


def is_declared_income(header: tuple[str, ...], file_name: str) -> bool:
    """Whether the file is about declared income (DEC): the same headers for other quantities."""
    return "DEC" in re.split(r"[^A-Z]+", file_name.upper()) or any(re.fullmatch(r"PAUT\d\d", name) for name in header)


def _is_of(name: str, year: int) -> bool:
    suffix = f"{year % 100:02}"
    return name.endswith(suffix) and name.removesuffix(suffix) in _STEMS


def _columns(header: tuple[str, ...], year: int, known: dict[str, str]) -> Columns:
    territory = (*CODE_HEADERS, *NAME_HEADERS)
    fields = tuple(Field(index, name, MEASURES[known[name]]) for index, name in enumerate(header) if name in known)
    unknown = tuple(
        (index, name) for index, name in enumerate(header) if name and name not in known and name not in territory
    )
    return Columns(year, fields, unknown)
