"""The charts and the layout of the dashboard, in Superset's own words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TITLE = "Bilan : la stratégie pauvreté en chiffres"
_GAP_COLOUR = "#111111"
# Columns and values of the queries beside.
_PLACE, _PART, _SHARE = "Département", "Part", "Part du total (€)"
_CHECK, _GAP, _EXPLANATION = "Contrôle", "Écart, calculé moins imprimé (€)", "Ce que dit le contrôle"
_GAP_PART = "Écart : total imprimé moins lignes"
# Of each row, in Superset's units of eight pixels.
_HEIGHTS = (15, 50, 50, 60, 70)
_INTRODUCTION = (
    "Les chiffres de la version servie de Bilan. Un chiffre vide n'est pas un zéro ; une ligne marquée ⚠ ne tombe pas "
    "juste : le contrôle dit de combien, et pourquoi quand cela se trouve."
)
Document = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """A chart: what it draws, of which dataset, and its place in a row of twelve columns."""

    name: str
    title: str
    dataset: str
    kind: str
    width: int
    parameters: Document = field(default_factory=dict)


def value_of(column: str) -> str:
    """The name of the metric that is the value of a column."""
    return f"valeur_{column}"


def _where(column: str, operator: str, value: object) -> Document:
    return {
        "clause": "WHERE",
        "expressionType": "SIMPLE",
        "subject": column,
        "operator": operator,
        "comparator": value,
    }


def _bars(column: str, label: str, number: str) -> Document:
    return {
        "x_axis": _PLACE,
        "xAxisForceCategorical": True,
        "metrics": [value_of(column)],
        "groupby": [],
        "orientation": "horizontal",
        "x_axis_sort": value_of(column),
        "x_axis_sort_asc": True,
        "show_value": True,
        "show_legend": False,
        "y_axis_format": number,
        "y_axis_title": label,
        "y_axis_title_margin": 30,
        "truncateYAxis": False,
        "row_limit": 1000,
    }


def _table(columns: Sequence[str], **more: object) -> Document:
    return {
        "query_mode": "raw",
        "all_columns": list(columns),
        "row_limit": 1000,
        "server_pagination": False,
        "include_search": True,
        "show_cell_bars": False,
        "table_timestamp_format": "%d/%m/%Y",
    } | more


_MARKED = {"column": _GAP, "operator": "≠", "targetValue": 0, "colorScheme": _GAP_COLOUR}
ROWS: Sequence[Sequence[Chart]] = (
    (
        Chart(
            "relations",
            "Relations entre chiffres contrôlées",
            "reconciliation",
            "big_number_total",
            3,
            {"metric": "lignes", "y_axis_format": ",d", "subheader": "totaux, parts, rapports, évolutions"},
        ),
        Chart(
            "ecarts",
            "Écarts relevés",
            "reconciliation",
            "big_number_total",
            3,
            {
                "metric": "lignes",
                "y_axis_format": ",d",
                "subheader": "détaillés au bas de cette page",
                "adhoc_filters": [_where("verdict", "==", "gap")],
            },
        ),
    ),
    (
        Chart(
            "rsa",
            "Foyers allocataires du RSA par département, dernier mois connu",
            "rsa_par_departement",
            "echarts_timeseries_bar",
            6,
            _bars("beneficiaries", "Foyers", ",d"),
        ),
        Chart(
            "pauvrete",
            "Taux de pauvreté par département, dernière année connue (%)",
            "pauvrete_par_departement",
            "echarts_timeseries_bar",
            6,
            _bars("poverty_rate_pct", "% des personnes, seuil à 60 %", ",.1f"),
        ),
    ),
    (
        Chart(
            "budget_annuel",
            "Budget par année et par ligne, jusqu'au total imprimé (€)",
            "budget",
            "echarts_timeseries_bar",
            12,
            {
                "x_axis": "year",
                "xAxisForceCategorical": True,
                "metrics": [value_of(_SHARE)],
                "groupby": [_PART],
                "adhoc_filters": [_where(_SHARE, "IS NOT NULL", None)],
                "stack": "Stack",
                "only_total": True,
                "show_value": True,
                "show_legend": True,
                "legendOrientation": "right",
                "legendType": "plain",
                "y_axis_format": ",d",
                "truncate_metric": True,
                "row_limit": 1000,
            },
        ),
    ),
    (
        Chart(
            "budget_lignes",
            "Budget : chaque ligne imprimée, et celles qui ne tombent pas juste",
            "budget",
            "table",
            12,
            _table(
                ["year", "Ligne", "amount_eur", _CHECK, _GAP, _EXPLANATION],
                order_by_cols=[f'["{_CHECK}", true]', '["year", false]', '["line_order", true]'],
                column_config={name: {"d3NumberFormat": ",d"} for name in ("amount_eur", _GAP)}
                | {"year": {"d3NumberFormat": "d"}},
                conditional_formatting=[_MARKED],
            ),
        ),
    ),
    (
        Chart(
            "ecarts_liste",
            "Les écarts, leur diagnostic et ce qu'en dit le registre",
            "reconciliation",
            "table",
            12,
            _table(
                ["description_fr", "left_value", "right_value", "difference", "diagnosis_fr", "waiver_reason_fr"],
                adhoc_filters=[_where("verdict", "==", "gap")],
                column_config={
                    name: {"d3NumberFormat": ",.6~f"} for name in ("left_value", "right_value", "difference")
                },
            ),
        ),
    ),
)
CHARTS: Sequence[Chart] = [chart for row in ROWS for chart in row]


def dashboard(chart_ids: Mapping[str, str]) -> Document:
    """The dashboard: an introduction, then each row of charts, whose identifiers are given by name."""
    return {
        "dashboard_title": TITLE,
        "description": _INTRODUCTION,
        "css": "",
        "slug": "bilan",
        "published": True,
        "position": _position(chart_ids),
        "metadata": {
            "label_colors": {_GAP_PART: _GAP_COLOUR},
            "color_scheme": "supersetColors",
            "refresh_frequency": 0,
            "cross_filters_enabled": True,
            "native_filter_configuration": [],
        },
        "version": "1.0.0",
    }


def _position(chart_ids: Mapping[str, str]) -> Document:
    introduction: Document = {
        "type": "MARKDOWN",
        "id": "MARKDOWN-intro",
        "children": [],
        "meta": {"code": _INTRODUCTION, "width": 6, "height": _HEIGHTS[0]},
    }
    placed: Document = {"DASHBOARD_VERSION_KEY": "v2", "MARKDOWN-intro": introduction}
    rows = []
    for number, (row, height) in enumerate(zip(ROWS, _HEIGHTS, strict=True)):
        children = ["MARKDOWN-intro"] if number == 0 else []
        for chart in row:
            children.append(f"CHART-{chart.name}")
            placed[children[-1]] = {
                "type": "CHART",
                "id": children[-1],
                "children": [],
                "meta": {
                    "uuid": chart_ids[chart.name],
                    "chartId": CHARTS.index(chart) + 1,  # Superset puts its own in its place
                    "sliceName": chart.title,
                    "width": chart.width,
                    "height": height,
                },
            }
        rows.append(f"ROW-{number}")
        background = {"background": "BACKGROUND_TRANSPARENT"}
        placed[rows[-1]] = {"type": "ROW", "id": rows[-1], "children": children, "meta": background}
    placed["GRID_ID"] = {"type": "GRID", "id": "GRID_ID", "children": rows, "parents": ["ROOT_ID"]}
    placed["ROOT_ID"] = {"type": "ROOT", "id": "ROOT_ID", "children": ["GRID_ID"]}
    placed["HEADER_ID"] = {"type": "HEADER", "id": "HEADER_ID", "meta": {"text": TITLE}}
    return placed
