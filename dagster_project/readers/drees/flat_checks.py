"""What the flat export of DREES must hold, and agree with, once its rows are read: SQL on the table of the reading."""

from dagster_project.readers.cells import Reading
from dagster_project.readers.drees.benefits import BENEFITS
from dagster_project.readers.nomenclature import names

_LOOK = "Comparez la cellule avec le fichier publié par la DREES."
_ORIGINAL = "Reprenez l'export d'origine de la DREES : il est tronqué."
_CORE = ", ".join(f"'{benefit.indicator_code}'" for benefit in BENEFITS if benefit.is_core)
_MANY = 20


def check(reading: Reading, letter: str) -> None:
    """Refuse what is absent; flag what neighbours and national counts contradict. ``letter``: the column of values."""
    _refuse_absent_series(reading)
    _refuse_absent_departements(reading)
    _refuse_absent_months(reading)
    _flag_spikes(reading, letter)
    _flag_sums(reading, letter)


def _refuse_absent_series(reading: Reading) -> None:
    rows = reading.connection.execute(
        f"select distinct indicator_code from {reading.table} where territory_level = 'departement'"
    ).fetchall()
    for benefit in BENEFITS:
        if benefit.is_core and (benefit.indicator_code,) not in rows:
            reading.reject(
                found="série absente", expected=f"une série départementale {benefit.indicator_code}",
                rule="séries attendues", advice=_ORIGINAL,
            )  # fmt: skip


def _refuse_absent_departements(reading: Reading) -> None:
    """Every month of a benefit holds the 101 départements, as a number, a marker or an empty value."""
    official = names("departement")
    rows = reading.connection.execute(
        f"""
        select indicator_code, month, list(distinct code) from flat_row
        where level = 'departement' and indicator_code in ({_CORE}) group by all order by all
        """
    ).fetchall()
    absent: dict[tuple[str, str], list[str]] = {}
    for indicator, month, codes in rows:
        for code in sorted(set(official) - set(codes)):
            absent.setdefault((indicator, code), []).append(f"{month:%Y-%m}")
    for (indicator, code), months in list(absent.items())[: 5 * _MANY]:
        reading.reject(
            found=f"aucune ligne pour {len(months)} mois, dont {months[0]}",
            expected=f"{official[code]} ({code}) pour {indicator}", rule="territoires attendus", advice=_ORIGINAL,
            name="departement",
        )  # fmt: skip


def _refuse_absent_months(reading: Reading) -> None:
    """Months follow each other, and are the same for the country and for its départements."""
    rows = reading.connection.execute(
        f"""
        with held as (
            select indicator_code, level, month from flat_row
            where level in ('country', 'departement') and indicator_code in ({_CORE}) and number is not null
            group by all
        ),
        -- RSA, prime d'activité, AAH and housing aid come out of the same files of the CAF: they stop together.
        bounds as (
            select indicator_code, min(month) as first,
                case when indicator_code = 'ass_recipients' then max(month)
                    else max(max(month)) over (partition by indicator_code = 'ass_recipients') end as last
            from held group by indicator_code
        ),
        expected as (
            select indicator_code, level, unnest(generate_series(first, last, interval 1 month))::date as month
            from bounds join (select distinct indicator_code, level from held) using (indicator_code)
        )
        select indicator_code, level, month from expected anti join held using (indicator_code, level, month)
        order by all
        """
    ).fetchall()
    for indicator, level, month in rows[: 5 * _MANY]:
        reading.reject(
            found="mois absent", expected=f"{month:%Y-%m} pour {indicator}, niveau {level}", rule="mois attendus",
            advice=_ORIGINAL, name="mois",
        )  # fmt: skip


def _flag_spikes(reading: Reading, letter: str) -> None:
    """A département does not triple in a month to fall back the next, nor quintuple at the end of a series."""
    reading.connection.execute(
        f"""
        create or replace temp table flat_spike as
        with series as (
            select *, lag(number) over months as before, lead(number) over months as after,
                lag(number, 2) over months as long_before, lead(number, 2) over months as long_after
            from flat_row where number is not null and indicator_code in ({_CORE})
            window months as (partition by indicator_code, level, code order by month)
        )
        select row_number, indicator_code, label, month, valeur, coalesce(before, after) as near from series
        where greatest(number, before, after) >= 500 and (
            (number > 3 * before and number > 3 * after) or (3 * number < before and 3 * number < after)
            or (after is null and (number > 5 * before or 5 * number < before))
            or (before is null and (number > 5 * after or 5 * number < after))
        )
        """
    )
    rows = reading.connection.execute("select * from flat_spike order by row_number").fetchall()
    for row, indicator, label, month, valeur, near in rows[: 5 * _MANY]:
        reading.flag(
            found=valeur, expected=f"pour {label}, {indicator}, {month:%Y-%m} : un effectif proche de {near:.0f}",
            rule="saut d'un mois à l'autre", advice=_LOOK, row=row, column=letter, name="valeur",
        )  # fmt: skip


def _flag_sums(reading: Reading, letter: str) -> None:
    """Départements add up to the country, within half of each rounding; point at the one that moved by the gap."""
    rows = reading.connection.execute(
        """
        with total as (
            select indicator_code, month, sum(number) as summed, count(number) as held, count(*) as expected,
                sum(coalesce(step, 0)) / 2 + 50 as tolerance
            from flat_row where level = 'departement' group by all
        ),
        gap as (
            select total.*, country.number as printed, summed - country.number as gap,
                country.row_number as country_row, country.valeur as country_value
            from total join flat_row as country using (indicator_code, month)
            where country.level = 'country' and country.code = 'FR' and country.number is not null
                and abs(summed - country.number) > tolerance
                and not (held < expected and summed < country.number)
                and (indicator_code, month) not in (select (indicator_code, month) from flat_spike)
        ),
        moved as (
            select row_number, indicator_code, month, level, label, valeur,
                number - coalesce((lag(number) over months + lead(number) over months) / 2,
                    lag(number) over months, lead(number) over months) as move
            from flat_row where level in ('departement', 'country')
            window months as (partition by indicator_code, level, code order by month)
        )
        select gap.indicator_code, gap.month, summed, printed, tolerance,
            arg_min(struct_pack(r := moved.row_number, l := label, v := valeur),
                abs(move * (case when level = 'country' then -1 else 1 end) - gap)),
        from gap join moved using (indicator_code, month) group by all order by 1, 2
        """
    ).fetchall()
    for indicator, month, summed, printed, tolerance, cell in rows[: 5 * _MANY]:
        reading.flag(
            found=f"{cell['v']} ({cell['l']})" if cell else f"{summed:.0f}",
            expected=f"une somme des départements de {printed:.0f} pour {indicator} en {month:%Y-%m}, "
            f"à {tolerance:.0f} près, et non de {summed:.0f}",
            rule="somme et total national", advice=_LOOK, row=cell["r"] if cell else None, column=letter, name="valeur",
        )  # fmt: skip
