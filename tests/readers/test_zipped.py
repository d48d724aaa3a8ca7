"""A producer's ZIP gives its one data file; anything else in a ZIP's clothes is refused, and writes nowhere else."""

import zipfile
from pathlib import Path

import pytest

from dagster_project.readers.kinds import UnfitFileError
from dagster_project.readers.zipped import data_file


def packed(path: Path, **members: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "."), content)
    return path


def test_the_data_file_is_taken_out_and_its_metadata_left(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", donnees__csv=b"a;b\n1;2\n", meta_donnees__csv=b"x")
    with data_file(archive) as data:
        assert (data.name, data.read_bytes()) == ("donnees.csv", b"a;b\n1;2\n")
    assert not data.exists()


def test_a_file_that_is_no_archive_is_itself(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a;b\n", encoding="utf-8")
    with data_file(path) as data:
        assert data == path


def test_an_office_document_is_itself(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.xlsx", **{"[Content_Types].xml": b"<x/>"})
    with data_file(path) as data:
        assert data == path


@pytest.mark.parametrize("members", [{}, {"a__csv": b"1", "b__csv": b"2"}, {"a__exe": b"1"}])
def test_one_data_file_is_expected(tmp_path: Path, members: dict[str, bytes]) -> None:
    with pytest.raises(UnfitFileError, match="un seul fichier"), data_file(packed(tmp_path / "a.zip", **members)):
        pass


def test_a_bomb_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(UnfitFileError, match="c'est trop"), data_file(packed(tmp_path / "a.zip", a__csv=bytes(10**7))):
        pass


def test_a_path_that_climbs_is_refused(tmp_path: Path) -> None:
    archive = packed(tmp_path / "a.zip", **{"../../evasion.csv": b"a;b\n"})
    with pytest.raises(UnfitFileError, match="sort de l'archive"), data_file(archive):
        pass
    assert not (tmp_path.parent / "evasion.csv").exists()


def test_a_cut_archive_is_refused(tmp_path: Path) -> None:
    content = packed(tmp_path / "a.zip", a__csv=bytes(range(256)) * 40).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(content[:60] + content[200:])
    with pytest.raises(UnfitFileError), data_file(cut):
        pass


def test_a_cut_or_damaged_workbook_is_said_to_be(tmp_path: Path) -> None:
    sheet = bytes(range(256)) * 40
    whole = packed(tmp_path / "a.xlsx", **{"[Content_Types].xml": b"<x/>", "xl/workbook.xml": sheet}).read_bytes()
    for name, content in {"cut.xlsx": whole[:-100], "damaged.xlsx": whole.replace(whole[150:170], bytes(20))}.items():
        (tmp_path / name).write_bytes(content)
        with (
            pytest.raises(UnfitFileError, match=r"abîmé.*copiez-le ou téléchargez-le de nouveau"),
            data_file(tmp_path / name),
        ):
            pass


@pytest.mark.parametrize("part", ["word/document.xml", "ppt/presentation.xml"])
def test_a_text_in_an_office_package_is_no_table(tmp_path: Path, part: str) -> None:
    path = packed(tmp_path / "a.xlsx", **{"[Content_Types].xml": b"<x/>", part: b"<x/>"})
    with pytest.raises(UnfitFileError, match=r"ni un tableau ni un classeur.*enregistrez"), data_file(path):
        pass
