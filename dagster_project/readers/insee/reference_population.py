"""Reference populations of communes ("populations légales"): municipal, counted apart, and total.

Counts of persons on 1 January of the year in the name of the file or of its edition: no cell says it. The total counts
twice those who are counted apart: only the municipal population adds up.
"""

import re
from datetime import date
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import Grid, delimiter_of, header_of, open_grid
from dagster_project.readers.insee.territories import departement_regions
from dagster_project.readers.nomenclature import names, same_name
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition

_MEASURES = {
    "PMUN": "reference_population_municipal",
    "PCAP": "reference_population_counted_apart",
    "PTOT": "reference_population_total",
}
_ADVICE = "Reprenez le fichier des communes de l'archive « ensemble » de l'Insee."
# 34,900 to 36,700 communes since 2008; Paris excepted, none has a million inhabitants.
_FEWEST_COMMUNES = 34_000
_LARGEST_BUT_PARIS = 1_500_000
_FRANCE = (60_000_000, 75_000_000)
_PARIS = "75056"
# A count is digits, with or without spaces between thousands.
_COUNT = r"^\d{1,3}([ \x{a0}\x{202f}]\d{3})+$|^\d{1,8}$"
_SHOWN = 20


def recognise(path: Path) -> Recognition:
    """A file of communes with the three populations."""
    header = header_of(path, delimiter_of(path))
    wanted = {**{name: (name,) for name in _MEASURES}, "CODCOM": ("CODCOM",), "DEP ou CODDEP": ("DEP", "CODDEP")}
    found = [title for title, options in wanted.items() if any(option in header for option in options)]
    missing = [title for title in wanted if title not in found]
    return Recognition(tuple(found), tuple(missing))


def edition(path: Path) -> EditionFacts:
    """The year of the populations, from the name of the file, or of the folder of its edition."""
    year = _year(path)
    return EditionFacts(str(year) if year else "inconnue", basis="année du nom de fichier ou du dossier")


def _year(path: Path) -> int | None:
    for name in (path.stem, path.parent.name):
        years = re.findall(r"(?<!\d)(20\d\d)(?!\d)", name)
        if years:
            return int(years[0])
    return None


def read(path: Path, reading: Reading) -> None:
    """Read the three populations of every commune, in SQL."""
    year = _year(path)
    if year is None:
        reading.reject(
            found=path.name, expected="l'année des populations dans le nom du fichier ou du dossier", rule="millésime",
            advice="Nommez le fichier avec son année : populations_reference_2023.csv.",
        )  # fmt: skip
    grid = open_grid(reading, path, delimiter_of(path))
    if grid is None or year is None:
        return
    roles = _roles(reading, grid)
    if roles is None:
        return
    _prepare(reading, grid, roles)
    _refuse_rows(reading, grid, roles)
    _insert(reading, grid, date(year, 1, 1))
    _check_whole(reading, grid)


def _roles(reading: Reading, grid: Grid) -> dict[str, str] | None:
    """Which column holds what; None, with the reason refused, where one is absent or unknown.

    Until 2020 REG and COM were names, and their codes CODREG and CODCOM; since, REG is the code and Région the name.
    """
    header = grid.header
    older = "CODDEP" in header
    roles = {
        "region_code": "CODREG" if older else "REG",
        "region_name": "REG" if older else "Région",
        "departement_code": "CODDEP" if older else "DEP",
        "short_code": "CODCOM",
        "full_code": "DEPCOM" if older else "COM",
        "commune_name": "COM" if older else "Commune",
    }
    optional = {roles["region_name"], roles["full_code"]}
    for name in (*roles.values(), *_MEASURES):
        if name not in header and name not in optional:
            reading.reject(
                found="colonne absente", expected=f"« {name} »", rule="en-tête", row=1, name=name, advice=_ADVICE
            )
    for name in header:
        if name and name not in {*roles.values(), *_MEASURES, "CODARR", "CODCAN"}:
            reading.reject(
                found=name, expected="une colonne connue", rule="en-tête", row=1, column=grid.letter(name), name=name,
                advice=_ADVICE,
            )  # fmt: skip
    return None if reading.rejects else roles


def _prepare(reading: Reading, grid: Grid, roles: dict[str, str]) -> None:
    """Make ``commune_row``: the keys under one name whatever the edition, and the counts; count the cells read."""
    keys = ", ".join(
        f"trim({grid.column(name)}) as {role}" if name in grid.header else f"null::varchar as {role}"
        for role, name in roles.items()
    )
    texts = ", ".join(f"trim({grid.column(name)}) as {name}" for name in _MEASURES)
    counts = ", ".join(
        f"case when regexp_matches({name}, '{_COUNT}') then regexp_replace({name}, '[^0-9]', '', 'g')::bigint end"
        f" as {name}_count"
        for name in _MEASURES
    )
    every = ", ".join(f"c{index}" for index in range(len(grid.header)))
    reading.connection.execute(
        f"""
        create or replace temp table commune_row as
        select *, {counts},
            -- Overseas the département has three digits, one of which CODCOM repeats.
            if(length(departement_code) + length(short_code) = 5, departement_code, left(departement_code, 2))
                || short_code as commune_code
        from (select row_number, {keys}, {texts} from {grid.table} where coalesce({every}) is not null)
        """
    )
    reading.cells_read = _one(reading, f"select {_FILLED} from commune_row")


_FILLED = "coalesce(sum(" + " + ".join(f"({name} is not null)::int" for name in _MEASURES) + "), 0)"


def _one(reading: Reading, query: str) -> int:
    row = reading.connection.execute(query).fetchone()
    assert row is not None
    return int(row[0] or 0)


def _refuse_rows(reading: Reading, grid: Grid, roles: dict[str, str]) -> None:
    """Take out of ``commune_row`` the rows whose codes or counts cannot be."""
    couples = ", ".join(f"('{departement}', '{region}')" for departement, region in departement_regions().items())
    rules = [
        (roles["short_code"], "commune_code",
         "not regexp_matches(coalesce(commune_code, ''), '^(\\d\\d|2[AB])\\d{3}$')",
         "un code de commune, zéros compris", "code de commune"),
        (roles["full_code"], "full_code", "full_code <> commune_code", "le département suivi de CODCOM",
         "codes accordés"),
        (roles["departement_code"], "departement_code",
         f"(coalesce(departement_code, ''), coalesce(region_code, '')) not in ({couples})",
         "un département de la région", "département et région accordés"),
        (roles["commune_name"], "commune_name", "commune_name is null", "le nom de la commune", "nom de commune"),
        *((name, name, f"{name}_count is null", "un nombre entier de personnes", "effectif") for name in _MEASURES),
        ("PTOT", "PTOT", "PMUN_count + PCAP_count <> PTOT_count", "PMUN + PCAP", "PMUN + PCAP = PTOT"),
        (roles["short_code"], "commune_code",
         "commune_code in (select commune_code from commune_row group by all having count(*) > 1)",
         "une seule ligne par commune", "commune en double"),
    ]  # fmt: skip
    refused: set[int] = set()
    for name, column, condition, expected, rule in rules:
        found = reading.connection.execute(
            f"select row_number, coalesce({column}, 'case vide') from commune_row where {condition} order by row_number"
        ).fetchall()
        refused |= {number for number, _ in found}
        for number, text in found[:_SHOWN]:
            _reject(reading, grid, name, text, expected, rule=rule, row=number)
        if len(found) > _SHOWN:
            _reject(reading, grid, name, f"{len(found) - _SHOWN} autres lignes", expected, rule=rule)
    _refuse_names(reading, grid, roles)
    if refused:
        listed = ", ".join(str(number) for number in refused)
        cells = _one(reading, f"select {_FILLED} from commune_row where row_number in ({listed})")
        reading.leave("Ligne refusée", cells)
        reading.connection.execute(f"delete from commune_row where row_number in ({listed})")


def _refuse_names(reading: Reading, grid: Grid, roles: dict[str, str]) -> None:
    """The name of a region is the official one of its code."""
    for code, name, number in reading.connection.execute(
        "select region_code, region_name, min(row_number) from commune_row where region_name is not null group by all"
    ).fetchall():
        official = names("region").get(code)
        if official and not same_name(name, official):
            _reject(
                reading,
                grid,
                roles["region_name"],
                name,
                f"« {official} », région {code}",
                rule="nom de région",
                row=number,
            )


def _reject(
    reading: Reading, grid: Grid, name: str, found: str, expected: str, *, rule: str, row: int | None = None
) -> None:
    letter = grid.letter(name) if name in grid.header else None
    reading.reject(
        found=found, expected=expected, rule=rule, row=row, column=letter, name=name, advice=_ADVICE
    )  # fmt: skip


def _insert(reading: Reading, grid: Grid, day: date) -> None:
    """Unpivot the three counts into the reading's table."""
    for name, indicator in _MEASURES.items():
        reading.connection.execute(
            f"""
            insert into {reading.table}
            select
                ?, 'commune', commune_code, commune_name, 'all', ?, ?, ?, ?, {name}_count, 'person', null, 'A',
                {name}, 1, null, row_number, ?
            from commune_row where {name}_count is not null
            """,
            [indicator, str(day.year), day.isoformat(), day, day, grid.letter(name)],
        )


def _check_whole(reading: Reading, grid: Grid) -> None:
    """Every département is there, and the country is as large as it can be."""
    present = {
        row[0] for row in reading.connection.execute("select distinct departement_code from commune_row").fetchall()
    }
    for code, name in names("departement").items():
        # Mayotte is counted apart, and not every year.
        if code not in present and code != "976":
            _reject(reading, grid, "CODCOM", f"{name} ({code}) absent", "tous les départements", rule="complétude")
    rows = _one(reading, "select count(*) from commune_row")
    if rows < _FEWEST_COMMUNES:
        _reject(reading, grid, "CODCOM", f"{rows} communes", f"au moins {_FEWEST_COMMUNES} communes", rule="complétude")
    municipal = _one(reading, "select sum(PMUN_count) from commune_row")
    apart = _one(reading, "select sum(PCAP_count) from commune_row")
    if rows and apart * 5 > municipal:
        _reject(
            reading, grid, "PCAP", f"{apart} comptés à part pour {municipal}", "quelques centièmes de PMUN",
            rule="PMUN et PCAP permutées", row=1,
        )  # fmt: skip
    elif rows >= _FEWEST_COMMUNES and not _FRANCE[0] < municipal < _FRANCE[1]:
        _flag(reading, grid, None, municipal, f"de {_FRANCE[0]} à {_FRANCE[1]} habitants en tout")
    for number, name, count in reading.connection.execute(
        f"""select row_number, commune_name, PMUN_count from commune_row
        where PMUN_count > {_LARGEST_BUT_PARIS} and commune_code <> '{_PARIS}' order by row_number"""
    ).fetchall():
        _flag(reading, grid, number, count, f"moins de {_LARGEST_BUT_PARIS} habitants à {name}")


def _flag(reading: Reading, grid: Grid, row: int | None, found: int, expected: str) -> None:
    reading.flag(
        found=found, expected=expected, rule="ordre de grandeur", row=row, column=grid.letter("PMUN"), name="PMUN",
        advice=_ADVICE,
    )  # fmt: skip


LAYOUTS: tuple[OfficialLayout, ...] = (
    OfficialLayout(
        name="insee_reference_population",
        publisher="insee",
        dataset="reference_population",
        title_fr="Populations de référence des communes",
        licence="Licence Ouverte 2.0",
        recognise=recognise,
        edition=edition,
        read=read,
    ),
)
