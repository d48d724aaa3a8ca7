"""What is masked of restricted editions: nothing masked can be found, whatever the order and number of editions."""

import os
import random
from collections import Counter
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import RefusedDataError
from dagster_project.quality.disclosure.cells import Told
from dagster_project.quality.disclosure.protect import protect
from dagster_project.quality.disclosure.rules import read_rules
from tests.drills import counts
from tests.quality.disclosure.attacker import SMALL
from tests.quality.disclosure.made import (
    ARIEGE,
    DEPARTEMENTS,
    REGION,
    make,
    narrow,
    row,
)
from tests.quality.disclosure.region import Region
from tests.quality.disclosure.stage import Edition, views, write_stage

# Nothing is refreshed here: never fewer than what once gave cells away.
RELEASES = max(counts.RELEASES, 4)


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
