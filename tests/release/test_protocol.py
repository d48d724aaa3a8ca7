"""What a publication leaves on the disk, what a killed one leaves, and what the next run makes of it."""

import json
import shutil
import stat
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from dagster_project.doctor import examine
from dagster_project.errors import BilanError, RefusedDataError, WrongUseError
from dagster_project.hashing import file_sha256
from dagster_project.release import companions
from dagster_project.release.companions import Draft
from dagster_project.release.folders import remove
from dagster_project.release.janitor import tidy
from dagster_project.release.kept import next_release_id, releases, retire
from dagster_project.release.lock import lock_holder, run_lock
from dagster_project.release.proof import MANIFEST, MANIFEST_DIGEST, prove_afresh
from dagster_project.release.rollback import roll_back
from dagster_project.release.serve import latest_is_behind, serve, served_folder, write_json
from dagster_project.release.verify import verify_release
from dagster_project.settings import PROJECT, Settings
from dagster_project.status import status_lines
from tests.release.publishing import publish_stage


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Settings]:
    settings = Settings(tmp_path / "raw", tmp_path / "warehouse")
    settings.warehouse.mkdir()
    yield settings
    remove(settings.warehouse)


@pytest.fixture(scope="module")
def released(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A warehouse with one release."""
    settings = Settings(tmp_path_factory.mktemp("raw"), tmp_path_factory.mktemp("warehouse"))
    publish_stage(settings, stage)
    remove(settings.stage)
    return settings


@pytest.fixture
def warehouse(released: Settings, tmp_path: Path) -> Iterator[Settings]:
    """A copy of it, to break."""
    copy = Settings(tmp_path / "raw", tmp_path / "warehouse")
    shutil.copytree(released.warehouse, copy.warehouse, symlinks=True)
    yield copy
    remove(copy.warehouse)


def serve_another(settings: Settings) -> str:
    """Serve one more release of the same tables, without the work of writing them again."""
    served = served_folder(settings)
    assert served
    name = next_release_id(settings, datetime(2026, 1, 1), "0123456789")
    another = settings.releases / name
    shutil.copytree(served, another)
    another.chmod(0o755)
    for path in (another / MANIFEST, another / MANIFEST_DIGEST):
        path.chmod(0o644)
    manifest = json.loads((another / MANIFEST).read_text(encoding="utf-8"))
    write_json(another / MANIFEST, manifest | {"release_id": name, "previous_release_id": served.name})
    (another / MANIFEST_DIGEST).write_text(file_sha256(another / MANIFEST), encoding="ascii")
    serve(settings, name)
    return name


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_release_is_closed_to_writing_and_has_nothing_beside_what_its_manifest_says(released: Settings) -> None:
    folder = served_folder(released)
    assert folder
    assert {mode(path) for path in folder.rglob("*") if path.is_file()} == {0o444}
    assert {mode(path) for path in (folder, *folder.rglob("*")) if path.is_dir()} == {0o555}
    assert not list(released.warehouse.rglob("*.wal"))
    assert "chacun tel que publié" in verify_release(released)


def test_the_database_keeps_the_storage_every_driver_reads(released: Settings) -> None:
    with duckdb.connect(str(released.served.resolve()), read_only=True) as connection:
        row = connection.execute("select tags['storage_version'] from duckdb_databases() where not internal").fetchone()
    assert row == ("v1.0.0+",)


def test_what_a_killed_run_leaves_is_removed_by_the_next(warehouse: Settings) -> None:
    served = served_folder(warehouse)
    assert served
    before = sorted(path for path in warehouse.warehouse.rglob("*") if not path.is_relative_to(warehouse.lock))
    half = warehouse.releases / "20200101T000000Z-0123abcd"
    for name in (half / "bilan.duckdb", warehouse.stage / "tmp1" / "stage.duckdb", warehouse.stage / "tmp1" / "x.wal"):
        name.parent.mkdir(parents=True, exist_ok=True)
        name.write_bytes(b"half")
    half.chmod(0o555)
    shutil.copytree(served, warehouse.releases / f".retired-{served.name}")
    (warehouse.warehouse / ".bilan.duckdb.4242").symlink_to("releases/nowhere")
    (warehouse.warehouse / ".LATEST.json.4242").write_text("{", encoding="utf-8")
    (warehouse.warehouse / "..same_content.json.4242").write_text("", encoding="utf-8")
    tidy(warehouse)
    assert sorted(warehouse.warehouse.rglob("*")) == before
    assert "chacun tel que publié" in verify_release(warehouse)


def test_what_is_no_release_is_not_the_janitors(warehouse: Settings) -> None:
    notes = warehouse.releases / "mes notes"
    notes.mkdir()
    tidy(warehouse)
    assert notes.exists()


def test_a_served_release_is_never_removed_even_damaged(warehouse: Settings) -> None:
    served = served_folder(warehouse)
    assert served
    served.chmod(0o755)
    (served / MANIFEST_DIGEST).unlink()
    tidy(warehouse)
    assert served_folder(warehouse) == served


def test_latest_follows_a_link_repointed_just_before_a_kill(warehouse: Settings) -> None:
    latest = warehouse.warehouse / "LATEST.json"
    old = json.loads(latest.read_text(encoding="utf-8"))
    name = serve_another(warehouse)
    for heal in (lambda: tidy(warehouse), lambda: list(status_lines(replace(warehouse, raw=PROJECT / "raw")))):
        assert not latest_is_behind(warehouse)
        write_json(latest, old)
        assert latest_is_behind(warehouse)
        heal()
        assert json.loads(latest.read_text(encoding="utf-8"))["release_id"] == name


def test_a_lost_link_leads_back_to_the_release_it_served(warehouse: Settings) -> None:
    """Else nothing could be compared with it, and no change would wait for an approval."""
    first = warehouse.served.resolve().parent.name
    serve_another(warehouse)
    serve(warehouse, first)
    warehouse.served.unlink()
    tidy(warehouse)
    assert warehouse.served.resolve().parent.name == first


def test_a_release_stopped_on_its_way_to_readers_never_was(
    warehouse: Settings, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it was approved with may be used again."""

    def stopped(settings: Settings, release_id: str) -> None:
        raise KeyboardInterrupt

    served = warehouse.served.resolve()
    with monkeypatch.context() as patch:
        patch.setattr("dagster_project.release.publish.serve", stopped)
        with pytest.raises(KeyboardInterrupt):
            publish_stage(warehouse, stage)
    assert len(releases(warehouse)) == 2
    tidy(warehouse)
    assert (releases(warehouse), warehouse.served.resolve()) == ([served.parent.name], served)
    publish_stage(warehouse, stage)
    assert len(releases(warehouse)) == 2
    assert not warehouse.coming.exists()


def test_a_release_that_lost_its_manifest_is_followed_by_another_as_by_a_first(
    warehouse: Settings, stage: Path
) -> None:
    """Nothing could be told of what it held: comparing with it stopped every publication."""
    folder = served_folder(warehouse)
    assert folder
    folder.chmod(0o755)
    (folder / MANIFEST).unlink()
    (finding,) = [finding for finding in examine(warehouse) if finding.subject == "version servie"]
    assert finding.is_blocking and f"{folder.name} : manifest.json ne se lit plus" in finding.found
    assert publish_stage(warehouse, stage).is_new
    assert served_folder(warehouse) != folder


@pytest.mark.parametrize("target", ["releases/nowhere/bilan.duckdb", "bilan.duckdb"])
def test_a_link_that_leads_nowhere_is_repointed_by_the_next_release(warehouse: Settings, target: str) -> None:
    name = warehouse.served.resolve().parent.name
    warehouse.served.unlink()
    warehouse.served.symlink_to(target)
    assert served_folder(warehouse) is None
    serve(warehouse, name)
    assert "chacun tel que publié" in verify_release(warehouse)


def test_a_companion_reads_the_new_tables_and_its_files_are_sealed(
    warehouse: Settings, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Path | None] = []

    def write(draft: Draft) -> None:
        with draft.read() as connection:
            row = connection.execute("select count(*) from marts.budget_line").fetchone()
        seen.append(draft.previous)
        (draft.folder / "nombre.txt").write_text(str(row), encoding="utf-8")

    before = served_folder(warehouse)
    monkeypatch.setattr(companions, "COMPANIONS", (write,))
    publish_stage(warehouse, stage)
    folder = served_folder(warehouse)
    assert folder and seen == [before]
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["files"]["nombre.txt"] == file_sha256(folder / "nombre.txt")


def test_a_companion_that_refuses_or_changes_a_figure_stops_the_publication(
    warehouse: Settings, stage: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(draft: Draft) -> None:
        raise RefusedDataError("variation à approuver")

    def change(draft: Draft) -> None:
        with duckdb.connect(str(draft.database)) as connection:
            connection.execute("update marts.budget_line set amount_eur = amount_eur + 0.01 where line_code = 'total'")

    before = warehouse.served.readlink()
    for companion, said in ((refuse, "variation à approuver"), (change, "budget_line : ses valeurs")):
        monkeypatch.setattr(companions, "COMPANIONS", (companion,))
        with pytest.raises(BilanError, match=said):
            publish_stage(warehouse, stage)
        assert warehouse.served.readlink() == before
        assert len(releases(warehouse)) == 1
    tidy(warehouse)
    assert not warehouse.stage.exists()


def test_a_release_that_cannot_be_read_is_not_served(warehouse: Settings) -> None:
    folder = served_folder(warehouse)
    assert folder
    database = folder / "bilan.duckdb"
    database.chmod(0o644)
    with database.open("r+b") as file:
        file.seek(5000)
        file.write(b"\xff" * 100)
    with pytest.raises(BilanError, match="rien n'est publié"):
        prove_afresh(folder, {})


def sealed(settings: Settings, *names: str) -> None:
    for name in names:
        (settings.releases / name / "parquet").mkdir(parents=True)
        (settings.releases / name / MANIFEST_DIGEST).write_text("0", encoding="ascii")
        (settings.releases / name / "parquet").chmod(0o555)
        (settings.releases / name).chmod(0o555)


def test_the_last_twelve_stay_and_the_last_of_each_year_and_the_one_served(empty: Settings) -> None:
    names = [f"{day}T063000Z-0123abcd" for day in ("20240301", "20240302", "20250101", "20251231")]
    months = [f"2026{month:02}01T063000Z-0123abcd" for month in range(1, 13)]
    sealed(empty, *names, *months, "20260115T063000Z-0123abcd")
    retire(empty, served=names[0])
    assert releases(empty) == [names[0], names[1], names[3], *sorted([*months, "20260115T063000Z-0123abcd"])[1:]]
    assert not list(empty.releases.glob(".*"))


def test_a_clock_put_back_does_not_put_a_release_before_another(empty: Settings) -> None:
    sealed(empty, "20261126T063000Z-0123abcd")
    assert next_release_id(empty, datetime(2026, 11, 26, 6, 29), "fedcba9876") == "20261126T063001Z-fedcba98"
    assert next_release_id(empty, datetime(2026, 11, 27), "fedcba9876") == "20261127T000000Z-fedcba98"


def test_going_back_is_to_the_release_that_was_served_before(warehouse: Settings) -> None:
    first = warehouse.served.resolve().parent.name
    wrong = serve_another(warehouse)
    roll_back(warehouse)
    corrected = serve_another(warehouse)
    assert releases(warehouse) == [first, wrong, corrected]
    with pytest.raises(WrongUseError, match="«  » n'est pas une version gardée"):
        roll_back(warehouse, "")
    assert f"Version {first} servie à la place de {corrected}" in roll_back(warehouse)


def test_a_release_readers_have_seen_stays_though_its_publication_was_killed_at_its_last_word(
    warehouse: Settings,
) -> None:
    """Gone back from, it is no longer the one served: the next run took it for one that nobody had seen."""
    first = warehouse.served.resolve().parent.name
    seen = serve_another(warehouse)
    write_json(warehouse.coming, {"release_id": seen})
    roll_back(warehouse)
    tidy(warehouse)
    assert releases(warehouse) == [first, seen]


def test_who_only_looks_neither_holds_the_lock_nor_is_taken_for_a_run(empty: Settings) -> None:
    assert lock_holder(empty.lock) is None
    with run_lock(empty.lock):
        assert "Une autre exécution est en cours" in str(lock_holder(empty.lock))
    assert lock_holder(empty.lock) is None
