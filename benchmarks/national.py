"""National inputs in their producers' own layouts, made by a seed: what Bilan would archive for the whole of France.

    python benchmarks/national.py --size S --to national/raw

- CNAF, benefits by commune and month: an edition a calendar year, each in the columns of data.caf.fr, rounded to 5
  households and 100 euros, some cells blank, Corsica under 2A and 2B. The last whole year is published twice: first
  semi-definitive ([SD] before the file's name, every cell provisional), then definitive, one cell in fifty revised.
- DREES, monthly counts by département, region and for the country: two editions of the flat export, the second with
  one more month and the last thirteen revised; départements rounded to 10, the country to 100, provisional months
  marked.
- INSEE, the official geographic code: the communes of 2024, and the mergers of 2019 before which the CNAF counts the
  communes that merged apart (December 2018 is in the codes of January).

A seeded hash gives every value, so that two machines make the same bytes.
"""

import argparse
import tempfile
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb

from dagster_project.archive import NewEdition, archive
from dagster_project.catalogue import Publication
from dagster_project.readers.nomenclature import is_borough_sql
from dagster_project.settings import TERRITORIES

SEED = 20
MERGED = 200
FIRST_YEAR = 2010
_BENEFITS = (
    "rsa",
    "ppa",
    "aah",
    "apl",
    "als",
    "alf",
    "af",
    "cf",
    "ars",
    "ab",
    "paje",
    "aeeh",
    "cmg",
    "prepare",
    "ajpp",
)
_SERIES = (
    ("RSA", "Nombre de foyers allocataires du RSA", 18000),
    ("PPA", "Nombre de foyers allocataires de la prime d'activité", 40000),
    ("AAH", "Nombre d'allocataires de l'AAH", 12000),
    ("ASS", "Nombre d'allocataires de l'ASS", 3000),
    ("AL", "Nombre de foyers allocataires d'une aide au logement", 55000),
)


@dataclass(frozen=True)
class Size:
    """Months of communes, and figures a line: some 34,700 communes a month."""

    months: int
    measures: int

    @property
    def columns(self) -> tuple[str, ...]:
        """Households, then persons covered, of each benefit in turn; euros for the two whose range is known."""
        pairs = [
            f"{kind}_{name}" for name in (name if name != "paje" else "ndurpaje" for name in _BENEFITS)
            for kind in ("indfoy", "indnbp")
        ]  # fmt: skip
        return ("indmtt_rsa", "indmtt_ppa", *pairs)[2 if self.measures == 30 else 0 :][: self.measures]


SIZES = {
    "none": Size(0, 1),
    "XS": Size(2, 1),
    "S": Size(15, 2),
    "M": Size(144, 4),
    "L": Size(173, 10),
    "XL": Size(192, 30),
}


def generate(raw: Path, size: Size) -> None:
    """Fill an empty raw folder."""
    raw.mkdir(parents=True)
    (raw / "inbox").mkdir()
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        work = Path(folder)
        _nomenclature(connection)
        _archive_codes(connection, raw, work)
        last = FIRST_YEAR + (size.months - 1) // 12
        for year in range(FIRST_YEAR, last + 1):
            months = range(12 * (year - FIRST_YEAR), min(size.months, 12 * (year - FIRST_YEAR + 1)))
            if year == last:
                _archive_communes(connection, raw, work, size=size, months=months, maturity="semi_definitive")
            _archive_communes(connection, raw, work, size=size, months=months, maturity="final")
        for edition in (0, 1):
            _archive_departements(connection, raw, work, size.months, edition)


def add_month(raw: Path, size: Size) -> None:
    """Archive the month after the last: its first edition, semi-definitive."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        _nomenclature(connection)
        next_month = range(size.months, size.months + 1)
        _archive_communes(connection, raw, Path(folder), size=size, months=next_month, maturity="semi_definitive")


def _nomenclature(connection: duckdb.DuckDBPyConnection) -> None:
    """360 communes in each département of the mainland, 24 overseas; some merge on 1 January 2019."""
    connection.execute(
        f"""
        create table departement as
        select territory_code as code, territory_name as name, region_code as region
        from read_csv('{TERRITORIES}', all_varchar = true)
        where territory_level = 'departement' and valid_to is null;

        create table region as
        select territory_code as code, territory_name as name from read_csv('{TERRITORIES}', all_varchar = true)
        where territory_level = 'region' and valid_to is null;

        create table commune as
        with placed as (
            select departement.code || case
                    when strlen(departement.code) = 3 then lpad((2 * range + 1)::varchar, 2, '0')
                    else lpad((2 * range + 1)::varchar, 3, '0') end as code,
                departement.code as departement, region
            from departement
            cross join range(360)
            where range < 24 or strlen(departement.code) = 2
        ),
        counted as (from placed where not ({is_borough_sql("code")}))
        select counted.*, 'Commune ' || counted.code as name, hash(counted.code || {SEED}) as chance,
            row_number() over (order by hash(counted.code)) <= {MERGED} and right(counted.code, 2) <> '01' as is_merged
        from counted;
        """
    )


def _archive_codes(connection: duckdb.DuckDBPyConnection, raw: Path, work: Path) -> None:
    communes, moves = work / "v_commune_2024.csv", work / "v_mvt_commune_2024.csv"
    connection.execute(
        f"""
        copy (
            select 'COM' as TYPECOM, code as COM, region as REG, departement as DEP, null as CTCD, null as ARR,
                0 as TNCC, upper(name) as NCC, name as NCCENR, name as LIBELLE, null as CAN, null as COMPARENT
            from commune where not is_merged order by code
        ) to '{communes}' (header);
        copy (
            select 32 as MOD, date '2019-01-01' as DATE_EFF, 'COM' as TYPECOM_AV, merged.code as COM_AV, 0 as TNCC_AV,
                upper(merged.name) as NCC_AV, merged.name as NCCENR_AV, merged.name as LIBELLE_AV,
                'COM' as TYPECOM_AP, main.code as COM_AP, 0 as TNCC_AP, upper(main.name) as NCC_AP,
                main.name as NCCENR_AP, main.name as LIBELLE_AP
            from commune as merged
            inner join commune as main
                on main.departement = merged.departement
                and main.code = left(merged.code, strlen(merged.code) - 2) || '01'
            where merged.is_merged and not main.is_merged
            union all
            select distinct 32, date '2019-01-01', 'COM', main.code, 0, upper(main.name), main.name, main.name, 'COM',
                main.code, 0, upper(main.name), main.name, main.name
            from commune as merged
            inner join commune as main
                on main.departement = merged.departement
                and main.code = left(merged.code, strlen(merged.code) - 2) || '01'
            where merged.is_merged and not main.is_merged
            order by 4
        ) to '{moves}' (header);
        """
    )
    for path, layout, label in (
        (communes, "insee_cog_communes", "2024-communes"),
        (moves, "insee_cog_moves", "2024-moves"),
    ):
        _archive(raw, "insee/cog", path, label=label, layout=layout, published=date(2024, 1, 15), maturity="final")


def _archive_communes(
    connection: duckdb.DuckDBPyConnection, raw: Path, work: Path, *, size: Size, months: range, maturity: str
) -> None:
    """Some months of every commune: those that merged stand apart until November 2018.

    The CNAF counts December in the communes of January.
    """
    is_first = maturity == "semi_definitive"
    year, month = FIRST_YEAR + months[-1] // 12, months[-1] % 12 + 1
    label = f"{year}-{month:02}-sd" if is_first else f"{year}"
    path = work / f"{'[SD] ' if is_first else ''}s_ben_com_f.csv"
    columns = ", ".join(f"{_figure(name, is_first)} as {name}" for name in size.columns)
    connection.execute(
        f"""
        copy (
            with line as (
                select strftime(make_date({FIRST_YEAR} + month // 12, month % 12 + 1, 1), '%Y-%m') as dtreffre, month,
                    commune.*
                from (select unnest(range({months.start}, {months.stop}))::integer as month) cross join commune
                where not is_merged or month < {12 * (2019 - FIRST_YEAR) - 1}
            )
            select dtreffre, code as numcomdo, name as nomcom, {columns} from line order by month, code
        ) to '{path}' (delimiter ';', header)
        """
    )
    published = date(year + 1, 7, 1) if not is_first else date(year + (month + 2) // 13, (month + 1) % 12 + 1, 28)
    _archive(
        raw, "cnaf/benefits_commune", path, label=label, layout="cnaf_benefits_commune", published=published,
        maturity=maturity,
    )  # fmt: skip


def _figure(column: str, is_first: bool) -> str:
    """A measure of a line: it varies with the months, is blank now and then, and one cell in fifty is revised."""
    kind, benefit = column.split("_", 1)
    which = sum(map(ord, benefit))
    draw = f"(chance // {2 * which + 1} % 400)::bigint"
    revised = f" + case when hash(code || month || '{column}') % 50 = 0 then 1 else 0 end" if is_first else ""
    drift = f"hash(code || month || '{benefit}') % 11"
    households = f"({draw} + 8 + {drift}{revised})::bigint"
    blank = f"hash(month || code || '{column}') % 97 = 0"
    if kind == "indmtt":
        euros = {"rsa": 500, "ppa": 180}[benefit]
        return f"({households} * 5 * {euros} // 100 * 100)::bigint"
    value = f"{households} * {5 if kind == 'indfoy' else 10}"
    return f"case when not ({blank}) then {value} end"


def _archive_departements(
    connection: duckdb.DuckDBPyConnection, raw: Path, work: Path, months: int, edition: int
) -> None:
    """Counts of recipients: départements rounded to 10, regions their sums, the country theirs rounded to 100."""
    end = max(13, months) + edition
    path = work / f"donnees_mensuelles_{edition}.csv"
    series = " union all ".join(
        f"select '{code}' as serie, '{name.replace(chr(39), chr(39) * 2)}' as nom_serie, {size} as size"
        for code, name, size in _SERIES
    )
    connection.execute(
        f"""
        copy (
            with counted as (
                select serie, nom_serie, departement.*, month,
                    10 * (size / 10 + (hash(code || serie || {SEED}) % size) // 10 + (month * 7) % 50
                        + case when {edition} = 1 and month >= {end - 13} then 3 else 0 end)::bigint as value
                from ({series}) cross join departement
                cross join (select unnest(range({end}))::integer as month)
            ),
            told as (select month, serie, nom_serie, region, code, name, value from counted)
            select strftime(make_date({FIRST_YEAR} + month // 12, month % 12 + 1, 1), '%Y-%m') as mois,
                serie, nom_serie, region, nom_region, departement, nom_departement, valeur,
                case when {edition} = 1 and month < {end - 13} then 'définitif' else 'provisoire' end as maturite
            from (
                select month, serie, nom_serie, told.region, region.name as nom_region, told.code as departement,
                    told.name as nom_departement, value::varchar as valeur
                from told inner join region on told.region = region.code
                union all
                select month, serie, nom_serie, told.region, region.name, 'NA', 'NA', sum(value)::varchar
                from told inner join region on told.region = region.code
                group by all
                union all
                select month, serie, nom_serie, 'NA', 'France', 'NA', 'NA',
                    (round(sum(value) / 100.0, 0) * 100)::bigint::varchar
                from told group by all
            )
            order by month, serie, region, departement
        ) to '{path}' (delimiter ';', header)
        """
    )
    year, month = FIRST_YEAR + (end - 1) // 12, (end - 1) % 12 + 1
    published = date(year + 1, 3, 15) if edition == 0 else date(year + 1, 6, 15)
    _archive(
        raw, "drees/monthly_benefits_flat", path, label=f"{year}-{month:02}", layout="drees_monthly_flat",
        published=published, maturity="provisional",
    )  # fmt: skip


def _archive(raw: Path, dataset: str, path: Path, *, label: str, layout: str, published: date, maturity: str) -> None:
    publisher, name = dataset.split("/")
    edition = NewEdition(
        publisher=publisher,
        dataset=name,
        label=label,
        version_label=label,
        title=f"{dataset}, données d'essai",
        layout=layout,
        published=Publication.model_validate({"on": published}),
        url=None,
        origin="données d'essai, tirées au sort",
        licence="sans objet",
        access="open",
        maturity=maturity,  # type: ignore[arg-type]
    )
    archive(raw, edition, {path.name: path}, date(2026, 1, 1), by="essai")
    path.unlink()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--to", type=Path, required=True)
    arguments = parser.parse_args()
    generate(arguments.to, SIZES[arguments.size])


if __name__ == "__main__":
    main()
