"""The datasets `bilan fetch` knows: where each is published, when, with which reader it is read. French titles."""

from dataclasses import dataclass, replace
from typing import Literal
from urllib.parse import urlsplit

from dagster_project.connectors import bdm, datagouv, melodi, opendatasoft
from dagster_project.connectors.calendar import EVERY_MONTH, Calendar
from dagster_project.connectors.remote import Catalogue, Site
from dagster_project.readers.nomenclature import names

_LICENCE_OUVERTE = "Licence Ouverte 2.0"
_MEGABYTE = 1_000_000


@dataclass(frozen=True)
class Source:
    """A dataset of a producer, and how its editions are found, dated and read."""

    publisher: str
    dataset: str
    title_fr: str
    layout: str
    catalogue: Catalogue
    site: Site
    calendar: Calendar
    maturity: Literal["provisional", "semi_definitive", "final"]
    licence: str = _LICENCE_OUVERTE
    largest_file: int = 300 * _MEGABYTE

    @property
    def name(self) -> str:
        return f"{self.publisher}/{self.dataset}"

    def at(self, base: str) -> "Source":
        """The same dataset, asked of another address: a mirror, or a server of tests."""
        return replace(self, site=replace(self.site, base=base, domains=(str(urlsplit(base).hostname),)))


def _site(
    producer: str, base: str, *more: str, requests_a_minute: int | None = None, key_scheme: str | None = None
) -> Site:
    return Site(producer, base, (str(urlsplit(base).hostname), *more), requests_a_minute, key_scheme)


_DREES = _site("drees", "https://data.drees.solidarites-sante.gouv.fr")
_CNAF = _site("cnaf", "https://data.caf.fr")
_MELODI = _site("insee", "https://api.insee.fr/melodi", requests_a_minute=30)
# The open host of the BDM; the portal's (api.insee.fr/series/BDM/V1) gives the same answers and may ask for a key.
_BDM = _site("insee", "https://bdm.insee.fr/series/sdmx", "insee.fr")
_BUDGET = _site("budget", "https://data.economie.gouv.fr")
_WEBSTAT = _site("banque_de_france", "https://webstat.banque-france.fr", key_scheme="Apikey")
_DATAGOUV = _site("datagouv", "https://www.data.gouv.fr", "data.gouv.fr", "insee.fr")

_QUARTERLY = (3, 6, 9, 12)
_OVERSEAS_LENGTH = 3  # Webstat has the départements of metropolitan France, whose codes have two characters


def _over_indebtedness_keys() -> str:
    metropolitan = sorted(code for code in names("departement") if len(code) < _OVERSEAS_LENGTH)
    return ", ".join(f'"IFI.M.D{code}.SUREN.DEPOT"' for code in metropolitan)


SOURCES: tuple[Source, ...] = (
    Source(
        "drees", "monthly_benefits_flat",
        "Données mensuelles sur les prestations de solidarité (table)", "drees_monthly_flat",
        opendatasoft.Export("donnees-mensuelles-sur-les-prestations-de-solidarite"),
        _DREES, Calendar(_QUARTERLY, grace_days=31), "provisional",
    ),
    Source(
        "drees", "monthly_benefits",
        "Données mensuelles sur les prestations de solidarité (classeur)", "drees_monthly_workbook",
        opendatasoft.Attachment(
            "donnees-mensuelles-sur-les-prestations-de-solidarite", "donnees.mensuelles.*prestations", ".xlsx"
        ),
        _DREES, Calendar(_QUARTERLY, grace_days=31), "provisional",
    ),
    Source(
        "drees", "rsa_orientation",
        "Orientation et accompagnement des bénéficiaires du RSA (OARSA)", "drees_oarsa",
        opendatasoft.Attachment(
            "3035_orientation-et-accompagnement-des-beneficiaires-du-rsa", "oarsa.*principaux indicateurs", ".xlsx"
        ),
        _DREES, Calendar((12,), grace_days=184), "final",
    ),
    Source(
        "insee", "unemployment",
        "Taux de chômage localisés, séries trimestrielles (BDM)", "insee_bdm_sdmx",
        bdm.Dataflow("TAUX-CHOMAGE"),
        _BDM, Calendar(_QUARTERLY, grace_days=15), "provisional",
    ),
    Source(
        "insee", "filosofi_melodi",
        "Niveau de vie et pauvreté (Filosofi), toutes géographies", "insee_melodi_csv",
        melodi.Product("DS_FILOSOFI_CC"),
        _MELODI, Calendar((12,), grace_days=120), "final",
    ),
    Source(
        "insee", "population_reference",
        "Populations de référence des communes, départements et régions", "insee_melodi_csv",
        melodi.Product("DS_POPULATIONS_REFERENCE"),
        _MELODI, Calendar((12,), grace_days=15), "final",
    ),
    Source(
        "cnaf", "benefits_departement",
        "Allocataires des prestations versées par les CAF, par département", "cnaf_benefits_departement",
        opendatasoft.Export("s_ben_dep"),
        _CNAF, Calendar(EVERY_MONTH, grace_days=31), "semi_definitive",
    ),
    Source(
        "cnaf", "benefits_commune",
        "Allocataires des prestations versées par les CAF, par commune", "cnaf_benefits_commune",
        opendatasoft.Export("s_ben_com_f"),
        _CNAF, Calendar((7,), grace_days=92), "final",
    ),
    Source(
        "budget", "state_credits",
        "Projet de loi de finances : dépenses par destination et nature", "budget_credits",
        opendatasoft.NewestExport(
            "destination-et-nature",
            r"plf-?(?:20)?\d\d-depenses-(?P<year>20\d\d)-.*selon-nomenclatures-destination-et-nature",
        ),
        _BUDGET, Calendar((10,), grace_days=45), "final",
    ),
    Source(
        "banque_de_france", "over_indebtedness",
        "Surendettement : dossiers déposés par département et par mois", "bdf_over_indebtedness",
        opendatasoft.Export(
            "observations",
            where=f"series_key IN ({_over_indebtedness_keys()})",
            select="series_key,time_period,obs_value",
            order_by="series_key,time_period",
        ),
        _WEBSTAT, Calendar(EVERY_MONTH, grace_days=31), "provisional",
        licence="Conditions de réutilisation de Webstat, à vérifier avant toute republication",
    ),
    Source(
        "insee", "cog",
        "Code officiel géographique : communes", "insee_cog_communes",
        datagouv.Resource("code-officiel-geographique-1", "csv", r"^liste des communes.* au 1er janvier"),
        _DATAGOUV, Calendar((3,), grace_days=31), "final",
    ),
)  # fmt: skip
