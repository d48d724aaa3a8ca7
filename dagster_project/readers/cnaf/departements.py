"""The CNAF file of départements: exact figures, each month since June 2016. Small enough to keep every cell's text."""

from pathlib import Path

from dagster_project.readers.cells import CELL_COLUMNS, Reading, number_of
from dagster_project.readers.cnaf.maturity import obs_status
from dagster_project.readers.cnaf.measures import Measure, measure_of, pairs
from dagster_project.readers.delimited import Grid, open_grid
from dagster_project.readers.nomenclature import departement_code, names, same_name

CODE, LABEL, PERIOD = "numdep", "nomdep", "dtreffre"
_KNOWN = (CODE, LABEL, PERIOD, "numregi", "nomregi", "numreg", "nomreg")
_TECHNICAL = ("XX", "99")
_ORIGIN = "Comparez avec le fichier d'origine sur data.caf.fr."
_NUMBER = r"-?[0-9]{1,15}([.,][0-9]{1,6})?"


def read(path: Path, reading: Reading) -> None:
    """Read the file of départements into cells."""
    grid = open_grid(reading, path, ";")
    if grid is None or (measures := _measures(reading, grid)) is None:
        return
    connection = reading.connection
    filled = " or ".join(f"nullif(trim(c{index}), '') is not null" for index in range(len(grid.header)))
    label = f"trim({grid.column(LABEL)})" if LABEL in grid.header else "cast(null as varchar)"
    connection.execute(
        f"""
        create or replace temp table departement_lines as
        select row_number, trim({grid.column(CODE)}) as written_code, {label} as written_label,
            trim({grid.column(PERIOD)}) as written_period,
            cast(try_strptime(left(written_period, 7), '%Y-%m') as date) as period,
            {", ".join(f"nullif(trim({grid.column(one.name)}), '') as {one.name}" for one in measures)}
        from {grid.table} where {filled}
        """
    )
    counts = " + ".join(f"count({measure.name})" for measure in measures)
    reading.cells_read += _number(reading, f"select {counts} from departement_lines")
    _place(reading, grid)
    _periods(reading, grid)
    _numbers(reading, grid, measures)
    _keep(reading, obs_status(path))
    _twice(reading, grid)
    _complete(reading)
    _amounts(reading, grid, measures)
    _months(reading, grid)


def _number(reading: Reading, sql: str) -> int:
    row = reading.connection.execute(sql).fetchone()
    return int(row[0] or 0) if row else 0


def _measures(reading: Reading, grid: Grid) -> tuple[Measure, ...] | None:
    before = len(reading.rejects)
    for index, name in enumerate(grid.header):
        if name in grid.header[:index] or not (name in _KNOWN or measure_of(name)):
            reading.reject(
                found=name, expected="une colonne de la CNAF, une seule fois", rule="en-tête", row=1,
                column=grid.letter(name), name=name, advice="Vérifiez l'en-tête. " + _ORIGIN,
            )  # fmt: skip
    for name in (CODE, PERIOD):
        if name not in grid.header:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=_ORIGIN
            )
    measures = tuple(measure for name in grid.header if (measure := measure_of(name)))
    return None if len(reading.rejects) > before or not measures else measures


def _place(reading: Reading, grid: Grid) -> None:
    """The official code of each département written, and its name, which must agree."""
    connection = reading.connection
    official = names("departement")
    connection.execute("create or replace temp table departement_places (written varchar, level varchar, code varchar)")
    for row, written, label in connection.execute(
        "select min(row_number), coalesce(written_code, ''), any_value(written_label) "
        "from departement_lines group by written_code, written_label order by 1"
    ).fetchall():
        code = departement_code(written)
        is_technical = written in _TECHNICAL
        if code is None and not is_technical:
            reading.reject(
                found=written, expected="un code de département", rule="code de département", row=row, name=CODE,
                column=grid.letter(CODE), advice="Corrigez le code : deux caractères, ou trois outre-mer. " + _ORIGIN,
            )  # fmt: skip
            continue
        if code and label and not same_name(label, official[code]):
            reading.reject(
                found=f"{written} {label}", expected=official[code], rule="nom du département", row=row, name=LABEL,
                column=grid.letter(LABEL), advice="Le code et le nom ne vont pas ensemble. " + _ORIGIN,
            )  # fmt: skip
        level = "departement" if code else "other"
        connection.execute("insert into departement_places values (?, ?, ?)", [written, level, code or written])
    connection.execute(
        """
        create or replace temp table departement_placed as
        select lines.*, level, coalesce(code, '?') as code
        from departement_lines as lines
        left join (select distinct * from departement_places) as places on coalesce(written_code, '') = written
        """
    )


def _periods(reading: Reading, grid: Grid) -> None:
    for row, written in reading.connection.execute(
        r"""
        select row_number, written_period from departement_placed
        where period is null or not regexp_full_match(coalesce(written_period, ''), '\d{4}-\d{2}(-01)?')
        order by 1 limit 50
        """
    ).fetchall():
        reading.reject(
            found=written or "", expected="un mois AAAA-MM, de 01 à 12", rule="mois", row=row, name=PERIOD,
            column=grid.letter(PERIOD), advice="Corrigez le mois. " + _ORIGIN,
        )  # fmt: skip


def _numbers(reading: Reading, grid: Grid, measures: tuple[Measure, ...]) -> None:
    """Cells as numbers: counts are whole and nothing is negative; a cell that is not one is refused, not kept."""
    columns = ", ".join(measure.name for measure in measures)
    units = ", ".join(
        f"('{one.name}', '{one.indicator}', '{one.kind.unit}', '{grid.letter(one.name)}', '{one.suffix}')"
        for one in measures
    )
    reading.connection.execute(
        f"""
        create or replace temp table departement_figures as
        select row_number, written_period, period, level, code, written_label, name, printed, indicator, unit, letter,
            suffix, case when regexp_full_match(printed, '{_NUMBER}')
                then {number_of("replace(printed, ',', '.')")} end as value,
            value is not null and value >= 0 and (unit = 'eur' or value = trunc(value)) as is_sound
        from (unpivot departement_placed on {columns} into name name value printed)
        inner join (values {units}) as measures (name, indicator, unit, letter, suffix) using (name)
        """
    )
    for row, name, letter, printed in reading.connection.execute(
        "select row_number, name, letter, printed from departement_figures where not is_sound order by 1, 2"
    ).fetchall():
        reading.reject(
            found=printed, expected="un nombre entier positif, sans espace ni unité", rule="nombre", row=row, name=name,
            column=letter, advice="Corrigez la cellule. " + _ORIGIN,
        )  # fmt: skip


def _keep(reading: Reading, status: str) -> None:
    lost = _number(
        reading, "select count(*) from departement_figures where is_sound and (period is null or level is null)"
    )
    reading.leave("Cellules d'une ligne sans mois ou sans territoire lisible", lost)
    # `asf` reads 0 until 2018, for it was not counted.
    unknown = "suffix = 'asf' and value = 0 and period < date '2018-01-01'"
    marker = "'*'" if status == "P" else "null"
    reading.connection.execute(
        f"""
        insert into {reading.table} ({", ".join(column.name for column in CELL_COLUMNS)})
        select indicator, level, code, coalesce(written_label, ''), 'all', written_period,
            strftime(period, '%Y-%m'), date_trunc('month', period), last_day(period),
            case when not ({unknown}) then value end, unit, case when {unknown} then printed else {marker} end,
            case when {unknown} then 'M' else '{status}' end, printed, null, null, row_number, letter
        from departement_figures
        where is_sound and period is not null and level is not null
        """
    )


def _twice(reading: Reading, grid: Grid) -> None:
    for row, code, period, first in reading.connection.execute(
        """
        select max(row_number), code, strftime(period, '%Y-%m'), min(row_number) from departement_placed
        where level = 'departement' and period is not null
        group by code, period having count(*) > 1 order by 1 limit 50
        """
    ).fetchall():
        reading.reject(
            found=f"{code}, {period}", expected="une seule ligne par département et par mois", rule="doublon", row=row,
            column=grid.letter(CODE), name=CODE, advice=f"Déjà à la ligne {first}. " + _ORIGIN,
        )  # fmt: skip


def _complete(reading: Reading) -> None:
    """Every month has the 100 départements, and Mayotte once it has come in."""
    official = names("departement")
    months = reading.connection.execute(
        "select strftime(period, '%Y-%m'), list(distinct code), min(row_number) from departement_placed "
        "where level = 'departement' and period is not null group by period order by period"
    ).fetchall()
    expected = set(official) - {"976"}
    if not months and not reading.rejects:
        reading.reject(found="aucune ligne", expected="101 départements", rule="territoires", advice=_ORIGIN)
    for period, codes, row in months:
        expected |= {"976"} & set(codes)
        for code in sorted(expected - set(codes))[:10]:
            reading.reject(
                found=f"{code} {official[code]} absent en {period}", expected="tous les départements, chaque mois",
                rule="territoires", row=row, name=CODE, advice="Le fichier est incomplet. " + _ORIGIN,
            )  # fmt: skip


def _amounts(reading: Reading, grid: Grid, measures: tuple[Measure, ...]) -> None:
    for households, amount in pairs(measures):
        low, high = amount.range.large_commune
        for row, euros, count in reading.connection.execute(
            f"""
            select row_number, max(value) filter (name = '{amount.name}') as euros,
                max(value) filter (name = '{households.name}') as written
            from departement_figures where level = 'departement' and is_sound
            group by row_number
            having euros > 0 and written >= 100 and euros not between written * {low} and written * {high}
            order by 1 limit 50
            """
        ).fetchall():
            reading.flag(
                found=f"{euros:.0f} € pour {count:.0f} foyers", expected=f"entre {low} et {high} € par foyer", row=row,
                rule="montant par foyer", column=grid.letter(amount.name), name=amount.name,
                advice=f"Vérifiez {amount.name} et {households.name}. " + _ORIGIN,
            )  # fmt: skip


def _months(reading: Reading, grid: Grid) -> None:
    """A month beside the last: nothing doubles or halves alone, and no month is the last one again."""
    for row, name, letter, printed, last in reading.connection.execute(
        """
        select row_number, name, letter, printed, last from (
            select *, lag(value) over series as last, lead(value) over series as next from departement_figures
            where level = 'departement' and is_sound and suffix <> 'ars'
            window series as (partition by code, name order by period)
        )
        where last > 0 and not value + 200 between (last + 200) / 2 and (last + 200) * 2
            and (next is null or abs(next - last) <= abs(value - last) / 2)
        order by 1, 2 limit 50
        """
    ).fetchall():
        reading.flag(
            found=printed, expected=f"un nombre proche de {last:.0f}, celui du mois d'avant", row=row, column=letter,
            name=name, rule="évolution d'un mois à l'autre", advice=_ORIGIN,
        )  # fmt: skip
    for period, row in reading.connection.execute(
        """
        select strftime(period, '%Y-%m'), min(row_number) from (
            select *, lag(value) over (partition by code, name order by period) as last from departement_figures
            where level = 'departement' and value > 100
        )
        where last is not null
        group by period having count(*) >= 20 and avg(cast(value = last as integer)) > 0.8 order by 1
        """
    ).fetchall():
        reading.reject(
            found=f"{period} répète le mois d'avant", expected="des valeurs de ce mois", rule="mois recopié", row=row,
            column=grid.letter(PERIOD), name=PERIOD, advice=_ORIGIN,
        )  # fmt: skip
