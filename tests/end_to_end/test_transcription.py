"""The transcriptions against the report's own text, where it is at hand."""

from pathlib import Path

import pytest

from dagster_project.check_transcription import check_text
from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.settings import PROJECT

TEXT = PROJECT.parent / "shared" / "seed" / "000_f1ca510005104f13.txt"


@pytest.mark.skipif(not TEXT.exists(), reason="the report's text is not kept with the project")
def test_every_printed_text_stands_on_its_line() -> None:
    proof = check_text(PROJECT / "raw", TEXT)
    assert "chacun imprimé à sa ligne" in proof
    assert "chacun avec sa raison ; aucun autre" in proof


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """An invented report of two lines, and its transcription."""
    import hashlib
    import shutil

    from dagster_project.readers import LAYOUTS
    from tests.readers.test_transcription import FIGURE, written

    text = tmp_path / "report.txt"
    text.write_text("\n" * 9 + "décembre 35 070*\n", encoding="utf-8")
    folder = tmp_path / "raw/dreets_ailleurs/report_benefits/2031"
    shutil.copytree(PROJECT / "raw/dreets_occitanie/report_benefits/2021", folder)
    content = written(LAYOUTS["report_figures"], FIGURE)
    (folder / "figures.csv").write_bytes(content)
    sidecar = folder / "edition.yml"
    lines = sidecar.read_text(encoding="utf-8").replace("dreets_occitanie", "dreets_ailleurs").split("\n")
    lines[next(index for index, line in enumerate(lines) if line.startswith("version_label:"))] = (
        "version_label: '2031'"
    )
    digest = hashlib.sha256(text.read_bytes()).hexdigest()
    at = lines.index("transcribed_from:")
    lines[at + 1 : at + 4] = ["  title: Un rapport inventé", "  lines: 10", f"  sha256: {digest}"]
    start = next(index for index, line in enumerate(lines) if line.startswith(("coverage:", "files:")))
    end = lines.index("files:")
    del lines[start:end]
    sidecar.write_text("\n".join(lines), encoding="utf-8")
    from dagster_project.seal import seal_edition

    list(seal_edition(folder))
    return tmp_path / "raw", text


def test_a_figure_on_its_line_is_proved(small: tuple[Path, Path]) -> None:
    assert check_text(*small).startswith("1 chiffres transcrits")


def test_a_figure_that_is_not_on_its_line_is_named(small: tuple[Path, Path]) -> None:
    from dagster_project.seal import seal_edition

    raw, text = small
    file = raw / "dreets_ailleurs/report_benefits/2031/figures.csv"
    file.write_text(file.read_text().replace("35 070*", "35 071*").replace("35070", "35071"))
    list(seal_edition(file.parent))
    with pytest.raises(RefusedDataError, match="« 35 071\\* » n'est pas à la ligne 10"):
        check_text(raw, text)


def test_another_text_is_not_accepted(small: tuple[Path, Path]) -> None:
    raw, text = small
    text.write_text("autre", encoding="utf-8")
    with pytest.raises(WrongUseError, match="Un rapport inventé"):
        check_text(raw, text)


EXCEPTIONS = "dreets_ailleurs/reconciliation/2031/exceptions.csv"


def except_(raw: Path, *rows: str) -> None:
    file = raw / EXCEPTIONS
    file.parent.mkdir(parents=True)
    file.write_text("\n".join(["source_line,token,reason", *rows]) + "\n", encoding="utf-8")


def rewrite(raw: Path, text: Path, content: str) -> None:
    """The text as its producer sends it again, and the sidecar that identifies it."""
    import hashlib

    before = hashlib.sha256(text.read_bytes()).hexdigest()
    text.write_text(content, encoding="utf-8")
    sidecar = raw / "dreets_ailleurs/report_benefits/2031/edition.yml"
    after = hashlib.sha256(text.read_bytes()).hexdigest()
    sidecar.write_text(sidecar.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_a_number_nobody_transcribed_is_named(small: tuple[Path, Path]) -> None:
    raw, text = small
    except_(raw)
    rewrite(raw, text, "\n" * 9 + "décembre 35 070* et 12 autres\n")
    with pytest.raises(RefusedDataError, match="ligne 10 du texte : « 12 » n'est ni transcrit ni excepté"):
        check_text(raw, text)


def test_an_exception_accounts_for_its_number(small: tuple[Path, Path]) -> None:
    raw, text = small
    except_(raw, "10,12,date")
    rewrite(raw, text, "\n" * 9 + "le 12, 35 070*\n")
    assert "1 nombres exceptés" in check_text(raw, text)


def test_an_exception_without_its_reason_is_refused(small: tuple[Path, Path]) -> None:
    raw, text = small
    except_(raw, "10,12,")
    rewrite(raw, text, "\n" * 9 + "le 12, 35 070*\n")
    with pytest.raises(RefusedDataError, match=r"exceptions\.csv, ligne 2, colonne C \(reason\)"):
        check_text(raw, text)


def test_an_exception_that_no_longer_applies_is_named(small: tuple[Path, Path]) -> None:
    raw, text = small
    except_(raw, "10,12,date")
    with pytest.raises(RefusedDataError, match="« 12 » n'est pas, ou plus, à la ligne 10"):
        check_text(raw, text)


def test_a_number_printed_twice_is_transcribed_twice(small: tuple[Path, Path]) -> None:
    raw, text = small
    except_(raw)
    rewrite(raw, text, "\n" * 9 + "35 070* puis 35 070*\n")
    with pytest.raises(RefusedDataError, match="« 35 070 » n'est ni transcrit ni excepté"):
        check_text(raw, text)


def test_a_value_that_the_text_does_not_say_is_named(small: tuple[Path, Path]) -> None:
    from dagster_project.seal import seal_edition

    raw, text = small
    file = raw / "dreets_ailleurs/report_benefits/2031/figures.csv"
    file.write_text(file.read_text(encoding="utf-8").replace(",35070,", ",35071,"), encoding="utf-8")
    list(seal_edition(file.parent))
    with pytest.raises(RefusedDataError, match="attendu la valeur que dit le texte imprimé « 35 070\\* »"):
        check_text(raw, text)
