"""A territory's profile: the latest value of each indicator, beside the one before, its region and the country."""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.independent.archive import Row, as_date, rounded
from tests.independent.knowledge import Knowledge

_PER_INHABITANT = ("count", "stock_end_of_month")
_PROFILED = ("departement", "epci")


def profile_rows(known: Knowledge, population: list[Row]) -> list[Row]:
    """The table `territory_profile`: what is observed, then what a report tells of a territory alone."""
    series = _series(known)
    values = {(*place, one["period_code"]): one["value"] for place, found in series.items() for one in found}
    rows = []
    for (code, level, territory), found in series.items():
        if level not in _PROFILED:
            continue
        latest = found[-1]
        before = found[-2] if len(found) > 1 and _comparable(found[-2], latest) else None
        region = known.territories[level, territory]["region_code"]
        rivals = [
            one["value"]
            for (other, rival_level, rival_code), rival in series.items()
            if (other, rival_level) == (code, level)
            and known.territories[rival_level, rival_code]["region_code"] == region
            for one in rival
            if one["period_code"] == latest["period_code"]
        ]
        period = latest["period_code"]
        country = values.get((code, "country", "FR", period))
        people = _inhabitants(population, level, territory, latest) if _nature(known, code) in _PER_INHABITANT else None
        rows.append({
            "territory_level": level, "territory_code": territory,
            "territory_name": known.territories[level, territory]["territory_name"], "indicator_code": code,
            "indicator_label_fr": known.indicators[code]["label_fr"], "unit": known.indicators[code]["unit"],
            "period_code": period, "value": latest["value"], "qualifier": latest.get("qualifier", "exact"),
            "statement": None, "obs_status": latest["obs_status"],
            "previous_period": before and before["period_code"], "previous_value": before and before["value"],
            "change": before and latest["value"] - before["value"],
            "rank_in_region": 1 + sum(rival > latest["value"] for rival in rivals), "ranked_territories": len(rivals),
            "region_value": _region_value(known, values, code, region, period),
            "country_value": values.get((code, "country", "FR-METRO", period)) if country is None else country,
            "per_1000_inhabitants": _per_thousand(latest["value"], people),
            "population_edition": people and people["edition"],
            "dataset": latest["dataset"], "edition": latest["edition_id"],
        })  # fmt: skip
    return rows + list(_told(known))


def _series(known: Knowledge) -> dict[tuple[str, str, str], list[Row]]:
    """The values of each indicator and territory, one a period, whoever says it first, in the order of time."""
    best: dict[tuple[Any, ...], Row] = {}
    for one in known.observations:
        if one["known_to"] is None and one["value"] is not None and one["population_group"] == "all":
            place = (one["indicator_code"], one["territory_level"], one["territory_code"], one["period_code"])
            best[place] = min(best.get(place, one), one, key=_precedence)
    values = [*best.values(), *_contracted(known), *_illustrated(known)]
    series: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
    for one in values:
        if (one["territory_level"], one["territory_code"]) in known.territories:
            series[one["indicator_code"], one["territory_level"], one["territory_code"]].append(one)
    for found in series.values():
        found.sort(key=_in_time)
    return series


def _precedence(one: Row) -> tuple[int, int, str]:
    return one["source_priority"], -one["known_from"].toordinal(), one["dataset"]


def _in_time(one: Row) -> tuple[Any, ...]:
    """What bears no date is older than what does."""
    return one["period_start"] is not None, one["period_start"] or 0, one["period_code"], one["dataset"]


def _contracted(known: Knowledge) -> Iterable[Row]:
    sums: dict[tuple[Any, ...], list[Row]] = defaultdict(list)
    for line in known.lines:
        if line["stage"] == "contracted" and not line["is_total"] and line["known_to"] is None:
            sums[line["territory_level"], line["territory_code"], line["year"], line["dataset"]].append(line)
    for (level, code, year, dataset), lines in sums.items():
        amounts = [line["amount_eur"] for line in lines]
        if None in amounts:
            continue
        newest = max(lines, key=lambda line: (line["known_from"], line["edition_id"]))
        yield {
            "indicator_code": "contracted_amount", "territory_level": level, "territory_code": code,
            "period_code": str(year), "period_start": as_date(f"{year}-01-01"),
            "value": sum(amounts, Decimal(0)), "obs_status": "A", "breaks": (), "dataset": dataset,
            "edition_id": newest["edition_id"],
        }  # fmt: skip


def _illustrated(known: Knowledge) -> Iterable[Row]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    editions = {}
    for edition, action in known.current_rows("report_local_actions"):
        if action["territory_level"] in ("departement", "epci", "commune") and action["territory_codes"]:
            for code in action["territory_codes"].split(";"):
                counts[edition.edition_id, code] += 1
                editions[edition.edition_id] = edition
    for (edition_id, code), count in counts.items():
        year = editions[edition_id].about["version_label"]
        yield {
            "indicator_code": "local_actions", "territory_level": "departement", "territory_code": code,
            "period_code": year, "period_start": as_date(f"{year}-01-01"), "value": Decimal(count), "obs_status": "A",
            "breaks": (), "dataset": editions[edition_id].dataset, "edition_id": edition_id,
        }  # fmt: skip


def _comparable(before: Row, latest: Row) -> bool:
    """No change is computed across a break of the series, declared or marked on the value itself."""
    return bool(before["breaks"] == latest["breaks"] and latest["obs_status"] != "B")


def _nature(known: Knowledge, code: str) -> str:
    return str(known.indicators[code]["nature"])


def _region_value(
    known: Knowledge, values: dict[tuple[Any, ...], Decimal], code: str, region: str, period: str
) -> Decimal | None:
    """The sum of all the départements, never a printed total; what does not add up is what its publisher gives."""
    if not known.indicators[code]["adds_up"]:
        return values.get((code, "region", region, period))
    members = [
        values.get((code, "departement", one["territory_code"], period)) for one in known.departements_of(region)
    ]
    present = [value for value in members if value is not None]
    return sum(present, Decimal(0)) if len(present) == len(members) else None


def _inhabitants(population: list[Row], level: str, code: str, latest: Row) -> Row | None:
    """The population whose date is nearest; the later of two as near, an estimate before a reference population."""
    if latest["period_start"] is None:
        return None
    return min(
        (row for row in population if (row["territory_level"], row["territory_code"]) == (level, code)),
        key=lambda row: (
            abs((row["reference_date"] - latest["period_start"]).days),
            -row["reference_date"].toordinal(),
            row["population_kind"],
        ),
        default=None,
    )


def _per_thousand(value: Decimal | None, people: Row | None) -> Decimal | None:
    if value is None or not people or not people["population"]:
        return None
    return rounded(1000 * Fraction(value) / Fraction(people["population"]), 2)


def _told(known: Knowledge) -> Iterable[Row]:
    """What a report prints of a territory alone, under the reference of the figure."""
    for figure in known.figures:
        if (
            figure["edition"].is_newest
            and not figure["indicator_code"]
            and not figure["repeat_of"]
            and figure["value"] is not None
            and figure["territory_level"] in _PROFILED
        ):
            yield dict.fromkeys(_EMPTY) | {
                "territory_level": figure["territory_level"], "territory_code": figure["territory_code"],
                "territory_name": figure["territory_name"], "indicator_code": figure["reference"],
                "indicator_label_fr": figure["label_fr"], "unit": figure["unit"],
                "period_code": figure["period_code"], "value": figure["value"], "qualifier": figure["qualifier"],
                "statement": figure["statement"], "obs_status": figure["obs_status"],
                "dataset": figure["dataset"], "edition": figure["edition_id"],
            }  # fmt: skip


_EMPTY = (
    "previous_period", "previous_value", "change", "rank_in_region", "ranked_territories", "region_value",
    "country_value", "per_1000_inhabitants", "population_edition",
)  # fmt: skip
