"""Stage files whose cells were decided on and published: what tests of masking look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.quality.disclosure.audit import Audit, audit
from dagster_project.quality.disclosure.cells import Memory, Told, restricted_cells
from dagster_project.quality.disclosure.protect import Protection, protect
from dagster_project.settings import TERRITORIES
from tests.quality.disclosure.attacker import Attack, Unknown
from tests.quality.disclosure.region import Cell
from tests.quality.disclosure.stage import Edition, publish, views, write_stage

ARIEGE, AUDE, REGION = ("departement", "09"), ("departement", "11"), ("region", "76")
DEPARTEMENTS = ("09", "11", "12", "30", "31", "32", "34", "46", "48", "65", "66", "81", "82")


@dataclass
class Made:
    """A stage file whose cells were decided on and published, and what was decided."""

    path: Path
    protection: Protection

    def status(self, indicator: str, place: tuple[str, str], edition: str = "e0") -> str:
        (status,) = {
            decision.status
            for decision in self.protection.decisions
            if (decision.edition, decision.key[:3]) == (edition, (indicator, *place))
        }
        return status

    def attack(self) -> Attack:
        return Attack(views(self.path))

    def audit(self) -> Audit:
        return audit(self.path, ())

    @property
    def memory(self) -> Memory:
        """What the release keeps of its restricted cells."""
        status = {(decision.edition, decision.key): decision.status for decision in self.protection.decisions}
        return [Told(cell, status[cell.edition, cell.key]) for cell in restricted_cells(self.path)]


def make(
    folder: Path,
    editions: Sequence[Edition],
    open_cells: Sequence[tuple[Cell, int, Decimal]] = (),
    memory: Memory = (),
) -> Made:
    path = folder / f"{len(list(folder.iterdir()))}.duckdb"
    write_stage(path, editions, open_cells)
    protection = protect(path, memory)
    publish(path, TERRITORIES)
    return Made(path, protection)


def tell_what_protects(made: Made) -> None:
    """Publish the cells that are masked to protect another."""
    with duckdb.connect(str(made.path)) as told:
        told.execute(
            "update marts.calpae_indicator_history as history set conf_status = 'F', value = cell.value "
            "from raw.cell as cell where history.conf_status = 'D' and cell.territory_code = history.territory_code "
            "and cell.territory_level = history.territory_level"
        )


def row(values: Sequence[int], indicator: str = "ase_leavers", total: int | None = None) -> list[tuple[Cell, Decimal]]:
    """One indicator for every département of the region, and its total (None: the sum)."""
    cells = [
        ((indicator, "departement", code), Decimal(value)) for code, value in zip(DEPARTEMENTS, values, strict=False)
    ]
    return [*cells, ((indicator, *REGION), Decimal(sum(values) if total is None else total))]


def narrow(attack: Attack, *, read_letters: bool, width: int) -> list[Unknown]:
    return [
        one
        for one, (low, high) in attack.intervals(read_letters=read_letters).items()
        if high - low < (width if attack.letters[one] == "C" else 1)
    ]
