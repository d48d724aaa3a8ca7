"""No release has two rows of one key, whether its table is short enough for an index or not."""

from pathlib import Path

import duckdb
import pytest

from dagster_project.errors import BilanError
from dagster_project.release import tables
from dagster_project.release.stage import published_models
from dagster_project.release.tables import write_database

TABLE = "beneficiaries"
# Some shorter and some longer than so many rows.
_MOST = 50
_TABLES = (TABLE, "edition", "release", "territory")


@pytest.fixture(autouse=True)
def _some_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    models = [model for model in published_models() if model["name"] in _TABLES]
    monkeypatch.setattr(tables, "published_models", lambda: models)


@pytest.fixture(params=[0, _MOST], ids=["proved", "by size"])
def longest_index(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(tables, "LONGEST_INDEX", request.param)
    return int(request.param)


def _copied(stage: Path, folder: Path, change: str = "") -> Path:
    """The published tables of a stage, as tables, one of them changed."""
    copy = folder / "tables.duckdb"
    with duckdb.connect(str(copy)) as connection:
        connection.execute(f"create schema marts; attach '{stage}' as stage (read_only)")
        for table in _TABLES:
            connection.execute(f"create table marts.{table} as from stage.marts.{table}")
        connection.execute(change)
    return copy


def _keyed(database: Path) -> set[str]:
    with duckdb.connect(str(database), read_only=True) as connection:
        found = connection.execute(
            "select table_name from duckdb_constraints() where constraint_type = 'PRIMARY KEY'"
        ).fetchall()
    return {name for (name,) in found}


def test_a_table_has_its_key_as_a_constraint_up_to_some_length(stage: Path, tmp_path: Path, longest_index: int) -> None:
    database = tmp_path / "bilan.duckdb"
    write_database(_copied(stage, tmp_path), database)
    rows = tables.row_counts(database)
    assert _keyed(database) == {name for name, count in rows.items() if count <= longest_index}
    assert min(rows.values()) <= _MOST < max(rows.values())


@pytest.mark.usefixtures("longest_index")
def test_two_rows_of_one_key_are_no_release(stage: Path, tmp_path: Path) -> None:
    twice = f"insert into marts.{TABLE} from (from marts.{TABLE} limit 1)"
    with pytest.raises(BilanError, match=f"Table {TABLE} : deux lignes ont la même clé"):
        write_database(_copied(stage, tmp_path, twice), tmp_path / "bilan.duckdb")


@pytest.mark.usefixtures("longest_index")
def test_a_row_without_a_part_of_its_key_is_no_release(stage: Path, tmp_path: Path) -> None:
    partial = f"update marts.{TABLE} set month = null where rowid = 0"
    with pytest.raises(BilanError, match=f"Table {TABLE} : "):
        write_database(_copied(stage, tmp_path, partial), tmp_path / "bilan.duckdb")
