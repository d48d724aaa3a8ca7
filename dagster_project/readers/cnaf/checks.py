"""What must hold in a CNAF export of communes: sums over the wide table first, single lines only where one fails."""

from dataclasses import dataclass
from datetime import date

from dagster_project.readers.cnaf.measures import LARGE, RANGES, Measure, pairs
from dagster_project.readers.cnaf.wide import CODE, LABEL, PERIOD, UNLOCATED, Wide
from dagster_project.readers.nomenclature import is_borough_sql

# Residents that no commune could be found for, and codes masked for secrecy (04XXX).
TECHNICAL = "territory_code in ('unlocated', 'XX', '99', '99999') or territory_code like '%XX%'"
# Paris, Lyon and Marseille are counted by borough (arrondissement municipal): no commune of the geographic code.
BOROUGH = is_borough_sql("territory_code")
# Numbers beyond the others' for 2A006 and 2B033; any other code that is not five digits has none.
_CORSICA = """case
    when regexp_full_match(territory_code, '2A[0-9]{3}') then 100000 + cast(substr(territory_code, 3) as integer)
    when regexp_full_match(territory_code, '2B[0-9]{3}') then 101000 + cast(substr(territory_code, 3) as integer)
end"""
_NUMBERS = 101_999
_MAX_LINES = 50
_COMPARED_ROWS = 2_000_000
# Communes merge, one in three hundred in a year at most: a month with fewer lines than that was cut.
_MONTH_SHARE = 0.97
# Added to both years, so that a hamlet may go from five households to forty.
_SMALL = 40
_ORIGIN = "Comparez avec le fichier d'origine sur data.caf.fr."


def check(wide: Wide) -> int:
    """Check the whole table; how many cells of figures it holds."""
    survey = _survey(wide)
    if survey.has_strange_codes and _trim(wide):
        survey = _survey(wide)
    if survey.has_strange_codes:
        _codes(wide)
    if survey.incomplete:
        _incomplete(wide, survey.incomplete)
    if survey.is_undated:
        _undated(wide)
    if survey.repeated:
        _duplicates(wide, survey.repeated)
    for measure in survey.badly_rounded:
        _roundings(wide, measure)
    for households, amount in survey.straying:
        _amounts(wide, households, amount)
    for pair, total, count in survey.totals:
        _whole_file(wide, *pair, total, count)
    if survey.lines <= _COMPARED_ROWS:
        _years(wide)
    return survey.figures


@dataclass(frozen=True)
class _Survey:
    """What one pass over the table tells: only what it points at is looked at again."""

    lines: int
    figures: int
    has_strange_codes: bool
    is_undated: bool
    incomplete: list[str]
    repeated: list[str]
    badly_rounded: list[Measure]
    straying: list[tuple[Measure, Measure]]
    totals: list[tuple[tuple[Measure, Measure], int, int]]


def _survey(wide: Wide) -> _Survey:
    """Cells, codes that are no commune's, months where a commune stands twice, measures and amounts out of bounds."""
    together = pairs(wide.measures)
    asked = {"lines": "count(*)"}
    for one in wide.measures:
        # Bits gathered from all lines: none where all are multiples, the sign's where one is negative.
        asked |= {f"rest_{one.name}": f"bit_or({one.name} % {one.step})", f"sign_{one.name}": f"bit_or({one.name})"}
        asked |= {f"sum_{one.name}": f"sum({one.name})", f"count_{one.name}": f"count({one.name})"}
    for households, amount in together:
        asked[f"margin_{amount.name}"] = f"bit_or({' | '.join(_margins(households, amount))})"
    names = ", ".join(f"{sql} as {name}" for name, sql in asked.items())
    total = dict(zip(asked, map(_whole, wide.one(f"select {names} from {wide.table}")), strict=True))
    months = _communes_by_month(wide)
    most = max((numbers for _, numbers, _ in months), default=0)
    return _Survey(
        total["lines"],
        sum(total[f"count_{measure.name}"] for measure in wide.measures),
        total["lines"] != sum(numbers for _, numbers, _ in months),
        any(month is None for month, _, _ in months),
        sorted(str(month) for month, numbers, _ in months if month and numbers < most * _MONTH_SHARE),
        sorted(str(month) for month, numbers, distinct in months if month and numbers != distinct),
        [one for one in wide.measures if total[f"rest_{one.name}"] or total[f"sign_{one.name}"] < 0],
        [pair for pair in together if total[f"margin_{pair[1].name}"] < 0],
        [(pair, total[f"sum_{pair[1].name}"], total[f"sum_{pair[0].name}"]) for pair in together],
    )


def _whole(value: object) -> int:
    return int(str(value or 0))


def _communes_by_month(wide: Wide) -> list[tuple[date | None, int, int]]:
    """For each month, how many lines have a commune's code, and how many communes that makes.

    A bit per commune number tells whether one comes twice, for a tiny part of what a sort would cost.
    """
    return wide.reading.connection.execute(
        f"""
        with written as (
            select *, case when strlen(territory_code) = 5 then try_cast(territory_code as integer) end as digits
            from {wide.table}
        ),
        numbered as (
            select *, case when digits between 0 and 99998 then digits when digits is null then {_CORSICA} end as number
            from written
        )
        select period, count(number), coalesce(bit_count(bitstring_agg(number, 0, {_NUMBERS})), 0)
        from numbered
        group by period
        """
    ).fetchall()


def _badly_rounded(measure: Measure) -> str:
    return f"{measure.name} < 0 or {measure.name} % {measure.step} <> 0"


def _trim(wide: Wide) -> bool:
    """Take off the blanks around codes; whether there were any."""
    blank = "territory_code <> trim(territory_code)"
    if not _whole(wide.one(f"select count(*) from {wide.table} where {blank}")[0]):
        return False
    wide.reading.connection.execute(
        f"update {wide.table} set territory_code = coalesce(nullif(trim(territory_code), ''), '{UNLOCATED}') "
        f"where {blank}"
    )
    return True


def _incomplete(wide: Wide, months: list[str]) -> None:
    for month in months[:_MAX_LINES]:
        last, lines = wide.one(f"select max(rowid), count(*) from {wide.table} where period = date '{month}'")
        wide.reading.reject(
            found=f"{lines} lignes en {month[:7]}", expected="autant de communes chaque mois", rule="fichier tronqué",
            advice="Il manque des communes à ce mois. " + _ORIGIN, row=wide.line(_whole(last)),
            column=wide.letter(PERIOD), name=PERIOD,
        )  # fmt: skip


def _codes(wide: Wide) -> None:
    """Codes that are no commune's: technical ones, kept as they are, and those that have lost something, refused."""
    connection = wide.reading.connection
    connection.execute(
        f"""
        create or replace temp table strange_codes as
        select rowid as line_rowid, period, territory_code from {wide.table}
        where not regexp_full_match(territory_code, '[0-9]{{5}}|2[AB][0-9]{{3}}') or territory_code = '99999'
        """
    )
    for rowid, code in connection.execute(
        f"""
        select line_rowid, territory_code from strange_codes
        where not ({TECHNICAL})
        order by line_rowid limit {_MAX_LINES}
        """
    ).fetchall():
        wide.reading.reject(
            found=code, expected="un code commune de 5 caractères (01004, 2A006)", rule="code de commune",
            advice="Un zéro en tête s'est sans doute perdu : mettez la colonne en texte. " + _ORIGIN,
            row=wide.line(rowid), column=wide.letter(CODE), name=CODE,
        )  # fmt: skip
    _refuse_repeated(wide, "select line_rowid as number, period, territory_code from strange_codes")


def _undated(wide: Wide) -> None:
    for rowid in wide.reading.connection.execute(
        f"select rowid from {wide.table} where period is null order by rowid limit {_MAX_LINES}"
    ).fetchall():
        wide.reading.reject(
            found="", expected="un mois AAAA-MM", rule="cellule obligatoire", advice="Remplissez la cellule.",
            row=wide.line(rowid[0]), column=wide.letter(PERIOD), name=PERIOD,
        )  # fmt: skip


def _duplicates(wide: Wide, months: list[str]) -> None:
    """The communes that come twice in these months; twenty months are enough to see what happened."""
    dates = ", ".join(f"date '{month}'" for month in months[:20])
    _refuse_repeated(
        wide,
        f"select rowid as number, period, territory_code from {wide.table} "
        f"where period in ({dates}) and regexp_full_match(territory_code, '[0-9]{{5}}|2[AB][0-9]{{3}}')",
    )


def _refuse_repeated(wide: Wide, lines: str) -> None:
    for first, again, code, period in wide.reading.connection.execute(
        f"""
        select min(number), max(number), territory_code, strftime(period, '%Y-%m') from ({lines})
        where period is not null
        group by period, territory_code having count(*) > 1 order by 2 limit {_MAX_LINES}
        """
    ).fetchall():
        shown = "sans commune" if code == UNLOCATED else code
        wide.reading.reject(
            found=f"{shown}, {period}", expected="une seule ligne par commune et par mois", rule="doublon",
            advice=f"Ce mois de ce territoire est déjà à la ligne {wide.line(first)}. " + _ORIGIN,
            row=wide.line(again), column=wide.letter(CODE), name=CODE,
        )  # fmt: skip


def _roundings(wide: Wide, measure: Measure) -> None:
    for rowid, found in wide.reading.connection.execute(
        f"select rowid, {measure.name} from {wide.table} where {_badly_rounded(measure)} "
        f"order by rowid limit {_MAX_LINES}"
    ).fetchall():
        wide.reading.reject(
            found=found, expected=f"un multiple de {measure.step}, jamais négatif", rule="arrondi de la CNAF",
            advice="Les fichiers par commune sont arrondis à 5 foyers et à 100 euros. " + _ORIGIN,
            row=wide.line(rowid), column=wide.letter(measure.name), name=measure.name,
        )  # fmt: skip


def _margins(households: Measure, amount: Measure) -> list[str]:
    """How far euros stand inside each bound of euros a household; one of them negative, and they stray.

    The bounds of a large commune hold from 100 households on; they widen below, down to those of any commune.
    """
    euros, count = amount.name, f"cast({households.name} as bigint)"
    low, high = amount.range.any_commune
    large_low, large_high = amount.range.large_commune
    margins = [
        f"({euros} - {low} * {count})",
        f"({euros} - {large_low} * {count} + {(large_low - low) * LARGE})",
        f"({high} * {count} - {euros})",
        f"({large_high} * {count} + {(high - large_high) * LARGE} - {euros})",
    ]
    # Some are paid once a year, or not at all in a month: no euros is no fault.
    return margins if households.suffix in RANGES else margins[2:]


def _amounts(wide: Wide, households: Measure, amount: Measure) -> None:
    """Where euros a household stray, one of the two cells is ten times too large or too small."""
    for rowid, euros, count in wide.reading.connection.execute(
        f"select rowid, {amount.name}, {households.name} from {wide.table} "
        f"where ({' | '.join(_margins(households, amount))}) < 0 order by rowid limit {_MAX_LINES}"
    ).fetchall():
        low, high = amount.range.large_commune if count >= LARGE else amount.range.any_commune
        wide.reading.flag(
            found=f"{euros} € pour {count} foyers", expected=f"entre {low} et {high} € par foyer",
            rule="montant par foyer", advice=f"Vérifiez {amount.name} et {households.name}. " + _ORIGIN,
            row=wide.line(rowid), column=wide.letter(amount.name), name=amount.name,
        )  # fmt: skip


def _whole_file(wide: Wide, households: Measure, amount: Measure, euros: int, count: int) -> None:
    """Euros a household over the whole file: two headers exchanged show here, for certain."""
    low, high = amount.range.whole
    if euros and count >= LARGE and not count * low <= euros <= count * high:
        wide.reading.reject(
            found=f"{euros // count} € par foyer sur tout le fichier", expected=f"entre {low} et {high} €",
            rule="montant par foyer", row=1, column=wide.letter(amount.name), name=amount.name,
            advice=f"Deux en-têtes sont-ils échangés ? Vérifiez {amount.name}, {households.name}. " + _ORIGIN,
        )  # fmt: skip


def _years(wide: Wide) -> None:
    """A year beside the last: no commune trebles, and no year is the last one again."""
    for measure in wide.measures:
        if measure.suffix == "ars" or measure.is_amount:
            continue
        for rowid, found, last in wide.reading.connection.execute(
            f"""
            select rowid, {measure.name}, last
            from (
                select rowid, period, {measure.name},
                    lag({measure.name}) over commune as last, lag(period) over commune as last_period,
                    lead({measure.name}) over commune as next
                from {wide.table} where not ({TECHNICAL})
                window commune as (partition by territory_code order by period)
            )
            where last_period >= period - interval 1 year and last is not null
                and not cast({measure.name} as bigint) + {_SMALL}
                    between (cast(last as bigint) + {_SMALL}) / 3 and (cast(last as bigint) + {_SMALL}) * 3
                and (next is null or abs(next - last) <= abs({measure.name} - cast(last as bigint)) / 2)
            order by rowid limit {_MAX_LINES}
            """
        ).fetchall():
            wide.reading.flag(
                found=found, expected=f"un nombre proche de {last}, celui d'avant", rule="évolution d'une commune",
                advice="Une commune ne triple pas, ni ne perd les deux tiers, en un an. " + _ORIGIN,
                row=wide.line(rowid), column=wide.letter(measure.name), name=measure.name,
            )  # fmt: skip
    _pasted(wide)
    if LABEL in wide.header:
        _exchanged(wide)


def _exchanged(wide: Wide) -> None:
    """Two communes that bear each other's name for one month: their codes, or their lines, were exchanged."""
    for rowid, label, usual, period in wide.reading.connection.execute(
        f"""
        with named as (
            select rowid as number, period, territory_code, territory_label,
                mode(territory_label) over (partition by territory_code) as usual
            from {wide.table} where territory_label is not null and not ({TECHNICAL})
        )
        select this.number, this.territory_label, this.usual, strftime(this.period, '%Y-%m')
        from named as this
        inner join named as other
            on this.period = other.period and this.territory_label = other.usual and other.territory_label = this.usual
                and this.territory_code <> other.territory_code
        where this.territory_label <> this.usual
        order by 1 limit {_MAX_LINES}
        """
    ).fetchall():
        wide.reading.reject(
            found=label, expected=f"« {usual} », le nom de ce code les autres mois", rule="communes échangées",
            advice=f"En {period}, deux communes ont échangé leur nom ou leur code. " + _ORIGIN,
            row=wide.line(rowid), column=wide.letter(LABEL), name=LABEL,
        )  # fmt: skip


def _pasted(wide: Wide) -> None:
    same = " and ".join(f"{measure.name} is not distinct from other.{measure.name}" for measure in wide.measures)
    same = same.replace(" and ", " and this.")
    largest = " + ".join(f"coalesce(this.{measure.name}, 0)" for measure in wide.measures)
    for period, other, rowid in wide.reading.connection.execute(
        f"""
        select strftime(this.period, '%Y-%m'), strftime(other.period, '%Y-%m'), min(this.rowid)
        from {wide.table} as this
        inner join {wide.table} as other
            on this.territory_code = other.territory_code and other.period < this.period
                and other.period >= this.period - interval 1 year
        where {largest} >= 1000
        group by this.period, other.period
        having count(*) >= 10 and avg(cast(this.{same} as integer)) > 0.5
        order by 1
        """
    ).fetchall():
        wide.reading.reject(
            found=f"{period} répète {other}", expected="des valeurs de ce mois", rule="mois recopié",
            advice="Les valeurs d'un mois ont été collées sur un autre. " + _ORIGIN, row=wide.line(rowid),
            column=wide.letter(PERIOD), name=PERIOD,
        )  # fmt: skip
