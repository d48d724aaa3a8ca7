"""A figure on a page: its text, and the cell of the mart it is, so that anyone (and a test) can go back to it."""

from dataclasses import dataclass, replace

from markupsafe import Markup

from dagster_project.report import french
from dagster_project.report.checks import UNCHECKED, Check
from dagster_project.report.marts import Row

MASKED = ("C", "D")
_STATUS_MARKS = {"P": "p", "E": "e", "F": "o", "B": "r"}
_LINKED_MARKS = {"gap": ("écart", "gap"), "not_computable": ("sans base", "unsure")}


@dataclass(frozen=True)
class Figure:
    """A number as shown, with the exact value, the mart cell, the status and the verdict behind it."""

    text: str
    raw: str
    mart: str
    key: str
    column: str
    words_before: str = ""
    unit: str = ""
    status: str = "A"
    check: Check = UNCHECKED
    missing: str = ""
    up_to: "Figure | None" = None

    def __html__(self) -> Markup:
        parts = [self.words_before, self._data(), self._unit(), self._status_mark(), self._check_mark()]
        return Markup("").join(part for part in parts if part)

    def _data(self) -> Markup:
        shown = Markup('<span class="none" title="{}">{}</span>').format(self.missing, self.text)
        data = Markup('<data value="{}" data-mart="{}" data-key="{}" data-col="{}">{}</data>').format(
            self.raw, self.mart, self.key, self.column, shown if self.missing else self.text
        )
        return Markup("{} à {}").format(data, self.up_to) if self.up_to else data

    def _unit(self) -> Markup:
        if not self.unit or self.missing:
            return Markup("")
        space = french.THIN_SPACE if self.unit in ("%", "€") else " "
        return Markup('<span class="unit">{}{}</span>').format(space, self.unit)

    def _status_mark(self) -> Markup:
        if self.status not in _STATUS_MARKS:
            return Markup("")
        mark = Markup('<abbr class="st" title="{}">{}</abbr>')
        return mark.format(french.STATUSES[self.status], _STATUS_MARKS[self.status])

    def _check_mark(self) -> Markup:
        return Markup('<span class="mark">{}</span>').format(self._verdict())

    def _verdict(self) -> Markup:
        if self.check.kind in _LINKED_MARKS:
            words, style = _LINKED_MARKS[self.check.kind]
            mark = Markup(' <a class="{}" href="#ecart-{}">{}</a>')
            return mark.format(style, self.check.relations[0]["relation_id"], words)
        if self.check.kind == "proved":
            return Markup('<span class="ok" title="vérifié par recoupement"><span class="vh"> vérifié</span></span>')
        return Markup("")


def figure_of(row: Row, column: str, *, unit: str = "", check: Check = UNCHECKED, at_least: int = 0) -> Figure:
    """The figure a cell of a mart is; a mask, a blank and a range are said, never turned into a number."""
    value = row[column]
    status = row.get("obs_status") or "A"
    if value is not None:
        before = french.QUALIFIERS.get(row.get("qualifier") or "", "")
        text = french.number(french.trimmed(value, at_least))
        unit_words = french.unit_of(unit, value) if unit else ""
        return Figure(
            text, str(value), row.mart, row.key, column, f"{before} " if before else "", unit_words, status, check
        )
    if bounds := _bounds(row, column):
        return _range(row, bounds, french.unit_of(unit) if unit else "", status, check)
    text, missing = _absence(row)
    return Figure(text, "", row.mart, row.key, column, "", "", status, check, missing)


def _absence(row: Row) -> tuple[str, str]:
    """What is shown in place of a number, and why there is none."""
    if row.get("conf_status") in MASKED:
        return "secret", "masqué : secret statistique"
    if row.get("obs_status") == "M":
        return row.get("marker") or "n.d.", "non disponible"
    return "–", "non renseigné par la source"


def _bounds(row: Row, column: str) -> list[str]:
    """The columns of the printed range a value stands for, when there is one."""
    stem, suffix = (column.removesuffix("_pct"), "_pct") if column.endswith("_pct") else (column, "")
    return [name for side in ("lower", "upper") if row.get(name := f"{stem}_{side}{suffix}") is not None]


def _range(row: Row, bounds: list[str], unit: str, status: str, check: Check) -> Figure:
    ends = [
        Figure(french.number(french.trimmed(row[name])), str(row[name]), row.mart, row.key, name) for name in bounds
    ]
    if len(ends) == 2:
        return replace(ends[0], up_to=ends[1], unit=unit, status=status, check=check)
    before = "au moins " if bounds[0].endswith(("_lower", "_lower_pct")) else "au plus "
    return replace(ends[0], words_before=before, unit=unit, status=status, check=check)


def link(href: str, text: str) -> Markup:
    """A link whose address starts at the root of the site; each page puts its own way there before it."""
    return Markup('<a href="@root/{}">{}</a>').format(href, text)
