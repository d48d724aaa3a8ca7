"""The official geographic code (COG): its territories on 1 January of a year, and what happened to communes.

A row is not an observation: readings hold no cell, but name the tables made beside (``reading.nomenclature``), and
count rows.
"""

import re
from pathlib import Path
from typing import Any

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import delimiter_of, header_of
from dagster_project.readers.insee.cog_levels import read_departements, read_regions
from dagster_project.readers.insee.cog_tables import (
    MOVE,
    MOVE_TABLE,
    TERRITORY,
    TERRITORY_TABLE,
    cog_year,
    incomplete,
    is_json,
    needs,
    one,
    open_table,
    refuse,
    stage,
    year_of,
)
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.nomenclature import names
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_FEWEST_COMMUNES = 34_000
_COMMUNE_TYPES = {"COM": "commune", "COMA": "other", "COMD": "other", "ARM": "other"}
# 10 name, 20/21 creation and restoration, 30-35 mergers and delegations, 41 and 50 code, 70 passage.
_MODS = ("10", "20", "21", "30", "31", "32", "33", "34", "35", "41", "50", "70", "71")
_MOVE_COLUMNS = (
    "MOD", "DATE_EFF", "TYPECOM_AV", "COM_AV", "LIBELLE_AV", "TYPECOM_AP", "COM_AP", "LIBELLE_AP",
)  # fmt: skip
_COMMUNE_CODE = "^(\\d\\d|2[AB])\\d{3}$"


def edition(path: Path) -> EditionFacts:
    """The year of the code."""
    year = cog_year(path)
    return EditionFacts(str(year) if year else "inconnue", basis="année du nom de fichier ou du dossier")


def _header(path: Path) -> tuple[str, ...]:
    return tuple(name.upper() for name in header_of(path, delimiter_of(path)))


def _json_keys(path: Path) -> set[str]:
    with path.open("rb") as file:
        return {key.decode() for key in re.findall(rb'"(\w+)":', file.read(2048))}


def _recognise(needed: tuple[str, ...], absent: tuple[str, ...], path: Path) -> Recognition:
    header = _header(path)
    found = [name for name in needed if name in header]
    missing = [name for name in needed if name not in header]
    missing += [f"pas de colonne {name}" for name in absent if name in header]
    return Recognition(tuple(found), tuple(missing))


def recognise_communes(path: Path) -> Recognition:
    """A file of communes: one row a commune, delegated and associated communes included."""
    return _recognise(("COM", "REG", "DEP", "TNCC", "NCC", "LIBELLE", "COMPARENT"), (), path)


def recognise_departements(path: Path) -> Recognition:
    """A file of départements: CSV of INSEE, or the JSON made of it by Etalab."""
    if is_json(path):
        return _recognise_json(path, {"code", "region", "chefLieu", "nom"}, set())
    return _recognise(("DEP", "REG", "CHEFLIEU", "TNCC", "NCC", "LIBELLE"), ("COM",), path)


def recognise_regions(path: Path) -> Recognition:
    """A file of regions: CSV of INSEE, or the JSON made of it by Etalab."""
    if is_json(path):
        return _recognise_json(path, {"code", "chefLieu", "nom", "zone"}, {"region"})
    return _recognise(("REG", "CHEFLIEU", "TNCC", "NCC", "LIBELLE"), ("DEP", "COM"), path)


def recognise_moves(path: Path) -> Recognition:
    """A file of events on communes."""
    return _recognise(_MOVE_COLUMNS, (), path)


def _recognise_json(path: Path, needed: set[str], absent: set[str]) -> Recognition:
    keys = _json_keys(path)
    missing = [*sorted(needed - keys), *(f"pas de clé {key}" for key in sorted(absent & keys))]
    return Recognition(tuple(sorted(needed & keys)), tuple(missing))


def _read_communes(path: Path, reading: Reading) -> None:
    grid, year = open_table(path, reading, TERRITORY_TABLE, TERRITORY), year_of(path, reading)
    if grid is None or year is None or not needs(reading, grid, ("COM", "REG", "DEP", "LIBELLE", "COMPARENT")):
        return
    kind = "TYPECOM" if "TYPECOM" in grid.header else "TYPE"
    roles = {"type": kind, "code": "COM", "region": "REG", "departement": "DEP", "label": "LIBELLE",
             "parent": "COMPARENT"}  # fmt: skip
    if not needs(reading, grid, (kind,)):
        return
    stage(reading, grid, roles)
    couples = ", ".join(f"('{departement}', '{region}')" for departement, region in departement_regions().items())
    types = ", ".join(f"'{one}'" for one in _COMMUNE_TYPES)
    parents = "(select code from cog_row where type = 'COM')"
    refuse(reading, grid, roles, [
        ("type", f"coalesce(type, '') not in ({types})", "COM, COMA, COMD ou ARM", "type de commune"),
        ("code", f"not regexp_matches(coalesce(code, ''), '{_COMMUNE_CODE}')", "cinq caractères, zéros compris",
         "code de commune"),
        ("label", "label is null", "un libellé", "libellé"),
        ("code", "(type, code) in (select type, code from cog_row group by all having count(*) > 1)",
         "une seule ligne par commune et type", "commune en double"),
        ("departement", "type in ('COM', 'ARM') and "
         f"(coalesce(departement, ''), coalesce(region, '')) not in ({couples})",
         "le département et sa région", "département et région accordés"),
        ("departement", "type in ('COMA', 'COMD') and (departement is not null or region is not null)",
         "une case vide : la commune mère dit où elle est", "département"),
        ("code", "type in ('COM', 'ARM') and not starts_with(coalesce(code, ''), coalesce(departement, ''))",
         "un code qui commence par celui du département", "code et département accordés"),
        ("parent", "type = 'COM' and parent is not null", "une case vide", "commune mère"),
        ("parent", f"type <> 'COM' and coalesce(parent, '') not in {parents}", "une commune du fichier",
         "commune mère"),
    ])  # fmt: skip
    levels = " ".join(f"when '{one}' then '{level}'" for one, level in _COMMUNE_TYPES.items())
    # An associated or delegated commune has no region of its own in the file: it is where its parent is.
    reading.connection.execute(
        f"""insert into {TERRITORY_TABLE}
        select case one.type {levels} end, one.code, one.label, coalesce(one.region, mother.region),
            coalesce(one.departement, mother.departement), one.parent, one.type, {year}
        from cog_row as one left join cog_row as mother on mother.code = one.parent and mother.type = 'COM'
        order by one.row_number"""
    )
    _commune_completeness(reading)


def _commune_completeness(reading: Reading) -> None:
    present = {
        row[0]
        for row in reading.connection.execute(
            f"select distinct departement_code from {TERRITORY_TABLE} where type = 'COM'"
        ).fetchall()
    }
    for code, name in names("departement").items():
        if code not in present:
            incomplete(reading, f"aucune commune de {name} ({code})", "des communes dans chaque département", "DEP")
    communes = one(reading, f"select count(*) from {TERRITORY_TABLE} where type = 'COM'")
    if communes < _FEWEST_COMMUNES:
        incomplete(reading, f"{communes} communes", f"au moins {_FEWEST_COMMUNES} communes", "COM")


def _read_moves(path: Path, reading: Reading) -> None:
    grid = open_table(path, reading, MOVE_TABLE, MOVE)
    if grid is None or not needs(reading, grid, _MOVE_COLUMNS):
        return
    roles = {"mod": "MOD", "effective_on": "DATE_EFF", "type_before": "TYPECOM_AV", "code_before": "COM_AV",
             "label_before": "LIBELLE_AV", "type_after": "TYPECOM_AP", "code_after": "COM_AP",
             "label_after": "LIBELLE_AP"}  # fmt: skip
    stage(reading, grid, roles)
    mods = ", ".join(f"'{mod}'" for mod in _MODS)
    types = ", ".join(f"'{one}'" for one in _COMMUNE_TYPES)
    rules = [
        ("mod", f"coalesce(mod, '') not in ({mods})", "une modalité du code : " + ", ".join(_MODS), "modalité"),
        ("effective_on", "try_cast(effective_on as date) is null or "
         "try_cast(effective_on as date) not between date '1943-01-01' and date '2100-12-31'",
         "une date AAAA-MM-JJ depuis 1943", "date d'effet"),
    ]  # fmt: skip
    for side in ("before", "after"):
        rules += [
            (f"type_{side}", f"coalesce(type_{side}, '') not in ({types})", "COM, COMA, COMD ou ARM", "type"),
            (f"code_{side}", f"not regexp_matches(coalesce(code_{side}, ''), '{_COMMUNE_CODE}')",
             "cinq caractères, zéros compris", "code de commune"),
            (f"label_{side}", f"label_{side} is null", "un libellé", "libellé"),
        ]  # fmt: skip
    rules.append((
        "code_before",
        "(mod, effective_on, type_before, code_before, type_after, code_after) in "
        "(select mod, effective_on, type_before, code_before, type_after, code_after from cog_row group by all"
        " having count(*) > 1)",
        "un événement une seule fois", "événement en double",
    ))  # fmt: skip
    refuse(reading, grid, roles, rules)
    reading.connection.execute(
        f"""insert into {MOVE_TABLE}
        select mod, effective_on::date, type_before, code_before, label_before, type_after, code_after, label_after
        from cog_row order by row_number"""
    )


def _layout(kind: str, title: str, recognise: Any, read: Any) -> OfficialLayout:
    return OfficialLayout(
        name=f"insee_cog_{kind}",
        publisher="insee",
        dataset="cog",
        title_fr=f"Code officiel géographique : {title}",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
        largest=16 << 20,
    )


LAYOUTS: tuple[OfficialLayout, ...] = (
    _layout("communes", "communes", recognise_communes, _read_communes),
    _layout("departements", "départements", recognise_departements, read_departements),
    _layout("regions", "régions", recognise_regions, read_regions),
    _layout("moves", "événements sur les communes", recognise_moves, _read_moves),
)
