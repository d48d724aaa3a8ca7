"""What is masked of restricted editions: nothing masked can be found, whatever the order and number of editions."""

import os
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import RefusedDataError
from dagster_project.quality.disclosure.audit import Audit, audit
from dagster_project.quality.disclosure.cells import Memory, Told, restricted_cells
from dagster_project.quality.disclosure.protect import Protection, protect
from dagster_project.quality.disclosure.rules import read_rules
from dagster_project.settings import TERRITORIES
from tests.drills import counts
from tests.quality.disclosure.attacker import SMALL, Attack, Unknown
from tests.quality.disclosure.region import Cell, Region
from tests.quality.disclosure.stage import DATASET, Edition, publish, views, write_stage

# Nothing is refreshed here: never fewer than what once gave cells away.
RELEASES = max(counts.RELEASES, 4)
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


def test_a_small_count_takes_another_cell_with_it(tmp_path: Path) -> None:
    made = make(tmp_path, [("e0", 2024, row([3, *range(20, 32)]))])
    assert made.status("ase_leavers", ARIEGE) == "C"
    assert Counter(decision.status for decision in made.protection.decisions) == {"F": 12, "C": 1, "D": 1}
    assert made.status("ase_leavers", REGION) == "F", "readers need the total most"
    assert made.audit().findings == ()


def test_zero_is_masked_where_it_is_declared_sensitive(tmp_path: Path) -> None:
    made = make(tmp_path, [("e0", 2024, row([0, *range(20, 32)]))])
    assert made.status("ase_leavers", ARIEGE) == "C"


def test_without_a_small_count_nothing_is_masked(tmp_path: Path) -> None:
    made = make(tmp_path, [("e0", 2024, row(range(20, 33)))])
    assert made.protection.count("F") == 14


def test_a_share_goes_with_its_part_and_a_mean_with_its_base(tmp_path: Path) -> None:
    here = ("departement", "31")
    said: dict[str, Decimal | int] = {"rsa_contracts_signed": 3, "rsa_contracts_signed_base": 40}
    said |= {"rsa_contracts_signed_pct": Decimal("7.5")}
    said |= {"rsa_contract_delay": Decimal("31.5"), "rsa_new_recipients": 400}
    said |= {"rsa_new_recipients_supported": 2, "rsa_new_recipients_supported_pct": Decimal("0.5")}
    made = make(tmp_path, [("e0", 2024, [((code, *here), Decimal(value)) for code, value in said.items()])])
    for masked in ("rsa_contracts_signed_pct", "rsa_contract_delay", "rsa_new_recipients_supported_pct"):
        assert made.status(masked, here) == "C", masked
    assert made.status("rsa_new_recipients", here) == "F"


def test_a_mean_repeated_goes_with_its_base_when_the_base_becomes_small(tmp_path: Path) -> None:
    here = ("departement", "31")
    delay = (("rsa_contract_delay", *here), Decimal("31.5"))
    signed = [[(("rsa_contracts_signed", *here), Decimal(count)), delay] for count in (12, 3, 14)]
    made = make(tmp_path, [(f"e{number}", 2024, said) for number, said in enumerate(signed)])
    assert [made.status("rsa_contract_delay", here, f"e{number}") for number in range(3)] == ["F", "C", "F"]
    shown = [view[place].value for view in views(made.path) for place in view if place.indicator == delay[0][0]]
    assert shown == [delay[1], None, delay[1]]


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


def test_all_but_a_few_of_a_base_says_who_the_few_are_not(tmp_path: Path) -> None:
    """Of 40 young people, 38 housed: two are not, and a count of two is not told."""
    here = ("departement", "31")
    said = [(("ase_leavers", *here), Decimal(40)), (("ase_leavers_housed", *here), Decimal(38))]
    made = make(tmp_path, [("e0", 2024, said)])
    assert {made.status(code, here) for code in ("ase_leavers", "ase_leavers_housed")} == {"F", "D"}


def test_a_marker_is_told(tmp_path: Path) -> None:
    made = make(tmp_path, [("e0", 2024, [(("ase_leavers", *ARIEGE), None)])])
    assert made.status("ase_leavers", ARIEGE) == "F"


@pytest.mark.parametrize(("signed", "status"), [(0, "C"), (3, "C"), (12, "F")])
def test_a_marker_in_place_of_a_mean_goes_with_its_base(tmp_path: Path, signed: int, status: str) -> None:
    """No contract, no delay: a marker that is told beside a small count would say that it is zero."""
    here = ("departement", "31")
    said = [(("rsa_contracts_signed", *here), Decimal(signed)), (("rsa_contract_delay", *here), None)]
    assert make(tmp_path, [("e0", 2024, said)]).status("rsa_contract_delay", here) == status


def test_what_a_report_printed_is_known_to_the_attacker_and_never_masked(tmp_path: Path) -> None:
    """The report prints the total: the workbook that lacks one département may not tell the eleven others in full."""
    values = [30] * 12
    printed = [(("ase_leavers", *REGION), 2024, Decimal(sum(values) + 3))]
    made = make(tmp_path, [("e0", 2024, row(values, total=sum(values) + 3))], printed)
    assert made.status("ase_leavers", REGION) == "F"
    assert made.protection.count("D") >= 1, "the thirteenth would be known to be three"


def test_a_total_that_a_report_may_print_later_is_reckoned_with(tmp_path: Path) -> None:
    departements_only = row([3, *range(20, 32)])[:-1]
    before = make(tmp_path, [("e0", 2024, departements_only)])
    total = sum(int(value) for _, value in departements_only)
    after = make(tmp_path, [("e0", 2024, departements_only)], [(("ase_leavers", *REGION), 2024, Decimal(total))])
    assert before.protection.decisions == after.protection.decisions
    assert after.audit().findings == ()


def test_a_value_that_an_edition_repeats_keeps_its_status(tmp_path: Path) -> None:
    first, second = row([3, *range(20, 32)]), row([3, *range(20, 31), 40])
    made = make(tmp_path, [("e0", 2024, first), ("e1", 2024, second)])
    for code in DEPARTEMENTS[:-1]:
        place = ("departement", code)
        assert made.status("ase_leavers", place, "e0") == made.status("ase_leavers", place, "e1")
    assert not narrow(made.attack(), read_letters=True, width=1)


def test_editions_published_before_are_decided_the_same_whatever_comes_after(tmp_path: Path) -> None:
    editions = [("e0", 2024, row([3, *range(20, 32)])), ("e1", 2024, row([3, 2, *range(21, 32)]))]
    alone, both = make(tmp_path, editions[:1]), make(tmp_path, editions)
    assert alone.protection.decisions == both.protection.decisions[: len(alone.protection.decisions)]


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


def test_a_cell_that_no_mask_can_protect_is_named_without_its_value(tmp_path: Path) -> None:
    """Everything else was told by a release before: the total gives the small count away."""
    said: list[Edition] = [("e0", 2024, row([3, *range(20, 32)]))]
    first = make(tmp_path, said)
    told = [Told(cell, status if cell.value == 3 else "F") for cell, status in first.memory]
    second = make(tmp_path, said, memory=told)
    (refusal,) = second.protection.refusals
    assert refusal.startswith("ase_leavers, departement 09, 2024 : cellule à masquer")
    assert first.protection.refusals == []


def test_a_rest_that_no_mask_can_hide_is_named_by_its_total(tmp_path: Path) -> None:
    """All parts were told by a release before; the total printed since says that three did not answer."""
    said: list[Edition] = [("e0", 2024, row([30] * 12)[:-1])]
    told = [Told(cell, "F") for cell, _ in make(tmp_path, said).memory]
    printed = [(("ase_leavers", *REGION), 2024, Decimal(12 * 30 + 3))]
    (refusal,) = make(tmp_path, said, printed, told).protection.refusals
    assert refusal.startswith("ase_leavers, region 76, 2024 : ce que le total compte hors de ses parties")


def test_a_rest_that_open_figures_give_is_nobody_s_secret(tmp_path: Path) -> None:
    """A report prints a total and all départements but one; a département's answer says the same of itself."""
    printed = [(cell, 2024, value) for cell, value in row([30] * 12, total=12 * 30 + 3)]
    for said in (("ase_leavers", *ARIEGE), Decimal(30)), (("ase_leavers", "epci", "243100518"), Decimal(12)):
        made = make(tmp_path, [("e0", 2024, [said])], printed)
        assert made.protection.refusals == []
        assert made.audit().findings == ()


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


def test_the_audit_knows_a_number_that_an_older_edition_says_too(tmp_path: Path) -> None:
    """A release masks one cell beside the small one; the next, with an edition come late, another."""
    said = row([3, *range(20, 32)])
    older, newer = ("e0", 2024, said), ("e1", 2024, [*said, *row(range(20, 33), "rsa_new_recipients")])
    before, after = make(tmp_path, [newer]), make(tmp_path, [older, newer])
    tell_what_protects(after)
    with duckdb.connect(str(after.path)) as masked:
        masked.execute(
            "update marts.calpae_indicator_history set conf_status = 'D', value = null where territory_code = '81' "
            "and indicator_code = 'ase_leavers'"
        )
    assert before.status("ase_leavers", ("departement", "81"), "e1") == "F"
    (finding, *_) = audit(after.path, [before.path], before.memory).findings
    assert (finding.code, finding.exactly) == ("09", True)


def test_the_audit_attacks_what_only_earlier_releases_tell(tmp_path: Path) -> None:
    first = make(tmp_path, [("e0", 2024, row([3, *range(20, 32)]))])
    tell_what_protects(first)
    second = make(tmp_path, [("e1", 2023, row(range(20, 33)))])
    (finding, *_) = audit(second.path, [first.path], first.memory).findings
    assert (finding.code, finding.exactly) == ("09", True)


def test_the_audit_knows_that_counts_are_whole(tmp_path: Path) -> None:
    """29.7 % of 1,010: between 299.5 and 300.5, there is one whole number."""
    here = ("departement", "31")
    said: dict[str, Decimal | int] = {
        "rsa_contracts_signed": 300,
        "rsa_contracts_signed_base": 1010,
        "rsa_contracts_signed_pct": Decimal("29.7"),
    }
    path = tmp_path / "shares.duckdb"
    write_stage(path, [("e0", 2024, [((code, *here), Decimal(value)) for code, value in said.items()])])
    protect(path)
    with duckdb.connect(str(path)) as stage:
        stage.execute("update raw.cell_protection set conf_status = 'D' where indicator_code = 'rsa_contracts_signed'")
    publish(path, TERRITORIES)
    assert {(finding.indicator, finding.exactly) for finding in audit(path, ()).findings} == {
        ("rsa_contracts_signed", True)
    }


def test_a_metropole_counted_beside_its_departement_is_a_member_of_the_total(tmp_path: Path) -> None:
    values = list(range(20, 33))
    cells = row(values, total=sum(values) + 3)
    made = make(tmp_path, [("e0", 2024, [*cells, (("ase_leavers", "epci", "243100518"), Decimal(3))])])
    assert made.status("ase_leavers", ("epci", "243100518")) == "C"
    assert made.protection.count("D") == 1
    assert made.audit().findings == ()


def test_a_metropole_inside_its_departement_leaves_a_rest_that_is_protected(tmp_path: Path) -> None:
    """Haute-Garonne 24, of which 21 in Toulouse: the three others are too few to be told."""
    cells = row([30, 31, 32, 33, 24, *range(40, 48)])
    made = make(tmp_path, [("e0", 2024, [*cells, (("ase_leavers", "epci", "243100518"), Decimal(21))])])
    statuses = {made.status("ase_leavers", place) for place in (("epci", "243100518"), ("departement", "31"))}
    assert "D" in statuses


def test_a_restricted_dataset_without_thresholds_is_refused() -> None:
    with pytest.raises(RefusedDataError, match="caf/extract : jeu de données d'accès restreint sans seuils"):
        read_rules(frozenset({"caf/extract"}))


def test_an_amount_is_masked_whole(tmp_path: Path) -> None:
    """Two households, 1,214.80 EUR: no threshold of counts is for euros."""
    here = ("departement", "31")
    said = [(("cnaf_rsa_households", *here), Decimal(40)), (("cnaf_rsa_amount", *here), Decimal("1214.80"))]
    made = make(tmp_path, [("e0", 2024, said)])
    assert {made.status(code, here) for code in ("cnaf_rsa_households", "cnaf_rsa_amount")} == {"F", "C"}


def test_an_edition_by_population_groups_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "groups.duckdb"
    write_stage(path, [("e0", 2024, row(range(20, 33)))])
    with duckdb.connect(str(path)) as stage:
        stage.execute("update raw.cell set population_group = 'under_25' where territory_code = '09'")
    with pytest.raises(RefusedDataError, match=r"^e0 : édition d.accès restreint par groupes"):
        protect(path)


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


def test_no_restricted_edition_loads_nothing(tmp_path: Path) -> None:
    path = tmp_path / "open.duckdb"
    write_stage(path, [])
    assert protect(path).decisions == []


@pytest.mark.slow
@pytest.mark.drill(
    "Secret statistique", "aucune cellule masquée n'est retrouvée, ni encadrée de trop près, en douze versions"
)
@pytest.mark.parametrize("seed", range(2, 2 + int(os.environ.get("BILAN_REGIONS", "2"))))
def test_nothing_masked_is_found_over_the_releases(tmp_path: Path, seed: int) -> None:
    """The drill: random answers of a region, revised from edition to edition, attacked with all that was ever shown.

    Region 3 over four releases once gave five cells away: a whole percentage, beside a base revised since.
    """
    rng = random.Random(seed)
    region = Region(2024, rng, sizes=((60, 400, 3000), (4, 12, 60, 400))[seed % 2])
    editions: list[Edition] = []
    for number in range(RELEASES):
        editions.append((f"e{number:02}", 2024, list(region.cells())))
        region.revise(6)
    made = make(tmp_path, editions)
    attack = made.attack()
    assert attack.masked
    for read_letters in (False, True):
        assert not narrow(attack, read_letters=read_letters, width=1 if read_letters else 3), (seed, read_letters)
    assert made.audit().findings == ()
    assert all(
        value >= SMALL
        for (place, _), value in attack.known.items()
        if not place.indicator.endswith("_pct") and place.indicator != "rsa_contract_delay"
    )


def test_the_audit_finds_what_primary_suppression_alone_leaves(tmp_path: Path) -> None:
    said = [
        *row(range(60, 73)),
        *row([3, *range(40, 52)], "ase_leavers_supported"),
        *row([2, 4, *range(21, 32)], "ase_leavers_pathway"),
        *row([*range(20, 32), 1], "ase_leavers_housed"),
    ]
    path = tmp_path / "primary_only.duckdb"
    write_stage(path, [("e0", 2024, said)])
    protect(path)
    with duckdb.connect(str(path)) as stage:
        stage.execute("update raw.cell_protection set conf_status = 'F' where conf_status = 'D'")
    publish(path, TERRITORIES)
    found = audit(path, ())
    exactly = {one for one, (low, high) in Attack(views(path)).intervals(read_letters=False).items() if low == high}
    assert len(exactly) == 2
    told = {(finding.indicator, finding.code) for finding in found.findings if finding.exactly}
    assert {(place.indicator, place.code) for place, _ in exactly} <= told
    for finding in found.findings:
        assert "retrouvée" in finding.message or "encadrée" in finding.message


def test_the_audit_remembers_what_earlier_releases_told(tmp_path: Path) -> None:
    """The cell masked today to protect another was told by an earlier release: it gives the small count away."""
    said: list[Edition] = [("e0", 2024, row([3, *range(20, 32)]))]
    earlier, today = make(tmp_path, said), make(tmp_path, said)
    tell_what_protects(earlier)
    assert audit(today.path, ()).findings == ()
    (finding, *_) = audit(today.path, [earlier.path]).findings
    assert (finding.code, finding.exactly) == ("09", True)
