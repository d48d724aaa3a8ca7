"""Observations of Melodi, whatever their file: typed, placed and kept in SQL, then held to what they must be."""

import re
from dataclasses import dataclass
from typing import Any

from dagster_project.readers.cells import Reading, number_of
from dagster_project.readers.insee.filosofi_checks import Checks
from dagster_project.readers.insee.filosofi_columns import Field
from dagster_project.readers.insee.filosofi_territories import Place, departement_of
from dagster_project.readers.insee.melodi_measures import MelodiDataset, indicator_of
from dagster_project.readers.insee.territories import departement_regions, metropolitan
from dagster_project.readers.nomenclature import is_borough, names

# A table every file is first brought to: one row an observation.
OBSERVATION = (
    ("line", "bigint"), ("code", "varchar"), ("object", "varchar"), ("measure", "varchar"), ("unit", "varchar"),
    ("mult", "varchar"), ("conf", "varchar"), ("status", "varchar"), ("period", "varchar"), ("text", "varchar"),
)  # fmt: skip
_ADVICE = "Reprenez le fichier d'origine de l'Insee (API Melodi)."
_SHOWN = 20
_FRANCE = {"F": ("FR", "France"), "FM": ("FR-METRO", "France métropolitaine")}


@dataclass(frozen=True)
class Source:
    """Where values stand in the file, and whether it holds a whole dataset rather than the answer to a question."""

    dataset: MelodiDataset
    letter: str
    header: str
    is_whole: bool


class MelodiTable:
    """The table ``melodi_observation`` of one file, turned into cells."""

    def __init__(self, reading: Reading, source: Source) -> None:
        self._reading = reading
        self._connection = reading.connection
        self._source = source
        self._dataset = source.dataset

    def read(self) -> None:
        self._reading.cells_read += int(self._query("select count(*) from melodi_observation")[0][0])
        if not self._query("select 1 from melodi_observation limit 1"):
            if not self._reading.rejects:
                self._refuse(None, "aucune observation", "au moins une observation", "complétude")
            return
        self._register()
        self._type()
        self._refuse_defects()
        self._keep()
        if not self._reading.rejects:
            self._check()

    def _query(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    def _refuse(self, row: int | None, found: str, expected: str, rule: str) -> None:
        self._reading.reject(
            found=found, expected=expected, rule=rule, advice=_ADVICE, row=row, column=self._source.letter,
            name=self._source.header,
        )  # fmt: skip

    def _register(self) -> None:
        import pandas

        places = []
        for level, code in self._query("select distinct object, code from melodi_observation"):
            if place := place_of(str(level or ""), str(code or "")):
                places.append((level, code, place.level, place.code, place.label))
        periods = [str(row[0]) for row in self._connection.execute(
            "select distinct period from melodi_observation where regexp_full_match(period, '20\\d\\d')"
        ).fetchall()]  # fmt: skip
        measures = [
            (
                code, period, measure.key, measure.kind, measure.unit,
                indicator_of(measure, int(period), is_filosofi=self._dataset.is_filosofi),
            )
            for code, measure in self._dataset.measures.items()
            for period in periods
            if not (self._dataset.is_filosofi and period == "2022")
        ]  # fmt: skip
        for table, rows, columns in (
            ("melodi_place", places, ("object", "code", "level", "place", "label")),
            ("melodi_measure", measures, ("measure", "period", "key", "kind", "printed_unit", "indicator")),
        ):
            frame = pandas.DataFrame(rows, columns=list(columns), dtype="object")
            declared = ", ".join(f"cast({name} as varchar) as {name}" for name in columns)
            self._connection.register("melodi_incoming", frame)
            self._connection.execute(f"create or replace temp table {table} as select {declared} from melodi_incoming")
            self._connection.unregister("melodi_incoming")

    def _type(self) -> None:
        self._connection.execute(
            rf"""
            create or replace temp table melodi_cell as
            select
                observation.*, place.level, place.place, place.label, known.key, known.kind, known.printed_unit,
                known.indicator,
                case
                    when regexp_full_match(text, '-?\d+(\.\d+)?') then {number_of("text", "try_cast")}
                end as value,
                case
                    when contains(text, '.') then cast(power(0.1, least(6, length(text) - strpos(text, '.')))
                        as decimal(24, 6))
                    else 1
                end as step
            from melodi_observation as observation
            left join melodi_place as place on observation.object = place.object and observation.code = place.code
            left join melodi_measure as known
                on observation.measure = known.measure and observation.period = known.period
            """
        )

    def _refuse_defects(self) -> None:
        """Each rule in SQL, with what to show and what was expected; the first lines that break it are told."""
        no_2022 = " (Filosofi 2022 n'existe pas)" if self._dataset.is_filosofi else ""
        for condition, shown, expected, rule in (
            ("coalesce(not regexp_full_match(period, '20\\d\\d'), true)", "period", "une année", "période"),
            ("key is null and regexp_full_match(period, '20\\d\\d')", "concat(measure, ', ', period)",
             f"une mesure connue du jeu{no_2022}", "mesure"),
            ("level is null", "concat(object, '-', code)", "un territoire connu, zéro initial compris", "territoire"),
            ("coalesce(mult, '0') <> '0'", "concat('UNIT_MULT = ', mult)", "0", "unité"),
            ("(kind = 'amount') <> (coalesce(unit, '') = 'EUR_YR') and unit is not null", "unit",
             "EUR_YR pour un niveau de vie, et pour rien d'autre", "unité"),
            ("(kind in ('rate', 'share')) <> (coalesce(unit, '') = 'PT') and unit is not null", "unit",
             "PT pour un pourcentage, et pour rien d'autre", "unité"),
            ("coalesce(conf, 'F') not in ('F', 'C')", "concat('CONF_STATUS = ', conf)", "F ou C", "statut"),
            ("coalesce(status, '') not in ('A', 'P', 'O', 'L')", "concat('OBS_STATUS = ', status)",
             "A, P, O ou L", "statut"),
            ("text is not null and value is null", "text", "un nombre à point décimal", "type de la cellule"),
            ("text is null and status in ('A', 'P') and coalesce(conf, 'F') = 'F'", "concat('vide, ', status)",
             "une valeur, ou un statut qui dise pourquoi elle manque (O, L, C)", "valeur absente"),
            ("text is not null and (status in ('O', 'L') or conf = 'C')", "concat(text, ', ', status, ', ', conf)",
             "aucune valeur, puisque le statut la dit absente ou secrète", "valeur absente"),
            ("kind = 'count' and value % 1 <> 0", "text", "un nombre entier", "dénombrement"),
            ("kind <> 'share' and value < 0", "text", "un nombre positif", "signe"),
            ("place is not null and line > min(line) over (partition by level, place, measure, period)",
             "concat(measure, ', ', place)", "une seule observation par territoire, mesure et année", "doublon"),
        ):  # fmt: skip
            filtered = f"qualify {condition}" if " over (" in condition else f"where {condition}"
            rows = self._query(
                f"""
                with wrong as (select line, cast({shown} as varchar) as shown from melodi_cell {filtered})
                select line, shown, (select count(*) from wrong) from wrong order by line limit {_SHOWN}
                """
            )
            for line, text, count in rows:
                more = f" ({count} lignes dans ce cas)" if count > _SHOWN else ""
                self._refuse(line, f"{text}{more}", expected, rule)
        if self._source.is_whole:
            self._refuse_missing()

    def _refuse_missing(self) -> None:
        """A whole dataset holds every metropolitan département, region, and communes of each; or those of a region."""
        for level in ("departement", "region", "commune"):
            codes = {
                str(row[1]) for row in self._query(f"select distinct 1, place from melodi_cell where level = '{level}'")
            }
            if not codes:
                continue
            official = "region" if level == "region" else "departement"
            held = {departement_of(code) for code in codes} if level == "commune" else codes
            regions: dict[str, set[str]] = {}
            for departement, region in departement_regions().items():
                regions.setdefault(region, set()).add(departement)
            missing = sorted(metropolitan(official) - held)
            if missing and held not in regions.values():
                listed = ", ".join(f"{names(official)[code]} ({code})" for code in missing[:10])
                expected = "tous les territoires de métropole, ou tous ceux d'une même région"
                self._refuse(None, f"absents, niveau {level} : {listed}", expected, "complétude")

    def _keep(self) -> None:
        """A missing value keeps why: C for secrecy, else its own status. Populations are those of 1 January."""
        month, day = (12, 31) if self._dataset.is_filosofi else (1, 1)
        code = "period" if self._dataset.is_filosofi else "concat(period, '-01-01')"
        self._connection.execute(
            f"""
            insert into {self._reading.table}
            select
                indicator, level, place, label, 'all', period, {code}, make_date(try_cast(period as bigint), 1, 1),
                make_date(try_cast(period as bigint), {month}, {day}), value, printed_unit,
                case when value is null then if(conf = 'C', conf, status) when status = 'P' then '*' end,
                case when value is null then 'M' else status end,
                coalesce(text, ''), case when value is not null then step end, null, line, '{self._source.header}'
            from melodi_cell
            where indicator is not null and level is not null and (value is not null or text is null)
            order by line
            """
        )

    def _check(self) -> None:
        if not self._dataset.is_filosofi:
            self._check_populations()
            return
        present = {row[1] for row in self._query("select distinct 1, measure from melodi_cell where value is not null")}
        fields = tuple(Field(0, code, measure) for code, measure in self._dataset.measures.items() if code in present)
        if not fields:
            return
        values = ", ".join(
            f"cast(max(value) filter (key = '{one.measure.key}') as double) as \"{one.measure.key}\"" for one in fields
        )
        self._connection.execute(
            """
            create or replace temp table filosofi_cell as
            select dense_rank() over (order by level, place, period) as row_number, level, place as code, key, text,
                value, line
            from melodi_cell
            """
        )
        self._connection.execute(
            f"""
            create or replace temp table filosofi_wide as
            select row_number, level, code, {values}
            from filosofi_cell
            group by row_number, level, code
            """
        )
        Checks(self._reading, fields, self._source.letter).run()

    def _check_populations(self) -> None:
        """The total population is the municipal one plus those counted apart."""
        rows = self._query(
            """
            select min(line) filter (key = 'PTOT'), cast(max(value) filter (key = 'PTOT') as varchar)
            from melodi_cell
            group by level, place, period
            having max(value) filter (key = 'PTOT')
                <> max(value) filter (key = 'PMUN') + max(value) filter (key = 'PCAP')
            """
        )
        for line, text in rows[:_SHOWN]:
            self._refuse(line, text, "PTOT = PMUN + PCAP", "population totale")


def place_of(level: str, code: str) -> Place | None:
    """The territory a level and a code of Melodi name; None where there is none such."""
    if level in ("DEP", "REG"):
        ours = "departement" if level == "DEP" else "region"
        name = names(ours).get(code)
        return Place(ours, code, name) if name else None
    if level in ("COM", "ARM"):
        if not re.fullmatch(r"(\d\d|2[AB])\d{3}", code) or departement_of(code) not in names("departement"):
            return None
        return Place("other" if level == "ARM" or is_borough(code) else "commune", code, code)
    if level == "EPCI":
        return Place("epci", code, code) if re.fullmatch(r"\d{9}", code) else None
    if level == "FRANCE" and code in _FRANCE:
        return Place("country", *_FRANCE[code])
    if re.fullmatch(r"[A-Z][A-Z0-9_]*", level) and code:
        # Other zonings share codes: each keeps its own name before them.
        return Place("other", f"{level}-{code}", f"{level} {code}")
    return None
