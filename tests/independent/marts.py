"""The rows each published table must hold, from what is known."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import groupby
from pathlib import Path
from statistics import median
from typing import Any

import yaml

from tests.independent.archive import MODELS, Edition, Row, as_date, relation_files, rounded, seed, waivers
from tests.independent.calpae import calpae_rows
from tests.independent.knowledge import Knowledge
from tests.independent.profile import profile_rows
from tests.independent.relations import figures_by_reference, judge, terms_of

Rows = list[Row]
_FILOSOFI_FLOOR = 5
_SECOND_GENERATION = 2023


def expected_marts(known: Knowledge, raw: Path) -> dict[str, Rows]:
    """Every table of the report's scope, with all its rows."""
    marts: dict[str, Rows] = {}
    for name, (make, key) in _HISTORIES.items():
        rows = make(known)
        marts[f"{name}_history"] = rows
        marts[name] = first_source(rows, key)
    marts["poverty_rate"] = _rate_beside_median(marts["poverty_rate_history"])
    marts["population"] = first_source(marts["population_history"], _POPULATION_KEY)
    for name, stages in _BUDGETS.items():
        lines = [_budget_row(line) for line in known.lines if (line["stage"] == "contracted") == stages]
        marts[f"{name}_history"] = lines
        marts[name] = [line for line in lines if line["known_to"] is None]
    marts |= {
        "beneficiaries_total": _totals(known, marts["beneficiaries_history"]),
        "key_figure": _key_figures(known),
        "measure": _strategy(known, "report_measures"),
        "local_action": _strategy(known, "report_local_actions"),
        "governance_body": _strategy(known, "report_governance"),
        "edition": [_edition_row(edition) for edition in known.editions],
        "revision": _revisions(known),
        "source_comparison": _comparisons(known),
        "territory_profile": profile_rows(known, marts["population"]),
        "territory": list(known.territories.values()),
        "indicator": [
            row | {"indicator_version": row["version"], "mart": row["subject"]} for row in seed("indicators")
        ],
        "series_break": seed("series_breaks"),
        "data_dictionary": list(_dictionary()),
        # Only producers' own workbooks and tables fill these: there are none in the archive of the report.
        "commune_value": [],
        "edition_note": [],
    }
    marts["reconciliation"], marts["reconciliation_term"] = _reconciliation(known, raw)
    return marts


def first_source(history: Rows, key: Iterable[str]) -> Rows:
    """Of what is known today, one row a key: the first source's, then the newest known, then by name."""
    best: dict[tuple[Any, ...], Row] = {}
    for row in history:
        if row["known_to"] is None:
            place = tuple(row[name] for name in key)
            best[place] = min(best.get(place, row), row, key=_precedence)
    return list(best.values())


def _precedence(row: Row) -> tuple[bool, int, int, str]:
    """What is masked never speaks for what is not."""
    return row["conf_status"] != "F", row["source_priority"], -row["known_from"].toordinal(), row["dataset"]


def _of(known: Knowledge, subject: str) -> Rows:
    return [
        one | {"edition": one["edition_id"], "year": one["period_start"] and one["period_start"].year}
        for one in known.observations
        if one["subject"] == subject
    ]


_POVERTY_KEY = ("territory_level", "territory_code", "year", "population_group", "threshold_pct", "generation")
_POPULATION_KEY = ("territory_level", "territory_code", "reference_date", "population_kind")


def _poverty_history(known: Knowledge) -> Rows:
    rows = []
    for one in _of(known, "poverty_rate"):
        is_rate = one["indicator_code"].startswith("poverty_rate_")
        is_median = one["indicator_code"].startswith("median_living_standard")
        floor = is_rate and one["publisher"] == "insee" and one["value"] == _FILOSOFI_FLOOR
        rows.append(one | {
            "threshold_pct": known.indicators[one["indicator_code"]]["threshold_pct"],
            "generation": 2 if one["year"] >= _SECOND_GENERATION else 1,
            "measure": one["indicator_code"],
            "poverty_rate_pct": rounded(one["value"], 1) if is_rate else None,
            "poverty_rate_lower_pct": rounded(one["lower"], 1) if is_rate else None,
            "poverty_rate_upper_pct": rounded(one["upper"], 1) if is_rate else None,
            "censored": "le" if floor else None,
            "median_living_standard_eur_per_year": rounded(one["value"], 0) if is_median else None,
        })  # fmt: skip
    return rows


def _rate_beside_median(history: Rows) -> Rows:
    """The rate and the median of one territory and year on one row; the rate says where the row comes from."""
    spoken = {}
    for is_rate in (True, False):
        one_kind = [row for row in history if row["measure"].startswith("poverty_rate") == is_rate]
        spoken[is_rate] = {
            tuple(row[name] for name in _POVERTY_KEY): row for row in first_source(one_kind, _POVERTY_KEY)
        }
    joined = []
    for place in spoken[True].keys() | spoken[False].keys():
        rate, middle = spoken[True].get(place), spoken[False].get(place, {})
        masks = {row["conf_status"] for row in (rate, middle) if row}
        joined.append((rate or middle) | {
            "conf_status": next((mask for mask in ("C", "D") if mask in masks), "F"),
            "median_living_standard_eur_per_year": middle.get("median_living_standard_eur_per_year"),
            "median_dataset": middle.get("dataset"),
            "median_edition": middle.get("edition"),
        })  # fmt: skip
    return joined


def _unemployment_history(known: Knowledge) -> Rows:
    return [
        one
        | {
            "quarter": one["period_code"],
            "quarter_start": one["period_start"],
            "unemployment_rate_pct": rounded(one["value"], 1),
            "unemployment_rate_lower_pct": rounded(one["lower"], 1),
            "unemployment_rate_upper_pct": rounded(one["upper"], 1),
            "seasonally_adjusted": True,
        }
        for one in _of(known, "unemployment_rate")
    ]


def _population_history(known: Knowledge) -> Rows:
    return [
        one
        | {
            "reference_date": one["period_start"],
            "population_kind": one["member"],
            "population": rounded(one["value"], 0),
        }
        for one in _of(known, "population")
        if one["population_group"] == "all"
    ]


def _observation_history(known: Knowledge) -> Rows:
    groups = [one for one in _of(known, "population") if one["population_group"] != "all"]
    return [
        one | {"value_lower": one["lower"], "value_upper": one["upper"]} for one in _of(known, "observation") + groups
    ]


def _counted(subject: str) -> Callable[[Knowledge], Rows]:
    def rows(known: Knowledge) -> Rows:
        return [
            one
            | {
                "month": one["period_start"] and one["period_start"].replace(day=1),
                "benefit": one["member"],
                "beneficiaries": rounded(one["value"], 0),
            }
            for one in _of(known, subject)
        ]

    return rows


def _calpae_history(known: Knowledge) -> Rows:
    return calpae_rows(_of(known, "calpae_indicator"), known)


_HISTORIES: dict[str, tuple[Callable[[Knowledge], Rows], tuple[str, ...]]] = {
    "poverty_rate": (_poverty_history, _POVERTY_KEY),
    "unemployment_rate": (_unemployment_history, ("territory_level", "territory_code", "quarter")),
    "population": (_population_history, _POPULATION_KEY),
    "observation": (
        _observation_history,
        ("dataset", "indicator_code", "territory_level", "territory_code", "period_code", "population_group"),
    ),
    "beneficiaries": (_counted("beneficiaries"), ("territory_level", "territory_code", "month", "benefit")),
    "scheme_total": (_counted("scheme_total"), ("territory_level", "territory_code", "period_label")),
    "calpae_indicator": (_calpae_history, ("territory_level", "territory_code", "year", "indicator_code")),
}
_BUDGETS = {"budget_line": False, "contracted_amount": True}


def _budget_row(line: Row) -> Row:
    return line | {
        "region_code": line["edition"].about["region_code"],
        "edition": line["edition_id"],
        "printed_text": line["printed_text"] or "",
        "note": line["note_fr"],
    }


def _totals(known: Knowledge, history: Rows) -> Rows:
    """The sum over every département the region has that month, or the names of those that are missing."""
    current = [row for row in history if row["known_to"] is None and row["territory_level"] == "departement"]
    groups = ("dataset", "region_code", "month", "benefit", "unit")
    totals = []
    for place, members in groupby(sorted(current, key=_by(groups)), _by(groups)):
        dataset, region, month, benefit, unit = place
        found = {row["territory_code"]: row["beneficiaries"] for row in members}
        expected = [
            one
            for one in known.departements_of(region)
            if one["valid_from"] <= month and (one["valid_to"] is None or month < one["valid_to"])
        ]
        missing = [one["territory_name"] for one in expected if found.get(one["territory_code"]) is None]
        totals.append({
            "territory_level": "region", "territory_code": region,
            "territory_name": known.territories["region", region]["territory_name"],
            "month": month, "benefit": benefit, "dataset": dataset, "unit": unit,
            "beneficiaries": None if missing else sum(found[one["territory_code"]] for one in expected),
            "departements_present": len(expected) - len(missing), "departements_expected": len(expected),
            "missing_departements": ", ".join(missing) or None,
        })  # fmt: skip
    return totals


def _by(names: Iterable[str]) -> Callable[[Row], tuple[Any, ...]]:
    return lambda row: tuple(row[name] for name in names)


def _key_figures(known: Knowledge) -> Rows:
    rows = [
        figure
        | {
            "report": figure["edition"].report,
            "edition": figure["edition_id"],
            "territory_label": figure["territory_name"],
            "indicator_label_fr": figure["label_fr"],
            "value_lower": figure["lower"],
            "value_upper": figure["upper"],
        }
        for figure in known.figures
        if figure["edition"].is_newest
    ]
    for line in known.printed_lines:
        if line["printed_text"]:
            of = "montant contractualisé" if line["stage"] == "contracted" else "crédits"
            rows.append(line | {
                "report": line["edition"].report, "edition": line["edition_id"], "repeat_of": None, "axis": 0,
                "measure": None, "territory_label": line["territory_name"], "indicator_code": None,
                "indicator_label_fr": f"{line['signatory_name'] or line['action']}, {of}", "population_group": "all",
                "value": line["amount_eur"], "value_lower": None, "value_upper": None, "unit": "eur",
                "period_label": str(line["year"]), "period_start": as_date(f"{line['year']}-01-01"),
                "period_end": as_date(f"{line['year']}-12-31"), "qualifier": "exact", "statement": "result",
                "obs_status": "A", "cited_source": None,
            })  # fmt: skip
    return rows


def _strategy(known: Knowledge, layout: str) -> Rows:
    return [
        row | {"report": edition.report, "dataset": edition.dataset, "edition": edition.edition_id}
        for edition, row in known.current_rows(layout)
    ]


def _edition_row(edition: Edition) -> Row:
    said = edition.about["published"]
    return edition.about | {
        "edition": edition.edition_id,
        "dataset": edition.dataset,
        "published_on": said.get("on") and as_date(said["on"]),
        "published_not_after": said.get("not_after") and as_date(said["not_after"]),
        "publication_basis": said.get("basis"),
        "known_from": edition.known_from,
        "is_newest": edition.is_newest,
        "retrieved_at": edition.retrieved_at,
        "content_sha256": edition.content_sha256,
        "region_code": edition.about.get("region_code"),
    }


def _dictionary() -> Iterable[Row]:
    contract = yaml.safe_load((MODELS / "marts" / "marts.yml").read_text(encoding="utf-8"))
    for model in contract["models"]:
        key = [name for one in model["constraints"] if one["type"] == "primary_key" for name in one["columns"]]
        for order, column in enumerate(model["columns"], start=1):
            meta = column["config"]["meta"]
            yield {
                "table_name": model["name"], "column_order": order, "column_name": column["name"],
                "data_type": column["data_type"],
                "key_position": key.index(column["name"]) + 1 if column["name"] in key else None,
                "label_fr": meta["label"], "unit": meta.get("unit"), "description_fr": column["description"],
                "table_description_fr": model["description"],
            }  # fmt: skip


def _revisions(known: Knowledge) -> Rows:
    cell = ("dataset", "indicator_code", "territory_level", "territory_code", "population_group", "period_code")
    order = _by((*cell, "known_from"))
    changes: dict[tuple[Any, ...], Rows] = defaultdict(list)
    shown = [one for one in known.observations if one["conf_status"] == "F"]
    for _, versions in groupby(sorted(shown, key=order), _by(cell)):
        before = None
        for one in versions:
            changes[one["dataset"], one["indicator_code"]].append(one | {"before": before})
            before = one["value"]
    rows = []
    for (dataset, code), found in changes.items():
        moves = [
            (one["value"] - one["before"], one["before"])
            for one in found
            if None not in (one["value"], one["before"]) and one["value"] != one["before"]
        ]
        sizes = [100 * abs(Fraction(move)) / abs(Fraction(before)) for move, before in moves if before]
        rows.append({
            "dataset": dataset, "indicator_code": code, "indicator_label_fr": known.indicators[code]["label_fr"],
            "versions": len(found), "revisions": len(moves),
            "upward_revisions": sum(move > 0 for move, _ in moves),
            "downward_revisions": sum(move < 0 for move, _ in moves),
            "median_revision_pct": rounded(median(sizes), 2) if sizes else None,
            "largest_revision_pct": rounded(max(sizes), 2) if sizes else None,
            "first_known_from": min(one["known_from"] for one in found),
            "last_known_from": max(one["known_from"] for one in found),
        })  # fmt: skip
    return rows


def _comparisons(known: Knowledge) -> Rows:
    """The first source of each quantity beside every other one; a missing value is never an agreement."""
    quantity = _by(("indicator_code", "territory_level", "territory_code", "population_group", "period_code"))
    comparable = [
        one
        for one in known.observations
        if one["known_to"] is None and one["value"] is not None and one["qualifier"] == "exact" and one["period_code"]
    ]
    replaced = {
        (*quantity(one), one["dataset"], one["value"]) for one in known.observations if one["known_to"] is not None
    }
    rows = []
    for place, sources in groupby(sorted(comparable, key=quantity), quantity):
        first, *others = sorted(sources, key=_precedence)
        for other in others:
            difference = first["value"] - other["value"]
            tolerance = (Fraction(first["step"] or 0) + Fraction(other["step"] or 0)) / 2
            same_unit = first["unit"] == other["unit"]
            verdict = "exact" if not difference else "rounding" if abs(difference) <= tolerance else "gap"
            note = None if same_unit else "Unités différentes"
            if same_unit and difference and (*place, first["dataset"], other["value"]) in replaced:
                note = f"C'est la valeur d'une édition antérieure de {first['dataset']}"
            rows.append(first | {
                "other_value": other["value"], "difference": difference, "tolerance": rounded(tolerance, 6),
                "comparison_verdict": verdict if same_unit else "not_computable", "comparison_note_fr": note,
                "edition": first["edition_id"], "other_dataset": other["dataset"], "other_edition": other["edition_id"],
            })  # fmt: skip
    return rows


def _reconciliation(known: Knowledge, raw: Path) -> tuple[Rows, Rows]:
    figures, waived = figures_by_reference(known), waivers(raw)
    relations, all_terms = [], []
    for report, written in relation_files(raw):
        for relation in written:
            terms = terms_of(relation, report, figures, known)
            said = judge(relation["operator"], terms)
            left, right = said["left"], said["right"]
            waiver = waived.get(relation["relation_id"], {})
            relations.append(relation | {
                "report": report, "left_value": rounded(left, 6), "right_value": rounded(right, 6),
                "difference": rounded(left - right, 6) if None not in (left, right) else None,
                "tolerance": rounded(said["tolerance"], 6), "verdict": said["verdict"],
                "compared_terms": said["compared"], "waiver_id": waiver.get("erratum_id"),
                "waiver_reason_fr": waiver.get("reason_fr"),
            })  # fmt: skip
            for term in terms:
                row = term.row or {}
                all_terms.append({
                    "relation_id": relation["relation_id"], "side": term.side, "position": term.position,
                    "reference": term.reference, "label_fr": term.label,
                    "coefficient_numerator": term.coefficient.numerator,
                    "coefficient_denominator": term.coefficient.denominator,
                    "value": row.get("value"), "value_lower": row.get("lower"), "value_upper": row.get("upper"),
                    "unit": row.get("unit"), "period_label": row.get("period_label"), "dataset": row.get("dataset"),
                })  # fmt: skip
    return relations, all_terms
