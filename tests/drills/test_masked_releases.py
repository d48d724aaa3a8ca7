"""A region's restricted answers, revised and published by whole refreshes: who kept every release finds nothing masked.

`BILAN_RELEASES` releases of `Region`'s answers, each dropped in the inbox as a workbook, as people do.
"""

import random
import re
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.calpae_template import write_template
from dagster_project.catalogue import INBOX
from dagster_project.readers.calpae import form
from tests.drills.counts import RELEASES, SEED
from tests.drills.forked import bilan
from tests.drills.miniature import Miniature
from tests.drills.tally import Tally
from tests.end_to_end.test_release_diff import signed
from tests.quality.disclosure.attacker import SMALL, Attack, Place, Unknown
from tests.quality.disclosure.region import REGION, TERRITORIES, Region
from tests.quality.disclosure.stage import DATASET, views
from tests.readers.calpae.filled import Book, Content

_YEAR = 2024
_FIRST_DAY = date(2025, 1, 10)
_FIRST_ROW = form.HEADER_ROW + 1


def _answers(region: Region) -> dict[tuple[str, str], Content]:
    """What the region writes in its workbook, and where."""
    said = {cell: float(value) for cell, value in region.cells()}
    written: dict[tuple[str, str], Content] = {}
    for sheet, questions in form.QUESTIONS.items():
        asked = [(place, question) for place in TERRITORIES for question in questions]
        for row, (place, question) in enumerate(asked, start=_FIRST_ROW):
            for column, code in (("H", question.code), ("I", question.base_code if question.base_is_asked else None)):
                if (value := said.get((code or "", place.level, place.code))) is not None:
                    written[sheet, f"{column}{row}"] = value
    return written


def _drop(project: Miniature, region: Region, day: date, folder: Path) -> None:
    book = Book(write_template(folder / "modele.xlsx", level="region", code=REGION, year=_YEAR))
    book.write(_answers(region))
    book.write({(form.IDENTIFICATION, "B8"): "Camille Exemple", (form.IDENTIFICATION, "B11"): day})
    book.save(project.settings.raw / INBOX / f"calpae-{day}.xlsx")


def _publish(project: Miniature) -> None:
    """Refresh, and sign what waits for a signature: a small count that moves by three moves by half."""
    code, said = bilan(project, "refresh")
    if code == 3 and (entry := re.search(r"^- approval_id: .*\n(?:[ -].*\n)*", said, re.MULTILINE)):
        approvals = project.settings.raw / "approvals"
        approvals.mkdir(exist_ok=True)
        path = approvals / f"{len(list(approvals.iterdir()))}.yml"
        path.write_text(signed(entry[0]), encoding="utf-8")
        code, said = bilan(project, "refresh")
    assert code == 0, said


def _shares(database: Path) -> dict[Unknown, Decimal]:
    """The percentages shown beside counts that are not."""
    with duckdb.connect(str(database), read_only=True) as connection:
        rows = connection.execute(
            "select indicator_code, territory_level, territory_code, year, edition, published_pct "
            "from marts.calpae_indicator_history where dataset = ? and published_pct is not null",
            [DATASET],
        ).fetchall()
    return {(Place(*row[:4]), row[4]): row[5] for row in rows}


def _truth(project: Miniature) -> dict[Unknown, int]:
    """What those entitled read in the internal file of the release served."""
    release = project.settings.served.resolve().parent.name
    cells = duckdb.read_parquet(str(project.settings.internal / release / "*.parquet"))
    columns = "indicator_code, territory_level, territory_code, edition, value"
    return {
        (Place(code, level, territory, _YEAR), edition): int(value)
        for code, level, territory, edition, value in cells.filter("value is not null").select(columns).fetchall()
    }


@pytest.mark.slow
@pytest.mark.drill(
    "Secret statistique, par des actualisations entières",
    "qui a gardé toutes les versions ne retrouve aucune cellule masquée, ni ne l'encadre de trop près",
)
def test_who_kept_every_release_finds_nothing_masked(miniature: Miniature, tmp_path: Path, tally: Tally) -> None:
    project = miniature.copied_to(tmp_path)
    region = Region(_YEAR, random.Random(SEED))
    for number in range(RELEASES):
        _drop(project, region, _FIRST_DAY + timedelta(days=number), tmp_path)
        _publish(project)
        region.revise(6)

    kept = sorted(project.settings.releases.glob("*/bilan.duckdb"))[-RELEASES:]
    shares = {one: share for database in kept for one, share in _shares(database).items()}
    seen = {frozenset(view.items()): view for database in kept for view in views(database)}
    attack = Attack(list(seen.values()), shares)
    assert attack.masked
    truth = _truth(project)
    for read_letters in (False, True):
        for one, (low, high) in attack.intervals(read_letters=read_letters).items():
            with tally.trial(*one[0], one[1], "lettres lues" if read_letters else "lettres ignorées"):
                least = SMALL - 2 if attack.letters[one] == "C" and not read_letters else 1
                assert high - low >= least, f"entre {low} et {high}"
                assert low <= truth[one] <= high, f"l'attaquant se trompe : entre {low} et {high}"
    tally.settle()
