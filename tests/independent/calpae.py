"""An indicator of the conventions, with the percentage printed of it and the base it stands on, as known on a day."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from tests.independent.archive import Row, rounded
from tests.independent.knowledge import Knowledge


def calpae_rows(found: list[Row], known: Knowledge) -> list[Row]:
    """The table `calpae_indicator_history`, from all that was ever said of these indicators."""
    versions = defaultdict(list)
    for one in found:
        versions[_place(one, one["indicator_code"])].append(one)
    shares = {code: row for code, row in known.indicators.items() if row["numerator_code"]}
    share_of = {row["numerator_code"]: code for code, row in shares.items()}
    rows: list[Row] = []
    for one in found:
        share = shares.get(one["indicator_code"])
        if share and versions[_place(one, share["numerator_code"])]:
            continue
        share_code = share_of.get(one["indicator_code"])
        of_share = versions[_place(one, share_code)] if share_code else []
        of_base = versions[_place(one, shares[share_code]["denominator_code"])] if share_code else []
        rows += _states(one, of_share, of_base)
    return rows


def _states(one: Row, of_share: list[Row], of_base: list[Row]) -> Iterator[Row]:
    """A version of a count, cut at each day the percentage or the base beside it changes."""
    edges = {day for version in (*of_share, *of_base) for day in (version["known_from"], version["known_to"])}
    inside = sorted(day for day in edges - {None} if _is_current(one, day) and day > one["known_from"])
    told: list[tuple[date, str, tuple[Decimal | None, Decimal | None]]] = []
    for day in (one["known_from"], *inside):
        share, base = _current(of_share, day), _current(of_base, day)
        beside = (share["value"] if share else None, base["value"] if base and share else None)
        if not told or beside != told[-1][2]:
            said = next((row for row in (share, base) if row and row["known_from"] == day), one)
            told.append((day, said["edition"], beside))
    ends = [*(day for day, _, _ in told[1:]), one["known_to"]]
    for (day, edition, (printed, denominator)), end in zip(told, ends, strict=True):
        yield one | _beside(one["value"], printed, denominator) | {
            "theme": one["member"], "edition": edition, "known_from": day, "known_to": end,
        }  # fmt: skip


def _beside(value: Decimal | None, printed: Decimal | None, denominator: Decimal | None) -> Row:
    return {
        "value": rounded(value, 1),
        "numerator": rounded(value, 0) if printed is not None else None,
        "denominator": rounded(denominator, 0),
        "implied_denominator": rounded(_in_percent(value, printed), 0),
        "published_pct": rounded(printed, 1),
        "computed_pct": rounded(_in_percent(value, denominator), 2),
        "respondents": None,
    }


def _is_current(version: Row, day: date) -> bool:
    return bool(version["known_from"] <= day and (version["known_to"] is None or day < version["known_to"]))


def _current(versions: Iterable[Row], day: date) -> Row | None:
    return next((version for version in versions if _is_current(version, day)), None)


def _in_percent(value: Decimal | None, base: Decimal | None) -> Fraction | None:
    return 100 * Fraction(value) / Fraction(base) if value is not None and base else None


def _place(one: Row, indicator: str | None) -> tuple[Any, ...]:
    return one["dataset"], one["territory_level"], one["territory_code"], one["period_code"], indicator
