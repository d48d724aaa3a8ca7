"""A release is proved to be what was published, down to a bit, or what is not is named; and one can go back."""

import json
import random
import shutil
from pathlib import Path

import pytest

from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.query import open_release, rows_of
from dagster_project.release.kept import releases
from dagster_project.release.rollback import roll_back
from dagster_project.release.verify import verify_release
from dagster_project.settings import Settings
from tests.drills.counts import FLIPS, SEED
from tests.drills.tally import Tally
from tests.release.publishing import publish_stage


def flip_a_bit(path: Path, chance: random.Random) -> None:
    content = bytearray(path.read_bytes())
    at = chance.randrange(len(content))
    content[at] ^= 1 << chance.randrange(8)
    path.chmod(0o644)
    path.write_bytes(content)


def test_a_sound_release_is_proved(published: Settings) -> None:
    said = verify_release(published)
    assert "chacun tel que publié" in said


@pytest.mark.slow
@pytest.mark.drill("Bits retournés dans une version", "`bilan verify` trouve chacun")
def test_every_flipped_bit_is_found(published: Settings, tmp_path: Path, tally: Tally) -> None:
    """`BILAN_FLIPS=1000` for the whole drill."""
    chance = random.Random(SEED)
    release = published.served.resolve().parent
    damaged = Settings(published.raw, tmp_path)
    copy = damaged.releases / release.name
    shutil.copytree(release, copy)
    files = sorted(path for path in copy.rglob("*") if path.is_file() and path.stat().st_size)
    for number in range(FLIPS):
        path = chance.choice(files)
        sound = path.read_bytes()
        flip_a_bit(path, chance)
        with tally.trial(f"bit {number}", path.relative_to(copy)), pytest.raises(RefusedDataError):
            verify_release(damaged, release.name)
        path.write_bytes(sound)
    assert "chacun tel que publié" in verify_release(damaged, release.name)
    tally.settle()


def test_a_file_gone_or_added_is_named(workshop: Settings) -> None:
    release = workshop.served.resolve().parent
    (release / "parquet").chmod(0o755)
    (release / "parquet" / "population.parquet").rename(release / "parquet" / "autre.parquet")
    with pytest.raises(RefusedDataError, match=r"population\.parquet : fichier absent"):
        verify_release(workshop)
    with pytest.raises(RefusedDataError, match=r"autre\.parquet : fichier en trop"):
        verify_release(workshop)


def test_one_goes_back_to_the_release_before_unless_it_is_damaged(workshop: Settings, stage: Path) -> None:
    first = workshop.served.resolve().parent.name
    publish_stage(workshop, stage)
    second = workshop.served.resolve().parent.name
    assert releases(workshop) == [first, second]
    assert f"Version {first} servie à la place de {second}" in roll_back(workshop)
    with open_release(workshop) as marts:
        assert rows_of(marts, "select release_id from marts.release") == [{"release_id": first}]
    latest = json.loads((workshop.warehouse / "LATEST.json").read_text(encoding="utf-8"))
    assert latest["release_id"] == first
    assert (workshop.warehouse / latest["database"]).is_file()
    with pytest.raises(WrongUseError, match="Aucune version n'est gardée avant"):
        roll_back(workshop)
    assert roll_back(workshop, second).startswith(f"Version {second}")

    served = workshop.served.readlink()
    flip_a_bit(workshop.releases / first / "bilan.duckdb", random.Random(1))
    with pytest.raises(RefusedDataError, match="ce n'est plus le fichier publié"):
        roll_back(workshop)
    assert workshop.served.readlink() == served


def test_an_unknown_release_says_which_there_are(published: Settings) -> None:
    with pytest.raises(WrongUseError, match=published.served.resolve().parent.name):
        verify_release(published, "hier")
