"""A project small enough to be broken hundreds of times: two datasets of the real one, and the relations they prove."""

import contextlib
import csv
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import duckdb
import yaml

from dagster_project.dbt import STAGE_FILE
from dagster_project.release.kept import RETIRED
from dagster_project.release.verify import verify_release
from dagster_project.seal import seal_edition
from dagster_project.settings import PROJECT, Settings

_DATASETS = ("drees/monthly_benefits", "dreets_occitanie/report_credits")
_RELATIONS = Path("dreets_occitanie/reconciliation/2021")
_EDITION = Path("drees/monthly_benefits/2020-12")
_CELL = {"indicator_code": "rsa_recipients", "territory_code": "09", "period_label": "2018-12"}
_CELL_IN_MARTS = """
    select beneficiaries from marts.beneficiaries
    where benefit = 'rsa' and territory_code = '09' and month = date '2018-12-01'
"""
_STEP = 10


class Miniature:
    """A raw folder and a warehouse; each `change` of raw/ gives one cell another value, for a release to show."""

    def __init__(self, folder: Path) -> None:
        self.settings = Settings(folder / "raw", folder / "warehouse")

    @classmethod
    def built_in(cls, folder: Path) -> Self:
        """The project before its first release."""
        project = cls(folder)
        raw = project.settings.raw
        for dataset in _DATASETS:
            shutil.copytree(PROJECT / "raw" / dataset, raw / dataset)
        (raw / "inbox").mkdir()
        _copy_relations(raw / _RELATIONS)
        project.settings.warehouse.mkdir()
        return project

    def copied_to(self, folder: Path) -> "Miniature":
        """The same project, to break."""
        copy = Miniature(folder)
        shutil.copytree(self.settings.raw, copy.settings.raw)
        shutil.copytree(self.settings.warehouse, copy.settings.warehouse, symlinks=True, dirs_exist_ok=True)
        return copy

    @property
    def environment(self) -> dict[str, str]:
        return {"BILAN_RAW": str(self.settings.raw), "BILAN_WAREHOUSE": str(self.settings.warehouse)}

    @property
    def extract(self) -> Path:
        """The raw file that holds the cell."""
        return self.settings.raw / _EDITION / "occitanie.csv"

    def stage(self) -> Path:
        """The private file of the run under way."""
        (stage,) = self.settings.stage.rglob(STAGE_FILE)
        return stage

    def change(self) -> int:
        """Give the cell its next value, seal the edition again, and return the value."""
        path = self.extract
        with path.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        (row,) = (row for row in rows if all(row[name] == value for name, value in _CELL.items()))
        value = int(row["value"]) + _STEP
        row["value"] = row["printed_text"] = str(value)
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(row), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        list(seal_edition(path.parent))
        return value

    def served_value(self) -> int:
        """The cell as readers see it now."""
        with duckdb.connect(str(self.settings.served.resolve(strict=True)), read_only=True) as connection:
            ((value,),) = connection.execute(_CELL_IN_MARTS).fetchall()
        return int(value)

    def assert_sound(self) -> None:
        """What is served is what its manifest says, nothing half-made is kept, and one stage at most is left."""
        verify_release(self.settings)
        kept = {folder for folder in self.settings.releases.iterdir() if folder.is_dir()} - self._leaving()
        assert all((folder / "manifest.json").is_file() for folder in kept), "a release kept has no manifest"
        link = self.settings.served.readlink()
        assert not link.is_absolute(), f"the served link is absolute: {link}"
        stages = [path.name for path in self.settings.warehouse.iterdir() if path.name.startswith(".stage")]
        assert len(stages) <= 1, f"stages left: {stages}"

    def assert_healed(self) -> None:
        """Sound, and what is said of the served release beside it is true again."""
        self.assert_sound()
        served = self.settings.served.readlink().parent.name
        latest = json.loads((self.settings.warehouse / "LATEST.json").read_text(encoding="utf-8"))
        assert latest["release_id"] == served, f"LATEST.json names {latest['release_id']}, {served} is served"
        left = {path.name for path in self.settings.warehouse.iterdir()} & {".stage"}
        assert not left, f"left behind: {left}"
        assert not self._leaving(), f"half removed: {self._leaving()}"
        assert not self.doors(), "an orphaned door is still there"

    def _leaving(self) -> set[Path]:
        """The releases that left the list of those kept, whose files are being removed."""
        return set(self.settings.releases.glob(f"{RETIRED}*"))

    def doors(self) -> list[int]:
        """The processes at the door of this project: started for it, or forked and at work in it."""
        mark = str(self.settings.warehouse)
        return [
            pid
            for pid, command in _commands()
            if ("dagster_project.quality.door" in command and mark in command)
            or ("tests.doors" in command and any(path.startswith(mark) for path in _open_files(pid)))
        ]


def _copy_relations(folder: Path) -> None:
    """The relations between lines of one year's budget table, and the errata that waive some."""
    folder.mkdir(parents=True)
    source = PROJECT / "raw" / _RELATIONS
    with (source / "relations.csv").open(encoding="utf-8", newline="") as file:
        relations = [row for row in csv.DictReader(file) if _is_within_the_budget_table(row["relation_id"])]
    with (folder / "relations.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(relations[0]))
        writer.writeheader()
        writer.writerows(relations)
    known = {row["relation_id"] for row in relations}
    errata = yaml.safe_load((source / "errata.yml").read_text(encoding="utf-8"))
    kept = [erratum for erratum in errata if erratum["relation_id"] in known]
    (folder / "errata.yml").write_text(yaml.safe_dump(kept, allow_unicode=True), encoding="utf-8")


def _is_within_the_budget_table(relation_id: str) -> bool:
    name, *rest = relation_id.split("-")
    return name == "credits" and len(rest) == 2 and rest[1] in ("total", "departements", "enveloppe")


def _commands() -> Iterator[tuple[int, str]]:
    for process in Path("/proc").glob("[0-9]*"):
        with _ended_meanwhile():
            yield int(process.name), (process / "cmdline").read_bytes().decode(errors="replace")


def _open_files(process: int) -> Iterator[str]:
    with _ended_meanwhile():
        for descriptor in Path(f"/proc/{process}/fd").iterdir():
            with _ended_meanwhile():
                yield str(descriptor.readlink())


def _ended_meanwhile() -> contextlib.suppress:
    return contextlib.suppress(FileNotFoundError, ProcessLookupError)
