"""Hostile files are refused, at little cost and with a reason, and what waits beside them is filed all the same.

``HOSTILE`` (hostile.py) is the table. What a refusal costs is the processor's time and the peak memory of the process
that reads the file, as the kernel counts them: the clock on the wall is that of a busy machine.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from dagster_project.catalogue import INBOX
from dagster_project.inbox import file_inbox, listing_digest
from dagster_project.query import open_release, rows_of
from dagster_project.readers.deaths import why_it_died
from dagster_project.runner import run_refresh
from dagster_project.seal import seal_edition
from dagster_project.settings import PROJECT, Settings
from tests.drills.hostile import HOSTILE, Hostile
from tests.readers.drees.test_monthly_workbook import invented
from tests.readers.drees.workbook import write

TODAY = date(2031, 5, 1)
MOST_SECONDS, MOST_MEMORY = 2, 256 << 10  # kB, as the kernel counts
READABLE = [one for one in HOSTILE if not one.stops_at_the_inbox]
DATA = PROJECT.parent / "shared" / "data"

# Memory at its peak is inherited over fork: a small process starts the one that is measured.
_MEASURE = """
import json, os, subprocess, sys
child = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
answer, words = child.stdout.read(), child.stderr.read()
_, status, usage = os.wait4(child.pid, 0)
print(json.dumps([os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss,
                  answer.decode(), words.decode(errors="replace")]))
"""


@pytest.mark.drill("Fichiers hostiles", "refusé avec sa raison, en moins de 2 s et de 256 Mo")
@pytest.mark.parametrize("hostile", READABLE, ids=lambda one: one.name)
def test_a_hostile_file_is_refused_quickly_in_little_memory(hostile: Hostile, tmp_path: Path) -> None:
    path = hostile.make(tmp_path)
    measured = subprocess.run(
        [sys.executable, "-c", _MEASURE, sys.executable, "-m", "dagster_project.readers.examine", path, "fichier", ""],
        capture_output=True,
        check=True,
        env={**os.environ, "TMPDIR": str(tmp_path)},
    )
    code, seconds, memory, answer, words = json.loads(measured.stdout)
    refusals = json.loads(answer)["refusals"] if code == 0 else [why_it_died(code, words)]
    assert refusals and re.search(hostile.says, refusals[0])
    assert seconds < MOST_SECONDS
    assert memory < MOST_MEMORY


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A raw/ with nothing but an inbox, and a sound file in it."""
    (tmp_path / INBOX).mkdir()
    write(tmp_path / INBOX / "m.xlsx", invented())
    return tmp_path


def test_a_good_file_among_hostile_ones_is_filed(raw: Path) -> None:
    made = [
        one.make(raw / INBOX) for one in HOSTILE if one.stops_at_the_inbox or one.name in ("empty", "PDF named csv")
    ]
    digest = listing_digest(raw)
    filed = file_inbox(raw, TODAY)
    assert digest
    assert [one.edition for one in filed if one.edition] == ["drees/monthly_benefits/2020-12"]
    assert len(filed) == len(made) + 1
    assert all(os.path.lexists(path) for path in made)
    assert [path.name for path in raw.iterdir() if path.name != INBOX] == ["drees"]
    for one in filed:
        assert all(line.isprintable() for message in one.messages for line in [message.replace("\u202f", "")])
    assert file_inbox(raw, TODAY) == [one for one in filed if not one.edition]


@settings(max_examples=2, deadline=None)
@given(
    names=st.lists(
        st.binary(min_size=1, max_size=255).filter(
            lambda name: not set(b"/\0") & set(name) and not name.startswith((b".", b"~$")) and name != b"README.md"
        ),
        min_size=5,
        max_size=8,
        unique=True,
    )
)
def test_any_name_is_refused_with_its_reason_beside_it(
    names: list[bytes], tmp_path_factory: pytest.TempPathFactory
) -> None:
    raw = tmp_path_factory.mktemp("raw")
    (raw / INBOX).mkdir()
    for name in names:
        (raw / INBOX / os.fsdecode(name)).write_bytes(b"%PDF")
    filed = file_inbox(raw, TODAY)
    assert len(filed) == len(names)
    assert all("PDF" in one.messages[0] and "\n" not in one.messages[0] and one.edition is None for one in filed)
    assert len([*(raw / INBOX).glob("*.refus.txt")]) == len(names)


def test_the_reasons_are_never_written_through_a_link(raw: Path) -> None:
    victim = raw / "victim"
    victim.write_text("intact", encoding="utf-8")
    (raw / INBOX / "a.csv").write_bytes(b"%PDF")
    (raw / INBOX / "a.csv.refus.txt").symlink_to(victim)
    file_inbox(raw, TODAY)
    assert victim.read_text(encoding="utf-8") == "intact"
    assert "PDF" in (raw / INBOX / "a.csv.refus.txt").read_text(encoding="utf-8")


def test_a_file_named_as_the_sidecar_is_filed_under_another_name(raw: Path) -> None:
    (raw / INBOX / "m.xlsx").rename(raw / INBOX / "edition.yml")
    (filed,) = file_inbox(raw, TODAY)
    assert filed.edition
    assert sorted(path.name for path in (raw / filed.edition).iterdir()) == ["edition.yml", "fichier-edition.yml"]


@pytest.mark.parametrize(
    ("cost", "death"),
    [
        ("while True: pass", "temps"),
        ("list(range(10**8))", "mémoire"),
        (
            "import duckdb; duckdb.sql('select list(i) from range(100000000) as t(i)').fetchall()",
            "mémoire",
        ),
    ],
)
def test_the_limits_cut_what_really_costs(cost: str, death: str) -> None:
    code = f"""
from dagster_project.readers.limits import OUT_OF_MEMORY, Allowance, held_to
import os
with held_to(Allowance(memory=100 << 20, seconds=2)):
    try:
        exec({cost!r})
    except OUT_OF_MEMORY:
        print("mémoire")
        os._exit(0)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert death in (ended.stdout if ended.returncode == 0 else why_it_died(ended.returncode, ended.stderr))


def hostile(name: str) -> Hostile:
    return next(one for one in HOSTILE if one.name == name)


@pytest.fixture
def deadly(workshop: Settings, tmp_path: Path) -> Path:
    """An edition put into raw/ by hand, newer than all, which kills whoever reads it."""
    (workshop.raw / INBOX).mkdir(exist_ok=True)
    write(workshop.raw / INBOX / "m.xlsx", invented())
    (filed,) = file_inbox(workshop.raw, TODAY)
    sound = workshop.raw / str(filed.edition)
    folder = sound.with_name("2031-01")
    shutil.copytree(sound, folder)
    (folder / "m.xlsx").unlink()
    hostile("a cell in the last row").make(tmp_path).rename(folder / "m.xlsx")
    sidecar = yaml.safe_load((folder / "edition.yml").read_text(encoding="utf-8"))
    sidecar["published"] = {"on": date(2031, 1, 1)}
    (folder / "edition.yml").write_text(yaml.safe_dump(sidecar, sort_keys=False), encoding="utf-8")
    list(seal_edition(folder))
    return folder


def test_an_edition_that_kills_the_door_is_refused_by_name_and_the_run_goes_on(
    workshop: Settings, deadly: Path
) -> None:
    giant = workshop.raw / INBOX / "geant.csv"
    giant.touch()
    os.truncate(giant, 1 << 43)  # would fill the disk, if it counted as room the run needs
    outcome = run_refresh(workshop, tell=lambda line: None)
    assert "publiée" in outcome.message
    waiting, refusal = outcome.refused
    assert "geant.csv" in waiting
    assert "drees/monthly_benefits/2031-01" in refusal
    assert "mémoire" in refusal or "brisée" in refusal
    with open_release(workshop) as marts:
        guadeloupe = rows_of(marts, "select count(*) as n from marts.beneficiaries where territory_code = '971'")
    assert guadeloupe[0]["n"] > 0


@pytest.mark.skipif(not DATA.exists(), reason="the producers' genuine files are not kept with the project")
@pytest.mark.parametrize(
    "name",
    [
        "drees/Les bénéficiaires de l'aide sociale départementale en 2020.xlsx",  # says it reaches XFD1048576
        "insee_pop/estim-pop-dep-sexe-aq-1975-2020.xls",
        "insee_filosofi/FILO2018_DISP_COM.csv",
    ],
)
def test_the_greediest_genuine_files_pass(name: str) -> None:
    from dagster_project.readers.examine import examine

    (path,) = DATA.glob(f"*/{Path(name).name}")
    examined = examine(path, path.name)
    assert examined.refusals == ()
    assert examined.facts
