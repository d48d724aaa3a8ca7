"""The editions of ``raw/`` and their rows, typed; and the nomenclatures."""

import csv
import hashlib
import re
from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import yaml

Row = dict[str, Any]

SEEDS = Path(__file__).parents[2] / "dbt" / "seeds"
MODELS = SEEDS.parent / "models"
_DECIMALS = {"value", "lower", "upper", "amount_eur", "rounded_to"}
_INTEGERS = {
    "axis", "source_line", "line_order", "level", "year", "measure_order", "lead_source_line", "end_line",
    "participants", "source_row", "version", "threshold_pct", "priority",
}  # fmt: skip
_BOOLEANS = {"is_total", "under_calpae", "adds_up"}
_DATES = {"period_start", "period_end", "held_on", "valid_from", "valid_to", "starts_on", "ends_on"}


@dataclass(frozen=True)
class Edition:
    """An edition: what its sidecar says, its rank among those of its dataset, and its rows."""

    edition_id: str
    dataset: str
    about: Row
    known_from: date
    retrieved_at: date
    content_sha256: str
    rows: tuple[Row, ...]
    rank: int = 0
    is_newest: bool = False

    @property
    def layout(self) -> str:
        return str(self.about["layout"])

    @property
    def report(self) -> str:
        return f"{self.about['publisher']}/{self.about['version_label']}"


def read_editions(raw: Path) -> list[Edition]:
    """Every edition, in publication order within its dataset: date, then retrieval, then content."""
    found = [_read_edition(sidecar) for sidecar in raw.glob("*/*/*/edition.yml")]
    found.sort(key=lambda one: (one.dataset, one.known_from, one.retrieved_at, one.content_sha256))
    last = {_succession(edition): edition.edition_id for edition in found}
    ranks: dict[str, int] = {}
    ranked = []
    for edition in found:
        ranks[edition.dataset] = ranks.get(edition.dataset, 0) + 1
        newest = last[_succession(edition)] == edition.edition_id
        ranked.append(Edition(**{**vars(edition), "rank": ranks[edition.dataset], "is_newest": newest}))
    return ranked


def _succession(edition: Edition) -> tuple[str, str]:
    """Editions of one report follow each other; another year's report of the same family replaces nothing."""
    return edition.dataset, edition.about["version_label"] if "transcribed_from" in edition.about else ""


def _read_edition(sidecar: Path) -> Edition:
    about = yaml.safe_load(sidecar.read_text(encoding="utf-8"))
    rows: list[Row] = []
    digests = []
    for file in about["files"]:
        content = (sidecar.parent / file["name"]).read_bytes()
        digests.append(hashlib.sha256(content).hexdigest())
        rows += typed_rows(content.decode("utf-8"))
    said = about["published"]
    return Edition(
        edition_id="/".join(sidecar.parent.parts[-3:]),
        dataset=f"{about['publisher']}/{about['dataset']}",
        about=about,
        known_from=as_date(said.get("on") or said.get("not_after")),
        retrieved_at=as_date(about["retrieved_at"]),
        content_sha256=hashlib.sha256(("".join(sorted(digests)) + about.get("nonce", "")).encode()).hexdigest(),
        rows=tuple(rows),
    )


def as_date(written: object) -> date:
    return date.fromisoformat(str(written))


def typed_rows(content: str) -> list[Row]:
    """The rows of a CSV text; a blank cell is None."""
    rows = csv.DictReader(content.lstrip("\ufeff").splitlines(keepends=True))
    return [{name: _typed(name, cell) for name, cell in row.items()} for row in rows]


def _typed(name: str, cell: str) -> Any:
    if not cell:
        return None
    if name in _DECIMALS:
        return Decimal(cell)
    if name in _INTEGERS:
        return int(cell)
    if name in _BOOLEANS:
        return {"true": True, "false": False}[cell]
    return date.fromisoformat(cell) if name in _DATES else cell


def seed(name: str) -> list[Row]:
    """A nomenclature of the project."""
    return typed_rows((SEEDS / f"{name}.csv").read_text(encoding="utf-8"))


def period_name(start: date | None, end: date | None) -> str:
    """``2021``, ``2021-Q3``, ``2021-12``, a day, or two days; empty where no period is given."""
    if not start or not end:
        return ""
    if start == end:
        return str(start)
    whole_months = start.day == 1 and end.day == monthrange(end.year, end.month)[1]
    if whole_months and start.year == end.year:
        span = (start.month, end.month)
        names = {(month, month): f"{start.year}-{month:02}" for month in range(1, 13)}
        names |= {(3 * q - 2, 3 * q): f"{start.year}-Q{q}" for q in range(1, 5)}
        names[1, 12] = str(start.year)
        if span in names:
            return names[span]
    return f"{start}/{end}"


_NUMBER = re.compile(
    r"(\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?!\d)|\d+)(?:[.,](\d+))?"
    r"(?:[ \u00a0\u202f]*(Mds?|milliards?|millions?|M|k)(?![a-zà-ÿ]))?"
)
_SCALES = {"M": 6, "k": 3, "Md": 9, "Mds": 9}


def last_printed_unit(text: str | None) -> Decimal | None:
    """What one more in the last place printed is worth: 0.1 for ``16,8 %``, 10 000 for ``6,34 M€``, 1 for a word."""
    if not text:
        return None
    body = re.sub(r"\^(\{\w+\}|\w+)", "", text)
    units = []
    for _, decimals, scale in _NUMBER.findall(body):
        power = _SCALES.get(scale, 9 if scale.startswith("milliard") else 6 if scale else 0)
        units.append(Decimal(1).scaleb(power - len(decimals)))
    if not units:
        return Decimal("0.5") if re.search(r" et demie?$", body) else Decimal(1)
    return max(units)


def relation_files(raw: Path) -> Iterator[tuple[str, list[Row]]]:
    """The relations of each report, with its name."""
    for path in sorted(raw.glob("*/reconciliation/*/relations.csv")):
        yield f"{path.parts[-4]}/{path.parts[-2]}", typed_rows(path.read_text(encoding="utf-8"))


def waivers(raw: Path) -> dict[str, Row]:
    """The entries of the errata register, by relation."""
    entries: list[Row] = []
    for path in raw.glob("*/reconciliation/*/errata.yml"):
        entries += yaml.safe_load(path.read_text(encoding="utf-8")) or []
    return {entry["relation_id"]: entry for entry in entries}


def rounded(value: Decimal | Fraction | None, digits: int) -> Decimal | None:
    """Half away from zero, as a printed table rounds."""
    if value is None:
        return None
    exact = Fraction(value) * 10**digits
    whole = int(abs(exact) + Fraction(1, 2))
    return Decimal(whole if exact >= 0 else -whole).scaleb(-digits)
