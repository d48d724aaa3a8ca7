"""What releases told of restricted editions cannot be taken back, and what they masked is not given away later."""

import random
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from dagster_project.quality.disclosure.audit import audit
from dagster_project.quality.disclosure.cells import Memory, Told
from dagster_project.quality.disclosure.rules import read_rules
from tests.quality.disclosure.attacker import Attack
from tests.quality.disclosure.made import AUDE, DEPARTEMENTS, Made, make, narrow, row
from tests.quality.disclosure.stage import DATASET, Edition, views


@pytest.mark.parametrize(("repeated", "last"), [("rsa_contract_delay", "F"), ("rsa_contracts_signed_pct", "C")])
def test_what_a_release_told_is_told_by_the_next_ones_as_it_was(tmp_path: Path, repeated: str, last: str) -> None:
    """The same mean, or share, over a base that was enough, then small, then enough: nothing new, nothing else."""
    here = ("departement", "31")
    editions: list[Edition] = []
    for number, (signed, base) in enumerate([(20, 40), (2, 4), (30, 60)]):
        counts_said = [(("rsa_contracts_signed", *here), signed), (("rsa_contracts_signed_base", *here), base)]
        said = [(cell, Decimal(value)) for cell, value in counts_said] + [((repeated, *here), Decimal(50))]
        editions.append((f"e{number}", 2024, said))
    memory: Memory = ()
    for _ in range(3):
        made = make(tmp_path, editions, memory=memory)
        assert [made.status(repeated, here, f"e{number}") for number in range(3)] == ["F", "C", last]
        memory = made.memory
    without_the_first = make(tmp_path, editions[1:], memory=memory)
    assert [without_the_first.status(repeated, here, f"e{number}") for number in (1, 2)] == ["C", last]


def test_what_an_earlier_release_published_cannot_be_taken_back(tmp_path: Path) -> None:
    """The cell that would be masked first was told once: another is."""
    said = [("e0", 2024, row([3, *range(20, 32)]))]
    first = make(tmp_path, said)
    (partner,) = (decision.key for decision in first.protection.decisions if decision.status == "D")
    told = [Told(cell, "F") for cell, _ in first.memory if cell.key == partner]
    second = make(tmp_path, said, memory=told)
    masked = {decision.key for decision in second.protection.decisions if decision.status == "D"}
    assert masked
    assert partner not in masked
    assert second.audit().findings == ()


def test_an_edition_withdrawn_since_was_seen_all_the_same(tmp_path: Path) -> None:
    """The correction of another département repeats the cell that was masked to protect a small count."""
    values = [3, *range(20, 32)]
    first = make(tmp_path, [("e0", 2024, row(values))])
    (partner,) = (decision.key.code for decision in first.protection.decisions if decision.status == "D")
    other = next(at for at, code in enumerate(DEPARTEMENTS) if at and code != partner)
    corrected = [value + 300 * (at == other) for at, value in enumerate(values)]
    only_the_correction: list[Edition] = [("e1", 2024, row(corrected))]
    second = make(tmp_path, only_the_correction, memory=first.memory)
    assert second.status("ase_leavers", ("departement", partner), "e1") == "D"
    assert audit(second.path, [first.path], first.memory).findings == ()


@pytest.mark.parametrize(("before", "after", "status"), [(12, 3, "C"), (3, 12, "F")])
def test_an_edition_filed_again_under_its_name_is_another(tmp_path: Path, before: int, after: int, status: str) -> None:
    """Corrected after it was published: what the first told is not what this one may tell."""
    here = ("departement", "31")
    memory: Memory = ()
    releases = []
    for housed in (before, after):
        said = [(("ase_leavers", *here), Decimal(40)), (("ase_leavers_housed", *here), Decimal(housed))]
        made = make(tmp_path, [("e0", 2024, said)], memory=memory)
        memory = [*memory, *made.memory]
        releases.append(made.path)
    assert made.status("ase_leavers_housed", here) == status
    assert made.protection.refusals == []
    assert audit(releases[1], releases[:1], memory).findings == ()


def late(rng: random.Random, *, with_shares: bool) -> tuple[Edition, Edition]:
    """Two editions that say the same of those housed, one of them small, and not of how many left."""
    left = [rng.randint(40, 90) for _ in DEPARTEMENTS]
    housed = [rng.randint(6, 35) for _ in DEPARTEMENTS]
    small, *revised = rng.sample(range(len(DEPARTEMENTS)), rng.randint(2, 4))
    housed[small] = rng.randint(0, 4)
    left_before = [housed[at] + rng.randint(1, 4) if at in revised else count for at, count in enumerate(left)]

    def edition(name: str, base: Sequence[int]) -> Edition:
        part = row(housed, "ase_leavers_housed")
        shares = [
            (("ase_leavers_housed_pct", level, code), (100 * value / of).quantize(Decimal("0.1"), ROUND_HALF_UP))
            for ((_, level, code), value), (_, of) in zip(part, row(base), strict=True)
        ]
        return name, 2024, [*row(base), *part, *(shares if with_shares else [])]

    return edition("e0", left_before), edition("e1", left)


@pytest.mark.parametrize("with_shares", [False, True], ids=["counts alone", "shares too"])
@pytest.mark.parametrize("seed", range(4))
def test_an_older_edition_that_arrives_late_takes_nothing_back_and_gives_nothing_away(
    tmp_path: Path, seed: int, with_shares: bool
) -> None:
    older, newer = late(random.Random(seed), with_shares=with_shares)
    before = make(tmp_path, [newer])
    after = make(tmp_path, [older, newer], memory=before.memory)
    assert after.protection.refusals == []
    assert audit(after.path, [before.path], before.memory).findings == ()
    # What both editions say is one number, known since under the name of the first that said it.
    *_, today = after_views = views(after.path)
    before_views = [
        {place: shown._replace(edition=today[place].edition) for place, shown in view.items()}
        for view in views(before.path)
    ]
    attack = Attack([*before_views, *after_views])
    assert attack.masked
    for read_letters in (False, True):
        assert not narrow(attack, read_letters=read_letters, width=1 if read_letters else 3)


def test_a_threshold_that_is_lowered_tells_nothing_more_of_what_was_masked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five was masked as too small: told as large enough, it would be known to be five."""
    said: list[Edition] = [("e0", 2024, row([3, 5, *range(20, 31)]))]
    before = _under(6, said, tmp_path, monkeypatch)
    after = _under(5, said, tmp_path, monkeypatch, before.memory)
    assert after.protection.decisions == before.protection.decisions
    assert before.status("ase_leavers", AUDE) == "C"


def _under(least: int, said: Sequence[Edition], folder: Path, patch: pytest.MonkeyPatch, memory: Memory = ()) -> Made:
    """What is masked where counts below `least` are."""
    rules = read_rules(frozenset({DATASET}))[DATASET].model_copy(update={"min_count": least})
    with patch.context() as other:
        other.setattr("dagster_project.quality.disclosure.protect.read_rules", lambda datasets: {DATASET: rules})
        return make(folder, said, memory=memory)
