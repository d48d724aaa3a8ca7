"""Départements and regions of the geographic code: INSEE's CSV, and the JSON Etalab makes of it."""

import json
from pathlib import Path
from typing import Any

from dagster_project.readers.cells import Reading
from dagster_project.readers.insee.cog_tables import (
    ADVICE,
    TERRITORY,
    TERRITORY_TABLE,
    cog_year,
    incomplete,
    is_json,
    needs,
    open_table,
    stage,
    year_of,
)
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.nomenclature import names, same_name


def read_departements(path: Path, reading: Reading) -> None:
    """Load a file of départements into ``cog_territory``."""
    _read_level(path, reading, "departement", {"code": "DEP", "region": "REG", "label": "LIBELLE"})


def read_regions(path: Path, reading: Reading) -> None:
    """Load a file of regions into ``cog_territory``."""
    _read_level(path, reading, "region", {"code": "REG", "region": "REG", "label": "LIBELLE"})


def _read_level(path: Path, reading: Reading, level: str, roles: dict[str, str]) -> None:
    if is_json(path):
        _read_json(path, reading, level)
        return
    grid, year = open_table(path, reading, TERRITORY_TABLE, TERRITORY), year_of(path, reading)
    if grid is None or year is None or not needs(reading, grid, tuple(roles.values())):
        return
    stage(reading, grid, roles)
    rows = reading.connection.execute("select * from cog_row order by row_number").fetchall()
    kept: list[tuple[object, ...]] = []
    seen: set[str] = set()
    for number, code, region, label in rows:
        defect = _official_defect(level, code or "", region or "", label or "")
        if code in seen:
            defect = ("code", "une seule ligne par code", "doublon")
        if defect:
            reading.leave("Ligne refusée")
            name = roles[defect[0]]
            reading.reject(
                found={"code": code, "region": region, "label": label}[defect[0]] or "case vide", expected=defect[1],
                rule=defect[2], row=number, column=grid.letter(name), name=name, advice=ADVICE,
            )  # fmt: skip
            continue
        seen.add(code)
        kept.append(_territory(level, code, label, region, zone=None, year=year))
    _fill(reading, kept)
    _level_completeness(reading, level, seen)


def _official_defect(level: str, code: str, region: str, label: str) -> tuple[str, str, str] | None:
    official = names(level).get(code)
    if official is None:
        return ("code", f"un code de {'région' if level == 'region' else 'département'}, zéros compris", "code")
    if not same_name(label, official):
        return ("label", f"« {official} », le nom du code {code}", "code et nom accordés")
    if level == "departement" and departement_regions()[code] != region:
        return ("region", f"{departement_regions()[code]}, la région de {official}", "département et région accordés")
    return None


def _territory(
    level: str, code: str, label: str, region: str | None, *, zone: str | None, year: int | None
) -> tuple[object, ...]:
    """A row of ``cog_territory``. Overseas collectivities are neither a département nor a region."""
    kind = "other" if zone == "com" else level
    departement = code if level == "departement" and kind == level else None
    return (kind, code, label, region if kind != "other" else None, departement, None, zone or level, year)


def _fill(reading: Reading, rows: list[tuple[object, ...]]) -> None:
    if rows:
        reading.connection.executemany(f"insert into {TERRITORY_TABLE} values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def _level_completeness(reading: Reading, level: str, seen: set[str]) -> None:
    for code, name in names(level).items():
        if code not in seen:
            incomplete(reading, f"{name} ({code}) absent", "tous les territoires du code", "code")


def _read_json(path: Path, reading: Reading, level: str) -> None:
    """Etalab's JSON of the same code. It does not say its year: the version of its package does."""
    reading.connection.execute(f"create or replace temp table {TERRITORY_TABLE} ({TERRITORY})")
    reading.nomenclature = (TERRITORY_TABLE,)
    try:
        entries: Any = json.loads(path.read_bytes().decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        entries = None
        found = str(error)[:80]
    else:
        found = type(entries).__name__
    if not isinstance(entries, list) or not entries or not all(isinstance(one, dict) for one in entries):
        reading.reject(found=found, expected="une liste JSON de territoires", rule="json", advice=ADVICE)
        return
    kept: list[tuple[object, ...]] = []
    seen: set[str] = set()
    for rank, entry in enumerate(entries, start=1):
        reading.cells_read += 1
        code, label, zone = (str(entry.get(key, "")) for key in ("code", "nom", "zone"))
        region = str(entry.get("region", code if level == "region" else ""))
        defect = None if zone == "com" else _official_defect(level, code, region, label)
        if zone not in ("metro", "drom", "com"):
            defect = ("zone", "metro, drom ou com", "zone")
        if not label or code in seen:
            defect = ("code", "un code et un nom, une seule fois", "doublon")
        if defect:
            reading.leave("Ligne refusée")
            values = {"code": code, "region": region, "label": label, "zone": zone}
            reading.reject(
                found=values[defect[0]], expected=defect[1], rule=defect[2], row=rank,
                name={"label": "nom"}.get(defect[0], defect[0]), advice=ADVICE,
            )  # fmt: skip
            continue
        seen.add(code)
        kept.append(_territory(level, code, label, region, zone=zone, year=cog_year(path)))
    _fill(reading, kept)
    _level_completeness(reading, level, seen)
