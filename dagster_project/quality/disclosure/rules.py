"""What may be told of each restricted dataset: its thresholds (`thresholds.yml`), and how its indicators are linked."""

import csv
from functools import cache
from pathlib import Path
from typing import NamedTuple

import yaml
from pydantic import BaseModel, ConfigDict

from dagster_project.errors import RefusedDataError
from dagster_project.settings import DBT_PROJECT

THRESHOLDS = Path(__file__).with_name("thresholds.yml")
_INDICATORS = DBT_PROJECT / "seeds" / "indicators.csv"


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Rate(NamedTuple):
    """A share: a part in percent of its base."""

    share: str
    part: str
    base: str


class Part(_Strict):
    """A count that is part of another."""

    part: str
    whole: str


class Sum(_Strict):
    """A count that is the sum of others."""

    whole: str
    parts: tuple[str, ...]


class Mean(_Strict):
    """A mean over the units that a count counts."""

    mean: str
    base: str


class Rules(_Strict):
    """The thresholds of one dataset; the width is in units of its counts."""

    min_count: int
    zero_is_sensitive: bool
    protection_width: int
    parts: tuple[Part, ...] = ()
    sums: tuple[Sum, ...] = ()
    means: tuple[Mean, ...] = ()

    @property
    def smallest_masked(self) -> int:
        return 0 if self.zero_is_sensitive else 1

    def is_sensitive(self, count: int) -> bool:
        """Whether a count is too small to be published."""
        return self.smallest_masked <= count < self.min_count

    def width_owed(self, status: str, *, labels_known: bool) -> int:
        """How wide the interval of a masked count must stay: one or more, it is never found exactly.

        An edition can only mask cells of its own: after a revision of a few cells, what was published before may leave
        less than is wished for against somebody who knows the labels.
        """
        return 1 if status == "D" or labels_known else self.protection_width


def read_rules(datasets: frozenset[str], path: Path = THRESHOLDS) -> dict[str, Rules]:
    """The rules of these restricted datasets.

    Raises:
        RefusedDataError: a restricted dataset has no thresholds, so nothing says what may be published of it.
    """
    written = yaml.safe_load(path.read_text(encoding="utf-8"))
    if missing := sorted(datasets - written.keys()):
        raise RefusedDataError(
            "\n".join(
                f"{dataset} : jeu de données d'accès restreint sans seuils de confidentialité ; "
                f"inscrivez-les dans {path.relative_to(path.parents[3])}"
                for dataset in missing
            )
        )
    return {dataset: Rules.model_validate(written[dataset]) for dataset in datasets}


@cache
def counted_indicators() -> frozenset[str]:
    """Those that count something, of which a territory has as many as its parts; thresholds are for them."""
    return frozenset(
        row["indicator_code"] for row in _indicators() if row["adds_up"] == "true" and row["nature"] != "amount"
    )


@cache
def rates() -> tuple[Rate, ...]:
    """The shares whose two members the nomenclature of indicators names."""
    return tuple(
        Rate(row["indicator_code"], row["numerator_code"], row["denominator_code"])
        for row in _indicators()
        if row["numerator_code"] and row["denominator_code"]
    )


@cache
def _indicators() -> tuple[dict[str, str], ...]:
    with _INDICATORS.open(encoding="utf-8") as file:
        return tuple(csv.DictReader(file))
