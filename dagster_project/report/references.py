"""From a row of a mart to the reference the reconciliation knows its figure by."""

from dagster_project.report.marts import Marts, Row


class References:
    """The figures a report prints, found by what they measure or by the line they stand on."""

    def __init__(self, marts: Marts) -> None:
        self._measured: dict[tuple[str, ...], str] = {}
        self._on_line: dict[tuple[str, ...], str] = {}
        self._reports: set[str] = set()
        for row in marts.table("key_figure", "repeat_of is null"):
            reference = reference_of(row)
            self._reports.add(row["dataset"])
            self._on_line[row["dataset"], str(row["source_line"]), row["period_label"]] = reference
            if row["indicator_code"]:
                measured = (row["dataset"], row["indicator_code"], row["territory_level"], row["territory_code"])
                self._measured[*measured, row["population_group"], row["period_label"]] = reference
                self._measured.setdefault((*measured, row["population_group"], ""), reference)

    def measured(self, row: Row, indicator: str, period: str, period_label: str | None = None) -> str | None:
        """The reference of an observation: a report's own, or the one made of what it measures."""
        level, code, dataset = row["territory_level"], row["territory_code"], row["dataset"]
        if dataset not in self._reports:
            return f"{dataset}:{indicator}:{period}:{level}-{code}"
        measured = (dataset, indicator, level, code, row.get("population_group") or "all")
        return self._measured.get((*measured, period_label or "")) or self._measured.get((*measured, period))

    def on_line(self, row: Row) -> str | None:
        """The reference of a budget line of a year."""
        return self._on_line.get((row["dataset"], str(row["source_line"]), str(row["year"])))


def reference_of(figure: Row) -> str:
    """The reference of a figure a report prints."""
    return f"{figure['report']}:{figure['figure_id']}"
