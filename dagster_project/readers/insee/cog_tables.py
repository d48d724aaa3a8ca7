"""The tables a geographic code is loaded into, and how rows that break a rule are kept out of them."""

import re
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import Grid, delimiter_of, open_grid

TERRITORY_TABLE = "cog_territory"
MOVE_TABLE = "cog_move"
TERRITORY = """
    territory_level varchar, territory_code varchar, territory_name varchar, region_code varchar,
    departement_code varchar, parent_code varchar, type varchar, cog_year integer
"""
MOVE = """
    mod varchar, effective_on date, type_before varchar, code_before varchar, label_before varchar,
    type_after varchar, code_after varchar, label_after varchar
"""
ADVICE = "Reprenez le fichier du code officiel géographique tel que l'Insee le publie."
_SHOWN = 20


def cog_year(path: Path) -> int | None:
    """The year of a geographic code, from the name of the file, or of the folder of its edition."""
    for name in (path.stem, path.parent.name):
        years = re.findall(r"(?<!\d)((?:19|20)\d\d)(?!\d)", name)
        if years:
            return int(years[0])
    return None


def is_json(path: Path) -> bool:
    """Whether a file is a JSON list."""
    with path.open("rb") as file:
        return file.read(64).lstrip().startswith(b"[")


def open_table(path: Path, reading: Reading, table: str, columns: str) -> Grid | None:
    """The grid, its header in capitals (2020 is in small letters), with the table made beside, empty."""
    reading.connection.execute(f"create or replace temp table {table} ({columns})")
    reading.nomenclature = (table,)
    grid = open_grid(reading, path, delimiter_of(path))
    return Grid(grid.table, tuple(name.upper() for name in grid.header)) if grid else None


def needs(reading: Reading, grid: Grid, needed: tuple[str, ...]) -> bool:
    """Whether the file has these columns; those it lacks are refused."""
    for name in needed:
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=ADVICE
            )
    return all(name in grid.header for name in needed)


def year_of(path: Path, reading: Reading) -> int | None:
    """The year of the code, refused where no name gives it."""
    year = cog_year(path)
    if year is None:
        reading.reject(
            found=path.name, expected="l'année du code dans le nom du fichier ou du dossier", rule="millésime",
            advice="Gardez le nom que l'Insee donne au fichier, année comprise.",
        )  # fmt: skip
    return year


def _select(grid: Grid, roles: dict[str, str]) -> str:
    return ", ".join(
        f"trim({grid.column(name)}) as {role}" if name in grid.header else f"null::varchar as {role}"
        for role, name in roles.items()
    )


def stage(reading: Reading, grid: Grid, roles: dict[str, str]) -> None:
    """Make ``cog_row``, one line a row that is not blank, and count rows."""
    every = ", ".join(f"c{index}" for index in range(len(grid.header)))
    reading.connection.execute(
        f"""create or replace temp table cog_row as
        select row_number, {_select(grid, roles)} from {grid.table} where coalesce({every}) is not null"""
    )
    reading.cells_read = one(reading, "select count(*) from cog_row")


def one(reading: Reading, query: str) -> int:
    """The one number a query gives."""
    row = reading.connection.execute(query).fetchone()
    assert row is not None
    return int(row[0] or 0)


def refuse(reading: Reading, grid: Grid, roles: dict[str, str], rules: list[tuple[str, str, str, str]]) -> None:
    """Take out of ``cog_row`` the rows that break a rule: (role, condition, what was expected, name of the rule)."""
    refused: set[int] = set()
    for role, condition, expected, rule in rules:
        found = reading.connection.execute(
            f"select row_number, coalesce({role}, 'case vide') from cog_row where {condition} order by row_number"
        ).fetchall()
        refused |= {number for number, _ in found}
        name = roles[role]
        letter = grid.letter(name) if name in grid.header else None
        for number, text in found[:_SHOWN]:
            reading.reject(
                found=text, expected=expected, rule=rule, row=number, column=letter, name=name, advice=ADVICE
            )
        if len(found) > _SHOWN:
            reading.reject(
                found=f"{len(found) - _SHOWN} autres lignes", expected=expected, rule=rule, column=letter, name=name,
                advice=ADVICE,
            )  # fmt: skip
    if refused:
        reading.leave("Ligne refusée", len(refused))
        listed = ", ".join(str(number) for number in refused)
        reading.connection.execute(f"delete from cog_row where row_number in ({listed})")


def incomplete(reading: Reading, found: str, expected: str, name: str) -> None:
    """Refuse a file for what it lacks."""
    reading.reject(found=found, expected=expected, rule="complétude", name=name, advice=ADVICE)
