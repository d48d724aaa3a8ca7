"""What is known: every cell an edition gives, from when to when it is what its dataset says."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from tests.independent.archive import Edition, Row, last_printed_unit, period_name, read_editions, seed

_NO_PRIORITY = 90
_SAID = ("value", "lower", "upper", "unit", "qualifier", "marker", "obs_status")
_SAID_OF_A_LINE = (
    "amount_eur", "action", "level", "parent_line_code", "is_total", "marker", "instrument", "funder", "signatory_type",
    "signatory_name", "territory_level", "territory_code", "note_fr",
)  # fmt: skip

# A restricted edition without a threshold of its own: that a cell is there is all that is told.
_SHOWN = {"conf_status": "F"}
_MASKED = {
    "conf_status": "C", "value": None, "lower": None, "upper": None, "marker": "c", "obs_status": "M",
    "printed_text": None, "step": None,
}  # fmt: skip


@dataclass
class Knowledge:
    """The archive, read: its editions, the figures reports print, observations and budget lines with their history."""

    editions: list[Edition]
    figures: list[Row] = field(default_factory=list)
    observations: list[Row] = field(default_factory=list)
    lines: list[Row] = field(default_factory=list)
    printed_lines: list[Row] = field(default_factory=list)
    territories: dict[tuple[str, str], Row] = field(default_factory=dict)
    indicators: dict[str, Row] = field(default_factory=dict)
    priorities: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, raw: Path) -> "Knowledge":
        known = cls(read_editions(raw))
        known.territories = {(row["territory_level"], row["territory_code"]): row for row in seed("territories")}
        known.indicators = {row["indicator_code"]: row for row in seed("indicators")}
        known.priorities = {row["publisher"]: row["priority"] for row in seed("publishers")}
        known.figures = [
            known._figure(edition, row) for edition in known.of_layout("report_figures") for row in edition.rows
        ]
        cells = [figure for figure in known.figures if figure["indicator_code"] and not figure["repeat_of"]]
        for edition in known.of_layout("producer_extract"):
            cells += [known._fact(edition, row) for row in edition.rows]
        known.observations = [known._observed(cell) for cell in history(cells, _observed_key, _covered, _SAID)]
        lines = [
            known._placed(edition, row) | {"reference": f"{edition.report}:{row['figure_id']}"}
            for edition in known.of_layout("report_budget_lines")
            for row in edition.rows
        ]
        known.printed_lines = [line for line in lines if line["edition"].is_newest]
        known.lines = history(lines, _line_key, lambda line: (line["year"], line["stage"]), _SAID_OF_A_LINE)
        return known

    def of_layout(self, layout: str) -> list[Edition]:
        return [edition for edition in self.editions if edition.layout == layout]

    def current_rows(self, layout: str) -> Iterable[tuple[Edition, Row]]:
        """The rows of the newest editions of a layout."""
        return ((edition, row) for edition in self.of_layout(layout) if edition.is_newest for row in edition.rows)

    def name_of(self, row: Row) -> str:
        """The official name of a row's territory, or the label printed when it has none."""
        territory = self.territories.get((row["territory_level"], row["territory_code"]))
        return str(territory["territory_name"] if territory else row["territory_label"])

    def departements_of(self, region: str) -> list[Row]:
        return sorted(
            (
                row
                for row in self.territories.values()
                if row["territory_level"] == "departement" and row["region_code"] == region
            ),
            key=lambda row: str(row["territory_code"]),
        )

    def _placed(self, edition: Edition, row: Row) -> Row:
        territory = self.territories.get((row["territory_level"], row["territory_code"]))
        return row | {
            "edition": edition,
            "edition_id": edition.edition_id,
            "dataset": edition.dataset,
            "territory_name": self.name_of(row),
            "own_region": territory["region_code"] if territory else None,
            "step": row.get("rounded_to") or last_printed_unit(row["printed_text"]),
        }

    def _figure(self, edition: Edition, row: Row) -> Row:
        return self._placed(edition, row) | _described(row) | {"reference": f"{edition.report}:{row['figure_id']}"}

    def _fact(self, edition: Edition, row: Row) -> Row:
        rounded = {code: rule["to"] for rule in edition.about.get("rounding", ()) for code in rule["indicators"]}
        described = _described(row)
        named = (row["indicator_code"], described["period_code"], f"{row['territory_level']}-{row['territory_code']}")
        return self._placed(edition, row) | described | {
            "reference": ":".join((edition.dataset, *named)),
            "step": rounded.get(row["indicator_code"]) or last_printed_unit(row["printed_text"]),
            "lower": None,
            "upper": None,
            "qualifier": "exact",
        }  # fmt: skip

    def _observed(self, cell: Row) -> Row:
        edition: Edition = cell["edition"]
        indicator = self.indicators[cell["indicator_code"]]
        publisher = edition.about["publisher"]
        is_open = edition.about["access"] == "open"
        return (
            cell
            | (_SHOWN if is_open else _MASKED)
            | {
                "publisher": publisher,
                "source_priority": self.priorities.get(publisher, _NO_PRIORITY),
                "region_code": cell["own_region"] or edition.about.get("region_code"),
                "breaks": self._breaks_before(cell["indicator_code"], cell["period_start"]),
                "is_printed": edition.layout == "report_figures",
                "subject": indicator["subject"],
                "member": indicator["member"],
                "indicator_label_fr": indicator["label_fr"],
                "nature": indicator["nature"],
            }
        )

    def _breaks_before(self, indicator: str, day: date | None) -> tuple[str, ...]:
        breaks = [row for row in seed("series_breaks") if row["indicator_code"] == indicator]
        return tuple(row["reason_fr"] for row in breaks if day and row["starts_on"] <= day)


def _described(row: Row) -> Row:
    return {
        "population_group": row["population_group"] or "all",
        "period_label": row["period_label"] or "",
        "period_code": period_name(row["period_start"], row["period_end"]),
    }


def _observed_key(cell: Row) -> tuple[Any, ...]:
    names = ("indicator_code", "territory_level", "territory_code", "population_group", "period_code")
    return tuple(cell[name] for name in names)


def _covered(cell: Row) -> tuple[Any, ...]:
    """What an edition that gives this cell undertakes to give; départements are covered a region at a time."""
    place = cell["territory_level"], cell["territory_code"]
    area = cell["own_region"] if cell["territory_level"] == "departement" else place
    return cell["indicator_code"], cell["territory_level"], cell["population_group"], cell["period_code"], area


def _line_key(line: Row) -> tuple[Any, ...]:
    return line["line_code"], line["year"], line["stage"]


def history(
    cells: list[Row],
    key: Callable[[Row], tuple[Any, ...]],
    scope: Callable[[Row], tuple[Any, ...]],
    facts: tuple[str, ...],
) -> list[Row]:
    """The versions of each cell: the row that said it first, with the days it was current.

    Editions are heard in publication order. One that covers the cell's scope without giving it withdraws it; of
    several editions of one day, the last speaks.
    """
    editions: dict[tuple[Any, ...], dict[str, Edition]] = defaultdict(dict)
    given: dict[tuple[Any, ...], dict[str, Row]] = defaultdict(dict)
    scopes: dict[tuple[Any, ...], tuple[Any, ...]] = {}
    for cell in cells:
        edition: Edition = cell["edition"]
        whole_key = (edition.dataset, *key(cell))
        scopes[whole_key] = (edition.dataset, *scope(cell))
        editions[scopes[whole_key]][edition.edition_id] = edition
        given[whole_key][edition.edition_id] = cell

    versions: list[Row] = []
    for whole_key, by_edition in given.items():
        said_before: object = None
        current: Row | None = None
        for edition in sorted(editions[scopes[whole_key]].values(), key=lambda one: one.rank):
            cell_now = by_edition.get(edition.edition_id)
            said = None if cell_now is None else tuple(cell_now[fact] for fact in facts)
            if said == said_before:
                continue
            if current is not None:
                versions.append(current | {"known_to": edition.known_from})
            current = None if cell_now is None else cell_now | {"known_from": edition.known_from, "known_to": None}
            said_before = said
        if current is not None:
            versions.append(current)
    return [version for version in versions if version["known_to"] != version["known_from"]]
