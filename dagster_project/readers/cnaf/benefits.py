"""Benefits paid by the family allowance funds (CAF), as data.caf.fr publishes them: by commune, and by département.

CAF only, not MSA: never the same quantity as the DREES series. Communes: residents of December N, on the geographic
code of January N+1, counts rounded to 5 and amounts to 100 euros, so that communes do not add up to the département.

A file of communes may have tens of millions of lines. It stays wide, in the table ``<reading>_wide``; the view
``<reading>_cells`` shows the same figures as common cells, and becomes the reading's table.
"""

import re
from collections.abc import Callable
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.cnaf import departements
from dagster_project.readers.cnaf.checks import BOROUGH, TECHNICAL, check
from dagster_project.readers.cnaf.maturity import obs_status
from dagster_project.readers.cnaf.measures import Measure, measure_of
from dagster_project.readers.cnaf.wide import CODE, PERIOD, Wide, bounded_memory, count_apart, read_wide
from dagster_project.readers.delimited import header_of
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_EDGE = 1 << 23


def _recogniser(code: str) -> Callable[[Path], Recognition]:
    def recognise(path: Path) -> Recognition:
        header = header_of(path, ";")
        wanted = {PERIOD: PERIOD in header, code: code in header, "indfoy_…": any(map(measure_of, header))}
        return Recognition(
            tuple(name for name, is_there in wanted.items() if is_there),
            tuple(name for name, is_there in wanted.items() if not is_there),
        )

    return recognise


def edition(path: Path) -> EditionFacts:
    """The last month a file tells of. It does not say when it was published."""
    with path.open("rb") as file:
        text = file.read(_EDGE)
        if path.stat().st_size > 2 * _EDGE:
            file.seek(-_EDGE, 2)
        text += b"\n" + file.read(_EDGE)
    months = re.findall(rb"(?:^|[\n;])\"?((?:19|20)\d\d-(?:0[1-9]|1[0-2]))\"?(?=[-;])", text)
    return EditionFacts(max(months).decode() if months else "")


def read_communes(path: Path, reading: Reading) -> None:
    """Read a file of communes into the wide table, check it, and show its cells in a view."""
    with bounded_memory(reading.connection):
        wide = read_wide(reading, path)
        if wide is None:
            return
        figures = check(wide)
        apart = count_apart(wide, path)
        reading.cells_read += wide.lost.broken + (
            figures + wide.lost.mistyped + wide.lost.decimals if apart is None else apart
        )
        _refuse_emptiness(wide, figures)
        view = f"{reading.table}_cells"
        reading.connection.execute(f"create or replace temp view {view} as {_cells(wide, obs_status(path))}")
        reading.table = view


def _refuse_emptiness(wide: Wide, figures: int) -> None:
    if not figures and not wide.reading.rejects:
        wide.reading.reject(
            found="aucun chiffre", expected="des lignes de communes", rule="fichier vide",
            advice="Téléchargez le fichier à nouveau : il est vide ou tronqué.",
        )  # fmt: skip


def _cells(wide: Wide, status: str) -> str:
    """The figures of the wide table as common cells, a measure after the other."""
    return " union all ".join(_cells_of(wide, measure, status) for measure in wide.measures)


def _cells_of(wide: Wide, measure: Measure, status: str) -> str:
    value, state, marker = f"cast({measure.name} as decimal(24, 6))", f"'{status}'", "'*'" if status == "P" else "null"
    if measure.suffix == "asf":
        # This benefit reads 0 until 2018, for it was not counted.
        unknown = f"{measure.name} = 0 and period < date '2018-01-01'"
        value = f"case when not ({unknown}) then {value} end"
        marker, state = (
            f"case when {unknown} then '0' else {marker} end",
            f"case when {unknown} then 'M' else {state} end",
        )
    return f"""
        select '{measure.indicator}' as indicator_code,
            case when {TECHNICAL} or {BOROUGH} then 'other' else 'commune' end as territory_level,
            territory_code, coalesce(territory_label, '') as territory_label, 'all' as population_group,
            strftime(period, '%Y-%m') as period_label, strftime(period, '%Y-%m') as period_code,
            cast(date_trunc('month', period) as date) as period_start, last_day(period) as period_end,
            {value} as value, '{measure.kind.unit}' as unit, {marker} as marker, {state} as obs_status,
            cast({measure.name} as varchar) as printed_text, cast({measure.step} as decimal(24, 6)) as printed_step,
            cast(null as varchar) as source_sheet, cast(rowid + 2 as integer) as source_row,
            '{wide.letter(measure.name)}' as source_column
        from {wide.table}
        where {measure.name} is not null
    """


LAYOUTS = (
    OfficialLayout(
        name="cnaf_benefits_commune",
        publisher="cnaf",
        dataset="benefits_commune",
        title_fr="Foyers allocataires et personnes couvertes par prestation, par commune",
        licence="Licence Ouverte 2.0",
        recognise=_recogniser(CODE),
        edition=edition,
        read=read_communes,
        largest=6 << 30,
    ),
    OfficialLayout(
        name="cnaf_benefits_departement",
        publisher="cnaf",
        dataset="benefits_departement",
        title_fr="Foyers allocataires et personnes couvertes par prestation, par département et par mois",
        licence="Licence Ouverte 2.0",
        recognise=_recogniser(departements.CODE),
        edition=edition,
        read=departements.read,
        largest=512 << 20,
    ),
)
