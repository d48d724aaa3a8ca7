"""One layout a kind of file: bytes become typed rows and named defects. Pure: no Dagster, no database."""

from dagster_project.readers.strategy import REPORT_GOVERNANCE, REPORT_LOCAL_ACTIONS, REPORT_MEASURES
from dagster_project.readers.table import Layout
from dagster_project.readers.transcription import PRODUCER_EXTRACT, REPORT_BUDGET_LINES, REPORT_FIGURES

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
