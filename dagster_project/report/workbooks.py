"""Workbooks for those who never write SQL: one a territory, asked for by name, or all those of a release."""

import os
from pathlib import Path

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.query import served_database
from dagster_project.report import french
from dagster_project.report.known import Known
from dagster_project.report.marts import Marts, Row
from dagster_project.settings import Settings

_SUFFIX = ".xlsx"


def write_workbook(settings: Settings, territory: str, output: Path | None = None) -> Path:
    """Write the workbook of a territory of the served release; `output` is a file, or a folder that exists.

    Raises:
        BilanError: nothing has been published, or the file cannot be written.
        WrongUseError: no such territory, or several; not the name of a workbook.
    """
    with Marts.opened(served_database(settings)) as marts:
        known = Known(marts)
        place = _asked(known, territory)
        path = output or Path()
        if path.is_dir():
            path /= file_name(place)
        if path.suffix.lower() != _SUFFIX:
            raise WrongUseError(f"{path} : donnez un dossier qui existe, ou un fichier en {_SUFFIX}.")
        _write(known, place, path)
    return path


def build_workbooks(database: Path, folder: Path) -> list[Path]:
    """Write the workbook of every territory of the release in `database` into `folder`, which is created."""
    folder.mkdir(parents=True)
    with Marts.opened(database) as marts:
        known = Known(marts)
        made = []
        for place in known.places.all:
            made.append(folder / file_name(place))
            _write(known, place, made[-1])
    return made


def file_name(place: Row) -> str:
    """`bilan-31-haute-garonne.xlsx`; the level is said where a code alone would not do."""
    level = "region-" if place["territory_level"] == "region" else ""
    return f"bilan-{level}{place['territory_code']}-{french.slug(place['territory_name'])}{_SUFFIX}"


def _write(known: Known, place: Row, path: Path) -> None:
    """Whole or not at all: somebody may have the file open."""
    from xlsxwriter.exceptions import FileCreateError

    from dagster_project.report.sheets.workbook import write

    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        write(known, place, unfinished)
        unfinished.replace(path)
    except (OSError, FileCreateError) as error:
        raise BilanError(f"{path} n'a pas pu être écrit : vérifiez que le dossier existe et vos droits.") from error
    finally:
        unfinished.unlink(missing_ok=True)


def _asked(known: Known, territory: str) -> Row:
    """The territory a code, a level and a code, or a name stands for."""
    asked = french.slug(territory)
    found = [place for place in known.places.all if asked in _names(place)]
    if len(found) == 1:
        return found[0]
    if found:
        choices = " ou ".join(f"{place['territory_level']}-{place['territory_code']}" for place in found)
        raise WrongUseError(f"« {territory} » désigne plusieurs territoires : écrivez {choices}.")
    there = ", ".join(f"{place['territory_code']} {place['territory_name']}" for place in known.places.all)
    raise WrongUseError(f"« {territory} » n'est pas un territoire de cette version. Territoires : {there}.")


def _names(place: Row) -> tuple[str, ...]:
    level, code = place["territory_level"], place["territory_code"].lower()
    return code, f"{level}-{code}", french.slug(place["territory_name"])
