"""Melodi, the API of INSEE: one observation a territory, a measure and a year, as JSON or as CSV.

Filosofi of 2023 on is of a second generation, which INSEE does not compare with the years up to 2021: its indicators
have their own codes (``poverty_rate_60_filosofi2``). There is no year 2022.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import header_of, open_grid
from dagster_project.readers.insee.melodi_cells import OBSERVATION, MelodiTable, Source
from dagster_project.readers.insee.melodi_measures import DATASETS, MelodiDataset
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_LICENCE = "Licence Ouverte 2.0"
_ADVICE = "Reprenez la réponse d'origine de l'API Melodi."
_COLUMNS = ("GEO", "GEO_OBJECT", "TIME_PERIOD", "OBS_VALUE")
_OPTIONAL = ("UNIT_MEASURE", "UNIT_MULT", "CONF_STATUS", "OBS_STATUS", "FREQ", "DECIMALS", "OBS_STATUS_FR")
_DIMENSIONS = {"GEO", "TIME_PERIOD", "UNIT_MEASURE", "FREQ"}
_HEAD = 1 << 16
_SMALL = 64 << 20
_LONGEST = 40


class _StrictError(ValueError):
    """The text is not JSON, or says two things at once."""


@dataclass(frozen=True)
class _Answer:
    dataset: MelodiDataset
    observations: list[dict[str, Any]]
    has_next_page: bool


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise _StrictError("une clé est donnée deux fois")
    return found


def _no_constant(name: str) -> None:
    raise _StrictError(f"{name} n'est pas un nombre")


def _parse(path: Path) -> Any:
    """The JSON of a file, with exact numbers; a key given twice, or a NaN, is not JSON."""
    if path.stat().st_size > _SMALL:
        raise _StrictError("le fichier dépasse 64 Mo")
    try:
        return json.loads(
            path.read_text(encoding="utf-8-sig"),
            parse_float=Decimal,
            parse_int=Decimal,
            parse_constant=_no_constant,
            object_pairs_hook=_pairs,
        )
    except (ValueError, RecursionError, ArithmeticError) as error:
        raise _StrictError(str(error)[:80]) from None


def _recognise_json(path: Path) -> Recognition:
    with path.open("rb") as file:
        head = file.read(_HEAD)
        file.seek(max(0, path.stat().st_size - _HEAD))
        text = (head + file.read()).decode("utf-8", errors="ignore")
    found = tuple(name for name in ("observations", "OBS_VALUE_NIVEAU") if f'"{name}"' in text)
    known = tuple(name for name in DATASETS if f'"{name}"' in text)
    missing = tuple(name for name in ("observations", "OBS_VALUE_NIVEAU") if name not in found)
    return Recognition((*found, *known) if found else (), missing if known else (*missing, "un jeu Melodi connu"))


def _edition_json(path: Path) -> EditionFacts:
    try:
        answer = _parse(path)
        years = {str(one["dimensions"]["TIME_PERIOD"]) for one in answer["observations"]}
    except (_StrictError, KeyError, TypeError, OSError):
        return EditionFacts("")
    return EditionFacts(max(years, default=""))


def _read_json(path: Path, reading: Reading) -> None:
    def refuse(found: str, expected: str) -> None:
        reading.reject(found=found, expected=expected, rule="JSON de Melodi", advice=_ADVICE)

    try:
        answer = _answer(_parse(path))
    except _StrictError as error:
        refuse(str(error), "une réponse JSON de l'API Melodi")
        return
    rows: list[tuple[object, ...]] = []
    for line, observation in enumerate(answer.observations, start=1):
        try:
            rows.append((line, *_observation(observation, answer.dataset)))
        except (_StrictError, KeyError, TypeError, AttributeError) as error:
            reading.cells_read += 1
            reading.reject(
                found=str(error)[:80], expected="une observation : dimensions, attributs, OBS_VALUE_NIVEAU",
                rule="JSON de Melodi", advice=_ADVICE, row=line,
            )  # fmt: skip
    if answer.has_next_page:
        reading.flag(
            found="une page suivante", expected="la dernière page, ou toutes les pages déposées ensemble",
            rule="pages", advice="Déposez aussi les pages suivantes : celle-ci n'est pas la dernière.",
        )  # fmt: skip
    _load(reading, rows)
    source = Source(answer.dataset, "measures", "OBS_VALUE_NIVEAU", is_whole=False)
    MelodiTable(reading, source).read()


def _answer(parsed: Any) -> _Answer:
    if not isinstance(parsed, dict) or not isinstance(parsed.get("observations"), list):
        raise _StrictError("pas de liste « observations »")
    identifier = str(parsed.get("identifier"))
    dataset = next((one for name, one in DATASETS.items() if _is_dataset(identifier, name)), None)
    if dataset is None:
        raise _StrictError(f"jeu inconnu : {identifier}")
    paging = parsed.get("paging") or {}
    if not isinstance(paging, dict):
        raise _StrictError("« paging » illisible")
    has_next = bool(paging.get("next")) or paging.get("isLast") is False
    return _Answer(dataset, parsed["observations"], has_next)


def _is_dataset(identifier: str, name: str) -> bool:
    """A vintage kept under its own name (``DS_FILOSOFI_CC_2021``) is of the same dataset."""
    rest = identifier.removeprefix(name)
    return identifier.startswith(name) and (not rest or (rest[0] == "_" and rest[1:].isdigit()))


def _observation(observation: Any, dataset: MelodiDataset) -> tuple[str | None, ...]:
    dimensions, attributes = observation["dimensions"], observation["attributes"]
    if unknown := set(dimensions) - _DIMENSIONS - {dataset.dimension}:
        raise _StrictError(f"dimension inconnue : {', '.join(sorted(unknown))}")
    measures = observation["measures"]
    if set(measures) != {"OBS_VALUE_NIVEAU"} or not set(measures["OBS_VALUE_NIVEAU"]) <= {"value"}:
        raise _StrictError("mesure inconnue : " + ", ".join(sorted(measures)))
    cog_year, level, code = (*str(dimensions["GEO"]).split("-", 2), "", "")[:3]
    if not (len(cog_year) == 4 and cog_year.isdigit() and level and code):
        raise _StrictError(f"GEO = {dimensions['GEO']}")
    value = measures["OBS_VALUE_NIVEAU"].get("value")
    if value is not None and not (isinstance(value, Decimal) and _is_writable(value)):
        raise _StrictError(f"valeur = {str(value)[:40]}")
    return (
        code, level, str(dimensions[dataset.dimension]), _text(dimensions.get("UNIT_MEASURE")),
        _text(attributes.get("UNIT_MULT")), _text(attributes.get("CONF_STATUS")), _text(attributes.get("OBS_STATUS")),
        str(dimensions["TIME_PERIOD"]), None if value is None else format(value, "f"),
    )  # fmt: skip


def _is_writable(value: Decimal) -> bool:
    """Written out, 1e999999 would be a million digits."""
    return abs(value.adjusted()) < _LONGEST and len(value.as_tuple().digits) < _LONGEST


def _text(value: object) -> str | None:
    return None if value is None else str(value)


def _load(reading: Reading, rows: list[tuple[object, ...]]) -> None:
    import pandas

    frame = pandas.DataFrame(rows, columns=[name for name, _ in OBSERVATION], dtype="object")
    declared = ", ".join(f"cast({name} as {kind}) as {name}" for name, kind in OBSERVATION)
    reading.connection.register("melodi_incoming", frame)
    reading.connection.execute(
        f"create or replace temp table melodi_observation as select {declared} from melodi_incoming"
    )
    reading.connection.unregister("melodi_incoming")


def _dataset_of(header: tuple[str, ...]) -> MelodiDataset | None:
    return next((dataset for dataset in DATASETS.values() if dataset.dimension in header), None)


def _recognise_csv(path: Path) -> Recognition:
    header = header_of(path, ";")
    dataset = _dataset_of(header)
    missing = tuple(name for name in _COLUMNS if name not in header)
    if dataset is None:
        return Recognition((), (*missing, *(one.dimension for one in DATASETS.values())))
    return Recognition((dataset.dimension, *(name for name in _COLUMNS if name in header)), missing)


def _edition_csv(path: Path) -> EditionFacts:
    """The year of the first observations: the file has one line an observation, and is long."""
    header = header_of(path, ";")
    if "TIME_PERIOD" not in header:
        return EditionFacts("")
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        lines = [line.rstrip("\r\n").split(";") for _, line in zip(range(200), file, strict=False)][1:]
    position = header.index("TIME_PERIOD")
    years = {line[position].strip('" ') for line in lines if len(line) == len(header)}
    return EditionFacts(max((year for year in years if len(year) == 4 and year.isdigit()), default=""))


def _read_csv(path: Path, reading: Reading) -> None:
    grid = open_grid(reading, path, ";")
    if grid is None:
        return
    dataset = _dataset_of(grid.header)
    known = {*_COLUMNS, *_OPTIONAL, dataset.dimension if dataset else ""}
    wrong = [name for name in grid.header if name not in known]
    missing = [name for name in _COLUMNS if name not in grid.header]
    if dataset is None or wrong or missing:
        reading.reject(
            found=", ".join([*wrong, *(f"{name} absente" for name in missing)]) or "aucune mesure connue",
            expected=f"les colonnes {', '.join(_COLUMNS)} et celle des mesures", rule="en-tête", row=1,
            advice=_ADVICE,
        )  # fmt: skip
        return
    column: Callable[[str], str] = lambda name: (  # noqa: E731
        f"nullif(trim({grid.column(name)}), '')" if name in grid.header else "null"
    )
    selected = ", ".join(
        f"{column(name)} as {target}"
        for name, (target, _) in zip(
            ("GEO", "GEO_OBJECT", dataset.dimension, "UNIT_MEASURE", "UNIT_MULT", "CONF_STATUS", "OBS_STATUS",
             "TIME_PERIOD", "OBS_VALUE"),
            OBSERVATION[1:], strict=True,
        )
    )  # fmt: skip
    blank = " and ".join(f"{column(name)} is null" for name in grid.header if name)
    reading.connection.execute(
        f"""
        create or replace temp table melodi_observation as
        select row_number as line, {selected}
        from {grid.table}
        where not ({blank})
        """
    )
    MelodiTable(reading, Source(dataset, grid.letter("OBS_VALUE"), "OBS_VALUE", is_whole=True)).read()


LAYOUTS = (
    OfficialLayout(
        "insee_melodi_json", "insee", "melodi", "Melodi : réponse de l'API de l'Insee", _LICENCE, _recognise_json,
        _edition_json, _read_json, covers_itself_only=True,
    ),
    OfficialLayout(
        "insee_melodi_csv", "insee", "melodi", "Melodi : fichier d'un jeu de l'Insee", _LICENCE, _recognise_csv,
        _edition_csv, _read_csv, largest=2 << 30,
    ),
)  # fmt: skip
