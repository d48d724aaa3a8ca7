"""A restricted edition is read and checked; what is masked of it is in no table, no manifest and no history."""

import hashlib
import json
import re
import stat
from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import duckdb
import pytest

from dagster_project.calpae_template import write_template
from dagster_project.catalogue import INBOX
from dagster_project.errors import RefusedDataError
from dagster_project.hashing import file_sha256
from dagster_project.inbox import file_inbox
from dagster_project.quality.disclosure import suppression
from dagster_project.query import open_release, rows_of
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings
from tests.readers.calpae.filled import Book, Content
from tests.readers.calpae.test_workbook import ASE, PERSON, VALUES, WHO

# Two of the 71,323 who are not: the number masked for them is found nowhere else. Another is small itself.
BASE, SECRET, SMALL = 71_323, 71_321, 3
# As a number of its own: the same digits come up in fractions of a second and in digests.
WRITTEN = re.compile(rb"(?<![0-9a-f])%d(?![0-9a-f])" % SECRET)
HOUSED, RESOURCES = "ase_leavers_housed", "ase_leavers_resources"


def drop(settings: Settings, folder: Path, beside: Mapping[str, Content] | None = None) -> None:
    """A département's workbook, dropped as a person would."""
    book = Book(write_template(folder / "modele.xlsx", level="departement", code="31", year=2024))
    answers = VALUES | {ASE: {**VALUES[ASE], "H6": BASE, "H9": SECRET, "H10": SMALL, **(beside or {})}}
    book.write({(sheet, at): value for sheet, cells in answers.items() for at, value in cells.items()})
    book.write({(WHO, at): value for at, value in PERSON.items()})
    (settings.raw / INBOX).mkdir(exist_ok=True)
    book.save(settings.raw / INBOX / "calpae-31.xlsx")


def files_of(*folders: Path) -> Iterator[Path]:
    for folder in folders:
        yield from (path for path in folder.rglob("*") if path.is_file())


def test_what_is_masked_is_nowhere_but_in_the_internal_file(workshop: Settings, tmp_path: Path) -> None:
    with open_release(workshop) as marts:
        before = rows_of(marts, "select * from marts.calpae_indicator order by all")
    drop(workshop, tmp_path)
    outcome = run_refresh(workshop, tell=lambda line: None)
    assert not outcome.refused

    with open_release(workshop) as marts:
        shown = {
            row["indicator_code"]: row
            for row in rows_of(marts, "select * from marts.calpae_indicator where territory_code = '31'")
        }
        tables = [row["table_name"] for row in rows_of(marts, "select table_name from duckdb_tables()")]
        for table in tables:
            found = rows_of(marts, f"select count(*) as n from marts.{table} as t where t::varchar like '%{SECRET}%'")
            assert found[0]["n"] == 0, table
        after = rows_of(marts, "select * from marts.calpae_indicator where territory_code <> '31' order by all")
        notes = rows_of(marts, "select * from marts.edition_note where edition like 'calpae/%'")
        editions = rows_of(marts, "select * from marts.edition")
        counted = rows_of(marts, "select indicator_code from marts.revision where dataset like 'calpae/%'")
    assert shown["ase_leavers"]["value"] == BASE
    assert {shown[code]["conf_status"] for code in (HOUSED, RESOURCES)} == {"C", "D"}
    for code in (HOUSED, RESOURCES):
        for column in ("value", "numerator", "published_pct", "computed_pct", "implied_denominator"):
            assert shown[code][column] is None, (code, column)
        assert shown[code]["obs_status"] == "M"
    assert after == before, "nothing of the public report is masked"
    assert notes == []
    assert {row["indicator_code"] for row in counted}.isdisjoint({HOUSED, RESOURCES, f"{HOUSED}_pct"}), (
        "a share is not given where nobody left: that it was counted says that somebody did"
    )

    release = workshop.served.resolve().parent
    (archived,) = workshop.raw.glob("calpae/indicators/*/*.xlsx")
    hashed = file_sha256(archived)
    manifest = (release / "manifest.json").read_text(encoding="utf-8")
    for guessed in (hashed, hashlib.sha256(hashed.encode()).hexdigest()):
        assert guessed not in manifest + str(editions)
    checks = json.loads(manifest)["checks"]
    (entered,) = (report for report in checks["door"] if report["edition_id"].startswith("calpae/"))
    assert {name for name, told in entered.items() if told} == {"edition_id", "accepted"}
    for path in files_of(release, workshop.history):
        if path.suffix not in (".duckdb", ".parquet"):
            assert not WRITTEN.search(path.read_bytes()), path

    (internal,) = workshop.internal.iterdir()
    (cells,) = internal.iterdir()
    assert internal.name == release.name
    assert [stat.S_IMODE(path.stat().st_mode) for path in (workshop.internal, internal, cells)] == [0o700, 0o700, 0o600]
    known = duckdb.execute(
        f"select indicator_code, value::integer, conf_status from '{cells}' "
        "where indicator_code in (?, ?) order by all",
        [HOUSED, RESOURCES],
    ).fetchall()
    assert known == [(HOUSED, SECRET, "D"), (RESOURCES, SMALL, "C")]


def test_a_refused_workbook_is_explained_to_those_who_can_read_it(workshop: Settings, tmp_path: Path) -> None:
    """The reasons quote the cells: beside the file, and nowhere else."""
    drop(workshop, tmp_path, {"H9": f"{SECRET} jeunes", "H8": BASE + 1})
    dropped = workshop.raw / INBOX / "calpae-31.xlsx"
    dropped.chmod(0o640)
    for _ in ("read", "known"):
        outcome = run_refresh(workshop, force=True, tell=lambda line: None)
        assert outcome.refused == [
            "calpae-31.xlsx : 2 défauts, d'accès restreint comme le fichier : voir inbox/calpae-31.xlsx.refus.txt."
        ]
        note = dropped.with_name("calpae-31.xlsx.refus.txt")
        assert f"{SECRET} jeunes" in note.read_text(encoding="utf-8")
        assert stat.S_IMODE(note.stat().st_mode) == 0o640
        for path in files_of(workshop.warehouse):
            if path.suffix not in (".duckdb", ".parquet"):
                assert not WRITTEN.search(path.read_bytes()), path


def test_an_archived_workbook_is_for_its_owner(workshop: Settings, tmp_path: Path) -> None:
    drop(workshop, tmp_path)
    (filed,) = file_inbox(workshop.raw, date(2031, 5, 1))
    folder = workshop.raw / str(filed.edition)
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_tables_that_give_a_masked_cell_away_are_not_published(
    workshop: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Primary suppression alone, with a whole region's answers: the total and the others give the small count."""
    book = Book(write_template(tmp_path / "modele.xlsx", level="region", code="76", year=2024))
    answers = {ASE: {f"H{row}": 60 for row in range(6, 6 + 6 * 13, 6)}}
    answers[ASE] |= {"H6": SMALL, f"H{6 + 6 * 16}": 60 * 12 + SMALL}
    book.write({(sheet, at): value for sheet, cells in answers.items() for at, value in cells.items()})
    book.write({(WHO, at): value for at, value in PERSON.items()})
    (workshop.raw / INBOX).mkdir(exist_ok=True)
    book.save(workshop.raw / INBOX / "calpae-76.xlsx")
    monkeypatch.setattr(suppression, "secure", lambda quantities, equations: [])
    served = workshop.served.resolve()
    with pytest.raises(RefusedDataError) as refusal:
        run_refresh(workshop, tell=lambda line: None)
    found = "ase_leavers, departement 09, 2024-01-01 : cellule masquée retrouvée exactement par le calcul"
    assert str(refusal.value).splitlines() == [found, f"{found} et les signes C et D"], "never the value"
    assert workshop.served.resolve() == served
    assert not workshop.internal.exists()
