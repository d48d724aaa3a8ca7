"""Sidecars and registers are written by people: what of them cannot be read is named, whatever it is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.catalogue import load_catalogue
from dagster_project.errors import BilanError
from dagster_project.quality.errata import read_errata
from dagster_project.release.diff.approvals import read_approvals
from dagster_project.seal import seal_edition

UNSIGNED = """- erratum_id: e
  relation_id: r
  reason_fr: x
  status: open
  recorded_on: 2031-01-01
  expect: {verdict: gap}
"""


def seal(raw: Path) -> list[str]:
    return list(seal_edition(raw / "p/d/1"))


@pytest.mark.parametrize(
    ("read", "place", "what"),
    [
        (load_catalogue, "p/d/1/edition.yml", "fiche"),
        (seal, "p/d/1/edition.yml", "fiche"),
        (read_errata, "p/reconciliation/1/errata.yml", "registre"),
        (read_approvals, "approvals/1.yml", "approbation"),
    ],
)
def test_what_is_not_utf8_is_said(read: Callable[[Path], object], place: str, what: str, tmp_path: Path) -> None:
    file = tmp_path / place
    file.parent.mkdir(parents=True)
    file.write_bytes("title: Prime d'activité".encode("latin-1"))
    with pytest.raises(BilanError, match=f"{place} : {what} illisible.*octet 22.*UTF-8"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("12", "registre illisible, une liste d'entrées attendue"),
        ("- 12", "registre illisible, "),
        ("- recorded_on: 2031-02-30", "registre illisible, "),
        (UNSIGNED, "registre illisible, champ « told_fr »"),
    ],
)
def test_a_register_is_a_list_of_entries_that_lack_nothing(written: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "p/reconciliation/1/errata.yml"
    file.parent.mkdir(parents=True)
    file.write_text(written, encoding="utf-8")
    with pytest.raises(BilanError) as refusal:
        read_errata(tmp_path)
    assert str(refusal.value).startswith(f"p/reconciliation/1/errata.yml : {said}")
    assert "champ «  »" not in str(refusal.value)
