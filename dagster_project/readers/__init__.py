"""One layout a kind of file: bytes become typed rows and named defects. Pure: no Dagster, no warehouse."""

from importlib import import_module
from typing import TYPE_CHECKING

from dagster_project.readers.strategy import REPORT_GOVERNANCE, REPORT_LOCAL_ACTIONS, REPORT_MEASURES
from dagster_project.readers.table import Layout
from dagster_project.readers.transcription import PRODUCER_EXTRACT, REPORT_BUDGET_LINES, REPORT_FIGURES

if TYPE_CHECKING:
    from dagster_project.readers.official import OfficialLayout

# Tables filled by hand.
LAYOUTS: dict[str, Layout] = {
    layout.name: layout
    for layout in (
        REPORT_FIGURES,
        REPORT_BUDGET_LINES,
        REPORT_MEASURES,
        REPORT_LOCAL_ACTIONS,
        REPORT_GOVERNANCE,
        PRODUCER_EXTRACT,
    )
}

# Producers' own files: the module of each layout, imported when one is read.
OFFICIAL_MODULES: dict[str, str] = {
    "bdf_over_indebtedness": "banque_de_france.over_indebtedness",
    "budget_credits": "state_budget.credits",
    "budget_execution": "state_budget.execution",
    "budget_monthly_position": "state_budget.monthly_position",
    "calpae_workbook": "calpae.workbook",
    "cnaf_benefits_commune": "cnaf.benefits",
    "cnaf_benefits_departement": "cnaf.benefits",
    "cnaf_iris": "cnaf.iris",
    "drees_monthly_flat": "drees.flat_export",
    "drees_monthly_workbook": "drees.monthly_workbook",
    "drees_oarsa": "drees.orientation",
    "drees_social_aid": "drees.social_aid",
    "insee_bdm_csv": "insee.unemployment",
    "insee_bdm_sdmx": "insee.sdmx",
    "insee_cog_communes": "insee.cog",
    "insee_cog_departements": "insee.cog",
    "insee_cog_moves": "insee.cog",
    "insee_cog_regions": "insee.cog",
    "insee_filosofi_french_headers": "insee.filosofi",
    "insee_filosofi_table": "insee.filosofi",
    "insee_melodi_csv": "insee.melodi",
    "insee_melodi_json": "insee.melodi",
    "insee_population_estimates": "insee.population",
    "insee_reference_population": "insee.reference_population",
}


def official_layout(name: str) -> "OfficialLayout":
    """The layout of a producer's own files with this name."""
    layouts: tuple[OfficialLayout, ...] = import_module(f"{__name__}.{OFFICIAL_MODULES[name]}").LAYOUTS
    return next(layout for layout in layouts if layout.name == name)
