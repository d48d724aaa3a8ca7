"""The audit finds what masking would have left, in one release or in several."""

from decimal import Decimal
from pathlib import Path

import duckdb

from dagster_project.quality.disclosure.audit import audit
from dagster_project.quality.disclosure.protect import protect
from dagster_project.settings import TERRITORIES
from tests.quality.disclosure.attacker import Attack
from tests.quality.disclosure.made import make, row, tell_what_protects
from tests.quality.disclosure.stage import Edition, publish, views, write_stage


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
