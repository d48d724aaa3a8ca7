"""Sidecars: every way a folder and its description can disagree is named."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from dagster_project.catalogue import load_catalogue
from dagster_project.errors import RefusedDataError
from dagster_project.seal import seal_edition
from dagster_project.settings import PROJECT

EDITION = Path("drees/monthly_benefits/2020-12")


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    shutil.copytree(PROJECT / "raw", tmp_path / "raw")
    return tmp_path / "raw"


def refusal(raw: Path) -> str:
    with pytest.raises(RefusedDataError) as refused:
        load_catalogue(raw)
    return str(refused.value)


def test_editions_come_in_publication_order(raw: Path) -> None:
    filosofi = next(dataset for dataset in load_catalogue(raw) if dataset.name == "insee/filosofi")
    assert [edition.label for edition in filosofi.editions] == ["2019", "2021"]


def test_an_unknown_publication_date_is_a_bound(raw: Path) -> None:
    (benefits, *_) = load_catalogue(raw)
    published = benefits.editions[0].sidecar.published
    assert (published.on, published.known_from) == (None, date(2021, 1, 31))


def test_a_changed_file_is_refused_by_name(raw: Path) -> None:
    file = raw / EDITION / "occitanie.csv"
    file.write_bytes(file.read_bytes().replace(b"30430", b"30431"))
    assert f"{EDITION}/occitanie.csv : le fichier n'est pas celui de la fiche" in refusal(raw)


def test_a_missing_and_an_unlisted_file_are_refused_by_name(raw: Path) -> None:
    (raw / EDITION / "occitanie.csv").rename(raw / EDITION / "autre.csv")
    message = refusal(raw)
    assert f"{EDITION}/occitanie.csv : fichier annoncé par la fiche mais introuvable" in message
    assert f"{EDITION}/autre.csv : fichier absent de la fiche" in message


def test_what_an_office_suite_leaves_beside_an_open_file_is_neither_a_defect_nor_sealed(raw: Path) -> None:
    (raw / EDITION / ".~lock.occitanie.csv#").touch()
    assert load_catalogue(raw)
    assert [line.partition(" : ")[0] for line in seal_edition(raw / EDITION)] == ["occitanie.csv"]


def test_files_without_a_sidecar_are_not_passed_over(raw: Path) -> None:
    folder = raw / "drees/monthly_benefits/2021-04"
    folder.mkdir()
    (folder / "README.md").touch()
    assert load_catalogue(raw)
    (folder / "occitanie.csv").touch()
    assert "drees/monthly_benefits/2021-04 : des fichiers, mais pas de fiche edition.yml" in refusal(raw)


def test_a_sidecar_of_another_folder_is_refused(raw: Path) -> None:
    shutil.move(raw / EDITION, raw / "drees" / "other" / "2020-12")
    assert "la fiche décrit drees/monthly_benefits, le dossier dit drees/other" in refusal(raw)


@pytest.mark.parametrize(
    ("before", "after", "field"),
    [
        ("access: open", "access: public", "access"),
        ("retrieved_at:", "recuperee_le:", "retrieved_at"),
        ("  basis: ", "  fondement: ", "published"),
    ],
)
def test_an_unreadable_sidecar_names_the_field(raw: Path, before: str, after: str, field: str) -> None:
    sidecar = raw / EDITION / "edition.yml"
    sidecar.write_text(sidecar.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")
    assert f"fiche illisible : champ « {field}" in refusal(raw)


def test_an_empty_folder_says_what_is_expected(tmp_path: Path) -> None:
    assert "aucune édition" in refusal(tmp_path)


def test_a_restricted_edition_has_a_nonce_that_sealing_writes_once(raw: Path) -> None:
    folder = raw / EDITION
    sidecar = folder / "edition.yml"
    text = sidecar.read_text(encoding="utf-8")
    sidecar.write_text(text.replace("access: open", "access: restricted"), encoding="utf-8")
    assert f"{EDITION}/edition.yml : édition d'accès restreint sans « nonce »" in refusal(raw)
    assert "nonce : écrit" in list(seal_edition(folder))
    sealed = sidecar.read_text(encoding="utf-8")
    assert load_catalogue(raw)
    assert "nonce : écrit" not in list(seal_edition(folder))
    assert sidecar.read_text(encoding="utf-8") == sealed


def test_a_report_cannot_be_restricted_for_its_figures_are_published_as_printed(raw: Path) -> None:
    sidecar = raw / "dreets_occitanie/report_calpae/2021/edition.yml"
    text = sidecar.read_text(encoding="utf-8")
    sidecar.write_text(text.replace("access: open", "access: restricted"), encoding="utf-8")
    assert "access doit être open" in refusal(raw)
