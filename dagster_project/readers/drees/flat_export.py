"""Données mensuelles sur les prestations de solidarité, the flat export (CSV) of the open data portal of DREES.

A row a month, a series and a territory. Levels are mixed: the text ``NA`` stands for a level that does not apply; an
empty value is one that was not published, not a zero. Everything here is SQL: the file is long.
"""

import csv
import re
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import Grid, header_of, open_grid
from dagster_project.readers.drees.benefits import Benefit, benefit_named
from dagster_project.readers.drees.flat_checks import check
from dagster_project.readers.nomenclature import departement_code, names, plain, region_code
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_COLUMNS = (
    "mois", "serie", "nom_serie", "region", "nom_region", "departement", "nom_departement", "valeur", "maturite",
)  # fmt: skip
_OPTIONAL = ("unite", "commentaire")
_ORIGINAL = "Reprenez l'export d'origine de la DREES."
_SERIES_LEFT = (
    (
        r"\b(etudiant|boursier|crous|repas|aides? specifiques?|aides? ponctuelles?)",
        "Aides aux étudiants : hors périmètre",
    ),
    (r"\b(evolution|glissement|variation)", "Évolution publiée par la DREES : recalculée à partir des effectifs"),
    (r"\b(cvs|corrigee?s?|desaisonnalisee?s?)\b", "Série corrigée des variations saisonnières"),
)
_STATUS = {
    "provisoire": ("P", "*"),
    "semi definitif": ("P", "semi-définitif"),
    "definitif": ("A", None),
    "": ("A", None),
    "na": ("A", None),
}
_ABSENT = ("", "NA", "na")


def _recognise(path: Path) -> Recognition:
    header = header_of(path, ";")
    found = tuple(name for name in _COLUMNS if name in header)
    # A column called region or departement is in many files; these are in this one only.
    telling = {"serie", "nom_serie", "maturite"} & set(found)
    return Recognition(found if telling else (), tuple(name for name in _COLUMNS if name not in header))


def _edition(path: Path) -> EditionFacts:
    """The file does not say when it was published: its last month names the edition."""
    try:
        with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
            months = {str(row.get("mois") or "")[:7] for row in csv.DictReader(file, delimiter=";")}
    except (csv.Error, OSError):
        return EditionFacts("")
    return EditionFacts(max((month for month in months if re.fullmatch(r"\d{4}-\d{2}", month)), default=""))


def _read(path: Path, reading: Reading) -> None:
    grid = open_grid(reading, path, ";")
    if grid is None or not _has_its_columns(reading, grid):
        return
    connection = reading.connection
    connection.execute(
        f"""
        create or replace temp table flat as
        select row_number, {", ".join(f"trim(coalesce({grid.column(name)}, '')) as {name}" for name in _COLUMNS)},
            {f"trim(coalesce({grid.column('unite')}, ''))" if "unite" in grid.header else "''"} as unite
        from {grid.table}
        """
    )
    row = connection.execute("select count(*) from flat").fetchone()
    reading.cells_read += int(row[0]) if row else 0
    _name_series(reading, grid)
    _name_territories(reading, grid)
    _name_statuses(reading, grid)
    _refuse_rows(reading, grid)
    _keep(reading, grid)
    check(reading, grid.letter("valeur"))


def _has_its_columns(reading: Reading, grid: Grid) -> bool:
    faults = len(reading.rejects)
    for name in _COLUMNS:
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", advice=_ORIGINAL, row=1, name=name
            )
    for name in sorted(set(grid.header)):
        if name not in (*_COLUMNS, *_OPTIONAL) or grid.header.count(name) > 1:
            reading.reject(
                found=name, expected="une colonne prévue, une seule fois", rule="en-tête", advice=_ORIGINAL, row=1,
                column=grid.letter(name), name=name,
            )  # fmt: skip
    return len(reading.rejects) == faults


def _name_series(reading: Reading, grid: Grid) -> None:
    """Each series by its code and its name together, which must name one benefit; or one that is set aside."""
    named: list[tuple[object, ...]] = []
    rows = reading.connection.execute(
        """
        select serie, nom_serie, count(*), min(row_number), list(distinct lower(unite)) from flat
        group by all order by 4
        """
    ).fetchall()
    for serie, nom_serie, count, first, units in rows:
        words = plain(f"{serie} {nom_serie}")
        reason = next((reason for pattern, reason in _SERIES_LEFT if re.search(pattern, words)), None)
        benefit = None if reason else benefit_named(words)
        if reason is None and benefit is None:
            _refuse_many(
                reading, grid, "nom_serie", first, count=count, found=f"{serie} / {nom_serie}",
                expected="une série connue", rule="série", advice="Faites ajouter cette série avant de la reprendre.",
            )  # fmt: skip
        elif benefit and (unit := _foreign_unit(benefit, units)):
            _refuse_many(
                reading, grid, "unite", first, count=count, found=unit,
                expected="l'unité de cette prestation", rule="unité", advice=_ORIGINAL,
            )  # fmt: skip
            benefit = None
        elif reason:
            reading.leave(reason, count)
        if benefit:
            step = 10 if benefit.is_rounded else None
            named.append((serie, nom_serie, benefit.indicator_code, benefit.unit, step))
    _table(reading, "flat_series", "serie, nom_serie, indicator_code, unit, step", named)


def _foreign_unit(benefit: Benefit, units: list[str]) -> str | None:
    wrong = r"%|pourcent|euro|€" + ("|foyer" if benefit.unit == "person" else "")
    return next((unit for unit in units if re.search(wrong, unit)), None)


def _name_territories(reading: Reading, grid: Grid) -> None:
    rows = reading.connection.execute(
        """
        select region, nom_region, departement, nom_departement, count(*), min(row_number)
        from flat join flat_series using (serie, nom_serie) group by all order by 6
        """
    ).fetchall()
    named: list[tuple[object, ...]] = []
    for region, nom_region, departement, nom_departement, count, first in rows:
        territory, fault = _territory(region, nom_region, departement, nom_departement)
        if fault:
            column, expected = fault
            found = {
                "region": region, "nom_region": nom_region, "departement": departement,
                "nom_departement": nom_departement,
            }[column]  # fmt: skip
            _refuse_many(
                reading,
                grid,
                column,
                first,
                count=count,
                found=found,
                expected=expected,
                rule="territoire",
                advice=_ORIGINAL,
            )
        level, code, label = territory or (None, None, None)
        named.append((region, nom_region, departement, nom_departement, level, code, label))
    _table(reading, "flat_territory", "region, nom_region, departement, nom_departement, level, code, label", named)


def _territory(
    region: str, nom_region: str, departement: str, nom_departement: str
) -> tuple[tuple[str, str, str] | None, tuple[str, str] | None]:
    """The territory of a row, or the column that is wrong and what it should hold."""
    if departement not in _ABSENT:
        code = departement_code(departement)
        if code is None:
            return None, ("departement", "le code d'un département")
        official = names("departement")[code]
        if nom_departement not in _ABSENT and _bare(nom_departement) != _bare(official):
            return None, ("nom_departement", f"« {official} », le nom du code {code}")
        return ("departement", code, official), None
    if plain(nom_region).startswith("france") or (region in _ABSENT and nom_region in _ABSENT):
        metropolitan = "metropol" in plain(nom_region)
        return (
            "country",
            "FR-METRO" if metropolitan else "FR",
            nom_region if nom_region not in _ABSENT else "France",
        ), None
    code = region_code(region)
    if code is None:
        return None, ("region", "le code d'une région")
    official = names("region")[code]
    if nom_region not in _ABSENT and _bare(nom_region) != _bare(official):
        return None, ("nom_region", f"« {official} », le nom du code {code}")
    return ("region", code, official), None


def _bare(name: str) -> str:
    return plain(name).removeprefix("la ")


def _name_statuses(reading: Reading, grid: Grid) -> None:
    rows = reading.connection.execute(
        """
        select maturite, count(*), min(row_number) from flat join flat_series using (serie, nom_serie)
        group by all order by 3
        """
    ).fetchall()
    named: list[tuple[object, ...]] = []
    for maturite, count, first in rows:
        words = re.sub(r"\bdefiniti(f|ve)s?\b", "definitif", re.sub(r"\bprovisoires?\b", "provisoire", plain(maturite)))
        status, marker = _STATUS.get(words, (None, None))
        if status is None:
            _refuse_many(
                reading, grid, "maturite", first, count=count, found=maturite,
                expected="provisoire, semi-définitif ou définitif", rule="maturité", advice=_ORIGINAL,
            )  # fmt: skip
        named.append((maturite, status, marker))
    _table(reading, "flat_status", "maturite, status, marker", named)


def _table(reading: Reading, name: str, columns: str, rows: list[tuple[object, ...]]) -> None:
    typed = ", ".join(f"{column} {'integer' if column == 'step' else 'varchar'}" for column in columns.split(", "))
    reading.connection.execute(f"create or replace temp table {name} ({typed})")
    if rows:
        marks = ", ".join("?" for _ in rows[0])
        reading.connection.executemany(f"insert into {name} values ({marks})", rows)


def _refuse_rows(reading: Reading, grid: Grid) -> None:
    """Refuse months and values that cannot be, and rows met twice, each by its line."""
    reading.connection.execute(
        """
        create or replace temp table flat_row as
        select flat.*, indicator_code, flat_series.unit, step, level, code, label, status, marker,
            case when regexp_full_match(mois, '[12]\\d{3}-(0[1-9]|1[0-2])(-01)?')
                then (left(mois, 7) || '-01')::date end as month,
            case when regexp_full_match(valeur, '\\d+(\\.0+)?') then split_part(valeur, '.', 1)::decimal(24, 6) end
                as number,
            lower(valeur) in ('', 'na', 'nd', 'nc', 's', '-') as is_missing
        from flat
        join flat_series using (serie, nom_serie)
        join flat_territory using (region, nom_region, departement, nom_departement)
        join flat_status using (maturite)
        where level is not null and status is not null
        """
    )
    for column, condition, expected, rule in (
        ("mois", "month is null", "un mois AAAA-MM", "mois"),
        (
            "valeur", "month is not null and number is null and not is_missing",
            "un nombre entier, sans séparateur, ou une cellule vide", "type de la cellule",
        ),
        (
            "mois",
            "month is not null and (number is not null or is_missing) "
            "qualify row_number() over (partition by indicator_code, level, code, month order by row_number) > 1",
            "une seule ligne par série, territoire et mois", "ligne en double",
        ),
    ):  # fmt: skip
        rows = reading.connection.execute(
            f"select row_number, {column} from flat_row where {condition} order by row_number"
        ).fetchall()
        for number, found in rows:
            reading.reject(
                found=found, expected=expected, rule=rule, advice=_ORIGINAL, row=number, column=grid.letter(column),
                name=column,
            )  # fmt: skip
        reading.connection.executemany("delete from flat_row where row_number = ?", [[n] for n, _ in rows] or [[-1]])


def _keep(reading: Reading, grid: Grid) -> None:
    row = reading.connection.execute("select count(*) from flat_row where valeur = ''").fetchone()
    reading.leave("Valeur non publiée : cellule vide", int(row[0]) if row else 0)
    reading.connection.execute(
        f"""
        insert into {reading.table} by name
        select indicator_code, level as territory_level, code as territory_code, label as territory_label,
            'all' as population_group, mois as period_label, strftime(month, '%Y-%m') as period_code,
            month as period_start, last_day(month) as period_end, number as value, unit,
            case when number is null then valeur else marker end as marker,
            case when number is null then 'M' else status end as obs_status, valeur as printed_text,
            case when level = 'country' then 100 else step end as printed_step,
            row_number as source_row, '{grid.letter("valeur")}' as source_column
        from flat_row where valeur <> ''
        """
    )


def _refuse_many(
    reading: Reading,
    grid: Grid,
    column: str,
    first: int,
    *,
    count: int,
    found: str,
    expected: str,
    rule: str,
    advice: str,
) -> None:
    """Refuse the first line of those that share a fault, and say how many there are."""
    also = f" ({count} lignes)" if count > 1 else ""
    reading.reject(
        found=f"{found}{also}", expected=expected, rule=rule, advice=advice, row=first, column=grid.letter(column),
        name=column,
    )  # fmt: skip


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="drees_monthly_flat",
        publisher="drees",
        dataset="monthly_benefits_flat",
        title_fr="Données mensuelles sur les prestations de solidarité (export plat)",
        licence="Licence Ouverte 2.0",
        recognise=_recognise,
        edition=_edition,
        read=_read,
        largest=512 << 20,
    ),
)
