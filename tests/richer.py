"""A larger archive than the report's: revisions, withdrawals, breaks, other regions, sources that agree or do not.

The archive of the repository has one edition a dataset; what the tables do with several is proved on this one.
Values are made up; codes, units and layouts are real.
"""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from dagster_project.assets import transform
from dagster_project.readers.transcription import PRODUCER_EXTRACT, REPORT_FIGURES
from dagster_project.refresh import Refresh
from dagster_project.seal import seal_edition
from dagster_project.settings import PROJECT, Settings
from tests.independent.knowledge import Knowledge
from tests.independent.marts import expected_marts

Row = dict[str, Any]

COUNTRY = {"territory_level": "country", "territory_code": "FR", "territory_label": "France"}
MAINLAND = {"territory_level": "country", "territory_code": "FR-METRO", "territory_label": "France métropolitaine"}
OCCITANIE = {"territory_level": "region", "territory_code": "76", "territory_label": "Occitanie"}
BRITTANY = {"territory_level": "region", "territory_code": "53", "territory_label": "Bretagne"}
TOULOUSE = {"territory_level": "epci", "territory_code": "243100518", "territory_label": "Toulouse Métropole"}
SOMEWHERE = {"territory_level": "other", "territory_code": "littoral", "territory_label": "littoral"}


def departement(code: str, label: str) -> Row:
    return {"territory_level": "departement", "territory_code": code, "territory_label": label}


ARIEGE, AUDE, GARD, LOZERE = (
    departement(code, name) for code, name in (("09", "Ariège"), ("11", "Aude"), ("30", "Gard"), ("48", "Lozère"))
)
BRETONS = [
    departement(code, name)
    for code, name in (("22", "Côtes-d'Armor"), ("29", "Finistère"), ("35", "Ille-et-Vilaine"), ("56", "Morbihan"))
]

_ENDS = {"01": "31", "02": "28", "06": "30", "09": "30", "10": "31", "11": "30", "12": "31"}
_QUARTERS = {"Q1": ("01-01", "03-31"), "Q2": ("04-01", "06-30"), "Q3": ("07-01", "09-30"), "Q4": ("10-01", "12-31")}


def period(name: str) -> Row:
    """``2021``, ``2021-Q3``, ``2021-12``, or a day."""
    year, *rest = name.split("-")
    if len(rest) == 2:
        start, end = name, name
    elif not rest:
        start, end = f"{year}-01-01", f"{year}-12-31"
    elif rest[0] in _QUARTERS:
        start, end = (f"{year}-{day}" for day in _QUARTERS[rest[0]])
    else:
        start, end = f"{name}-01", f"{name}-{_ENDS[rest[0]]}"
    return {"period_label": name, "period_start": start, "period_end": end}


def fact(indicator: str, where: Row, when: str, value: object, unit: str, **more: object) -> Row:
    return {
        "indicator_code": indicator, **where, **period(when), "value": value, "unit": unit, "obs_status": "A",
        "printed_text": str(value), "source_file": "f.xlsx", "source_row": 1, "source_column": "A", **more,
    }  # fmt: skip


def figure(name: str, line: int, where: Row, value: object, unit: str, when: str | None = None, **more: object) -> Row:
    dated = period(when) if when else {}
    return {
        "figure_id": f"l{line}-{name}", "axis": 0, "label_fr": name, **where, **dated, "value": value, "unit": unit,
        "qualifier": "exact", "statement": "result", "obs_status": "A", "printed_text": str(value), "source_line": line,
        **more,
    }  # fmt: skip


def enrich(raw: Path) -> None:
    """Add to a copy of ``raw/`` the editions that its own do not have."""
    _benefits(raw)
    _unemployment(raw)
    _poverty(raw)
    _population(raw)
    _other_sources(raw)
    _rivals(raw)
    _conventions(raw)
    _corrected_report(raw)
    _next_report(raw)


def _benefits(raw: Path) -> None:
    """Revised, withdrawn, provisional and broken; a region whole, and one that is not."""
    rsa, aah = "rsa_recipients", "aah_recipients"
    whole = [fact(rsa, one, "2019-12", 1000 * n, "household") for n, one in enumerate(BRETONS, 3)]
    _extract(raw, "drees/monthly_benefits/2022-06", "2022-06-30", [
        *whole, fact(rsa, BRITTANY, "2019-12", 17_500, "household"),
        fact(rsa, MAINLAND, "2019-12", 1_780_000, "household"),
        fact(rsa, COUNTRY, "2019-12", 1_990_000, "household"), fact(rsa, MAINLAND, "2020-12", 1_830_000, "household"),
        *[fact(rsa, one, "2020-12", 900 * n, "household", obs_status="P") for n, one in enumerate(BRETONS[:3], 4)],
        fact(rsa, ARIEGE, "2020-12", 6_400, "household"), fact(rsa, AUDE, "2020-12", 17_000, "household"),
        fact(rsa, GARD, "2020-12", 17_000, "household"),
        fact(aah, ARIEGE, "2023-09", 5_000, "person"), fact(aah, AUDE, "2023-09", 9_000, "person"),
        fact(aah, GARD, "2020-12", 14_000, "person"),
    ])  # fmt: skip
    _extract(raw, "drees/monthly_benefits/2024-06", "2024-06-30", [
        *[fact(rsa, one, "2020-12", 910 * n, "household") for n, one in enumerate(BRETONS[:3], 4)],
        fact(rsa, BRETONS[3], "2020-12", 7_000, "household"),
        fact(rsa, ARIEGE, "2020-12", 6_400, "household"), fact(rsa, GARD, "2020-12", 16_500, "household"),
        fact(aah, ARIEGE, "2023-12", 5_600, "person"), fact(aah, AUDE, "2023-10", 9_100, "person", obs_status="B"),
        fact(aah, GARD, "2021-12", 14_200, "person"), fact(aah, GARD, "2022-12", 13_000, "person", obs_status="B"),
    ])  # fmt: skip


def _unemployment(raw: Path) -> None:
    """Two editions of one day, of which the second counts; quarters that follow each other."""
    rate = "unemployment_rate"
    first = [
        fact(rate, ARIEGE, "2021-Q3", 9.9, "percent"), fact(rate, ARIEGE, "2021-Q4", 9.5, "percent"),
        fact(rate, AUDE, "2021-Q4", 10.1, "percent"), fact(rate, GARD, "2021-Q4", 10.1, "percent", obs_status="P"),
        fact(rate, COUNTRY, "2021-Q4", 7.4, "percent"), fact(rate, OCCITANIE, "2021-Q4", 8.9, "percent"),
    ]  # fmt: skip
    _extract(raw, "insee/unemployment/2024-03-20", "2024-03-20", first)
    second = [row | ({"value": 9.4, "printed_text": "9.4"} if row["value"] == 9.5 else {}) for row in first]
    _extract(raw, "insee/unemployment/2024-03-20-bis", "2024-03-20", second, retrieved_at="2026-11-23")
    third = [row | {"obs_status": "A"} for row in second if row["territory_code"] != "11"]
    _extract(raw, "insee/unemployment/2024-06-20", "2024-06-20", third)


def _poverty(raw: Path) -> None:
    """Floors, other thresholds, and the second generation of Filosofi, which is not compared with the first."""
    _extract(raw, "insee/filosofi/2024", "2024-10-01", [
        fact("poverty_rate_60", ARIEGE, "2020", 18.5, "percent"), fact("poverty_rate_60", LOZERE, "2020", 5, "percent"),
        fact("poverty_rate_60", ARIEGE, "2019", 18.2, "percent", population_group="0-29"),
        fact("poverty_rate_50", ARIEGE, "2021", 10.5, "percent"), fact("poverty_rate_40", LOZERE, "2021", 5, "percent"),
        fact("median_living_standard", ARIEGE, "2020", 20_400, "eur_per_year"),
        fact("median_living_standard", AUDE, "2020", 19_900, "eur_per_year", obs_status="P"),
        fact("poverty_rate_60", ARIEGE, "2023", 19.7, "percent"),
    ])  # fmt: skip
    _extract(raw, "insee/filosofi2/2023", "2025-06-01", [
        fact("poverty_rate_60_filosofi2", AUDE, "2023", 21.9, "percent"),
        fact("poverty_rate_60_filosofi2", ARIEGE, "2023", 19.9, "percent"),
        fact("median_living_standard_filosofi2", AUDE, "2023", 22_110, "eur_per_year"),
    ])  # fmt: skip


def _population(raw: Path) -> None:
    days = ("2019-01-01", "2020-01-01", "2022-01-01")
    places = [(ARIEGE, 153_000), (AUDE, 374_000), (TOULOUSE, 796_000), (OCCITANIE, 5_900_000)]
    rows = [
        fact("population", where, day, size + 1000 * n, "person")
        for n, day in enumerate(days)
        for where, size in places
    ]
    rows.append(fact("population", ARIEGE, "2019-01-01", 30_100, "person", population_group="0-19"))
    _extract(raw, "insee/population/2022", "2022-02-01", rows)
    rows = [row | {"value": row["value"] + 7, "printed_text": str(row["value"] + 7)} for row in rows[-5:]]
    _extract(raw, "insee/population/2023", "2023-02-01", rows)


def _other_sources(raw: Path) -> None:
    """The same quantities from elsewhere: equal, within rounding, apart, in another unit, of an earlier edition."""
    rsa = "rsa_recipients"
    rows = [
        fact(rsa, BRETONS[0], "2019-12", 3_000, "household"), fact(rsa, BRETONS[1], "2019-12", 4_004, "household"),
        fact(rsa, BRETONS[2], "2019-12", 5_100, "household"), fact(rsa, BRETONS[3], "2019-12", 6_000, "household"),
        fact(rsa, BRETONS[0], "2020-12", 3_600, "household"), fact(rsa, AUDE, "2020-12", 16_900, "household"),
        fact(rsa, BRETONS[1], "2021-12", 4_500, "household"), fact(rsa, BRITTANY, "2019-12", 18_000, "household"),
    ]  # fmt: skip
    _extract(raw, "cnaf/benefits/2020", "2020-06-01", rows, rounding=[{"indicators": [rsa], "to": 10}])
    _extract(raw, "budget/other/2020", "2021-06-01", [fact("population", ARIEGE, "2019-01-01", 153_000, "person")])
    _extract(raw, "elsewhere/benefits/2020", "2020-01-01", [
        *rows[1:2], fact(rsa, ARIEGE, "2019-11", 6_100, "household"),
        fact("departements", BRITTANY, "2019", 4, "territory"), fact("departements", BRITTANY, "2020", 4, "territory"),
        fact("garantie_jeunes_entries", ARIEGE, "2020", 310, "person"),
        fact("garantie_jeunes_entries", AUDE, "2020", 310, "person"),
        fact("garantie_jeunes_entries", GARD, "2020", 90, "person"),
    ])  # fmt: skip


def _rivals(raw: Path) -> None:
    """One quantity of each subject known to all: who comes first, who knows last, whose name comes first."""
    seine_maritime = departement("76", "Seine-Maritime")
    asked = [
        ("unemployment_rate", "2022-Q3", "percent"), ("poverty_rate_60", "2021", "percent"),
        ("median_living_standard", "2021", "eur_per_year"), ("population", "2018-01-01", "person"),
        ("ass_recipients", "2022-12", "person"), ("ass_recipients", "2023-12", "person"),
        ("garantie_jeunes_recipients", "2020-12", "person"), ("scheme_total", "2022-12", "mixed"),
        ("scheme_total", "2023-12", "mixed"), ("ase_leavers", "2020", "person"),
        ("ase_leavers_housed", "2020", "person"),
        ("ase_leavers_housed_pct", "2020", "percent"), ("ase_leavers", "2019", "person"),
        ("departements", "2018", "territory"),
    ]  # fmt: skip

    def told(by: int) -> list[Row]:
        # A region is told larger than its département: a masked count of it could be found from a total as small.
        sizes = ((BRITTANY, 90), (OCCITANIE, 80), (seine_maritime, 70), (BRETONS[0], 60))
        return [fact(code, where, when, size + by, unit) for where, size in sizes for code, when, unit in asked]

    for name, day, by in (
        ("drees/rival_a/1", "2023-01-01", 1), ("drees/rival_b/1", "2022-06-01", 2),
        ("drees/rival_b/2", "2023-06-01", 3),
        ("drees/rival_c/1", "2023-06-01", 4), ("cnaf/rival/1", "2024-01-01", 5), ("someone/rival/1", "2025-01-01", 6),
    ):  # fmt: skip
        _extract(raw, name, day, told(by))
    whole = "poverty_rate_60", "2021", "percent"
    # Counts of three, below the threshold and told by nobody else: masked, they never speak for another source.
    counted = [row for row in told(3) if row["unit"] == "person" and row["territory_code"] != "53"]
    secret = [row | {"value": 3, "printed_text": "3"} for row in counted]
    secret += [
        fact("aah_recipients", GARD, "2023-12", 3, "person"), fact("ase_leavers_housed", GARD, "2020", 3, "person"),
        fact("population", GARD, "2018-01-01", 3, "person"), fact("garantie_jeunes_entries", GARD, "2019", 3, "person"),
    ]  # fmt: skip
    _extract(raw, "calpae/indicators/2024", "2025-01-01", secret, access="restricted", nonce="0" * 32)
    groups = [fact(*whole[:1], BRITTANY, whole[1], 9, whole[2], population_group=group) for group in ("0-29", "75+")]
    _extract(raw, "insee/groups/1", "2023-01-01", [*groups, fact("poverty_rate_50", BRITTANY, "2021", 8, "percent")])


def _conventions(raw: Path) -> None:
    """Indicators of conventions: a printed base, none, a percentage of zero, another territory, another year."""

    def told(code: str, where: Row, when: str, value: object, unit: str) -> Row:
        return fact(code, where, when, value, unit)

    rows = []
    for where, when, supported in ((ARIEGE, "2021", 40), (AUDE, "2021", 30), (ARIEGE, "2022", 45)):
        rows += [
            told("ase_leavers", where, when, 80, "person"),
            told("ase_leavers_supported", where, when, supported, "person"),
            told("ase_leavers_supported_pct", where, when, supported / 80 * 100, "percent"),
        ]  # fmt: skip
    rows += [
        told("ase_leavers_housed", AUDE, "2021", 0, "person"),
        told("ase_leavers_housed_pct", AUDE, "2021", 0, "percent"),
        told("rsa_contract_delay", AUDE, "2021", 3.5, "week"),
        told("ase_leavers_resources_pct", AUDE, "2021", 12.5, "percent"),
        told("ase_leavers", GARD, "2021", 0, "person"), told("ase_leavers_supported", GARD, "2021", 0, "person"),
        told("ase_leavers_supported_pct", GARD, "2021", 10, "percent"),
    ]  # fmt: skip
    _extract(raw, "calpae/indicators/2022", "2022-09-01", rows)
    _extract(raw, "calpae/indicators/2023", "2023-09-01", [
        told("ase_leavers", ARIEGE, "2021", 90, "person"), told("ase_leavers_supported", ARIEGE, "2021", 41, "person"),
        told("ase_leavers_supported_pct", ARIEGE, "2021", 45.6, "percent"),
    ])  # fmt: skip


def _corrected_report(raw: Path) -> None:
    """The report of 2021 printed again: an amount corrected, a line withdrawn, a figure and a measure changed."""
    own = raw / "dreets_occitanie"
    for family, file in (
        ("report_contracts", "lines.csv"), ("report_credits", "lines.csv"), ("report_benefits", "figures.csv"),
        ("report_measures", "measures.csv"), ("report_local_actions", "local_actions.csv"),
        ("report_governance", "governance.csv"),
    ):  # fmt: skip
        folder = own / family / "2021-corrige"
        shutil.copytree(own / family / "2021", folder)
        path = folder / file
        with path.open(encoding="utf-8", newline="") as content:
            rows = list(csv.DictReader(content))
        _write(path, list(rows[0]), _corrected(rows))
        sidecar = yaml.safe_load((folder / "edition.yml").read_text(encoding="utf-8"))
        sidecar["published"] = {"on": "2023-03-01"}
        (folder / "edition.yml").write_text(
            yaml.safe_dump(sidecar, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        list(seal_edition(folder))


def _corrected(rows: list[Row]) -> list[Row]:
    if "amount_eur" not in rows[0]:
        changed = rows[0] | ({"description_fr": "Corrigé."} if "description_fr" in rows[0] else {})
        return [changed, *rows[1:-1]] if "figure_id" not in rows[0] else rows[:-1]
    amount = next(row for row in rows if row["amount_eur"] and row["is_total"] == "false")
    withdrawn = [row for row in rows if row["is_total"] == "false"][-1]
    kept = [row for row in rows if row is not withdrawn and row["parent_line_code"] != withdrawn["line_code"]]
    return [row | ({"amount_eur": "1234567", "printed_text": "1 234 567"} if row is amount else {}) for row in kept]


def _next_report(raw: Path) -> None:
    """The report of the year after: series that go on, words beside numbers, figures told of one territory alone."""
    places = {"unit": "place"}
    rsa = {"unit": "household", "when": "2020-12", "indicator_code": "rsa_recipients"}
    figures = [
        figure("population", 5, OCCITANIE, 6_022_000, "person", "2022-01-01", indicator_code="population"),
        figure("rsa", 6, ARIEGE, 6_405, **rsa, cited_source="DREES"),
        figure("rsa-repris", 7, ARIEGE, 6_405, **rsa, repeat_of="l6-rsa"),
        figure("rsa-presque", 8, AUDE, 17_000, **rsa, qualifier="nearly"),
        figure("chomage", 9, ARIEGE, 9.9, "percent", "2021-Q3", indicator_code="unemployment_rate"),
        figure("chomage-fourchette", 10, SOMEWHERE, None, "percent", "2021-Q4", indicator_code="unemployment_rate",
               lower=6, upper=7, printed_text="6 à 7"),
        figure("rang", 11, ARIEGE, 3, "rank", indicator_code="poverty_rank"),
        figure("rang-2022", 12, ARIEGE, 2, "rank", "2022", indicator_code="poverty_rank"),
        figure("places-09", 13, ARIEGE, 12, **places, when="2022"), figure("places-11", 13, AUDE, 15, **places),
        figure("places", 13, OCCITANIE, 30, **places, qualifier="about"),
        figure("places-plus", 14, OCCITANIE, 20, **places, qualifier="more_than"),
        figure("places-moins", 14, OCCITANIE, 40, **places, qualifier="less_than"),
        figure("places-jusqua", 14, OCCITANIE, 27, **places, qualifier="up_to"),
        figure("places-encore", 15, ARIEGE, 12, **places, when="2022", repeat_of="l13-places-09"),
        figure("places-metropole", 16, TOULOUSE, 9, **places),
        figure("part", 17, OCCITANIE, 44.4, "percent"), figure("rien", 17, OCCITANIE, 0, "place"),
        figure("hausse", 18, OCCITANIE, 25, "percent"),
    ]  # fmt: skip
    names = [column.name for column in REPORT_FIGURES.columns]
    text = {"title": "essai", "lines": 20, "sha256": "0" * 64}
    folder = "dreets_occitanie/report_key_figures/2022"
    _edition(raw, folder, "report_figures", "2023-12-31", figures, "figures.csv", names, transcribed_from=text)
    reconciliation = raw / "dreets_occitanie" / "reconciliation" / "2022"
    reconciliation.mkdir()
    (reconciliation / "errata.yml").write_text("[]\n", encoding="utf-8")
    relations = [
        ("r22-somme", "sum", "l13-places-09 + l13-places-11", "l13-places"),
        ("r22-plus", "sum", "l13-places-09 + l13-places-11", "l14-places-plus"),
        ("r22-moins", "sum", "l13-places-09 + l13-places-11", "l14-places-moins"),
        ("r22-jusqua", "sum", "l13-places-09 + l13-places-11", "l14-places-jusqua"),
        ("r22-part", "ratio", "l13-places-09 / l14-places-jusqua", "l17-part"),
        ("r22-sur-rien", "ratio", "l13-places-09 / l17-rien", "l17-part"),
        ("r22-hausse", "growth", "l13-places-09 -> l13-places-11", "l18-hausse"),
        ("r22-difference", "sum", "l13-places-11 - 1/4*l13-places-09", "l13-places-09"),
        ("r22-fourchette", "within", "insee/unemployment:unemployment_rate:2021-Q4:departement-30",
         "l10-chomage-fourchette"),
        ("r22-bretagne", "sum", "drees/monthly_benefits:rsa_recipients:2019-12:departements@53",
         "drees/monthly_benefits:rsa_recipients:2019-12:region-53"),
        ("r22-rupture", "growth", "drees/monthly_benefits:aah_recipients:2023-09:departement-09 -> "
         "drees/monthly_benefits:aah_recipients:2023-12:departement-09", "l18-hausse"),
        ("r22-complet", "complete", "drees/monthly_benefits:rsa_recipients:2020-12:departements@53", ""),
        ("r22-incomplet", "complete", "drees/monthly_benefits:rsa_recipients:2020-12:departements@76", ""),
    ]  # fmt: skip
    names = ["relation_id", "operator", "left", "right", "severity", "description_fr", "note_fr"]
    rows = [dict(zip(names, (*one, "warning", one[0], ""), strict=True)) for one in relations]
    _write(reconciliation / "relations.csv", names, rows)


def _extract(raw: Path, name: str, day: str, rows: list[Row], **about: object) -> None:
    names = [column.name for column in PRODUCER_EXTRACT.columns]
    _edition(raw, name, "producer_extract", day, rows, "facts.csv", names, **about)


def _edition(
    raw: Path, name: str, layout: str, day: str, rows: list[Row], file: str, columns: list[str], **about: object
) -> None:
    folder = raw / name
    folder.mkdir(parents=True)
    _write(folder / file, columns, rows)
    publisher, dataset, label = name.split("/")
    sidecar: Row = {
        "publisher": publisher, "dataset": dataset, "title": name, "layout": layout, "version_label": label,
        "url": None, "origin": "essai", "published": {"on": day}, "retrieved_at": "2026-11-22", "licence": "essai",
        "access": "open", "maturity": "final", "region_code": "76", **about,
    }  # fmt: skip
    (folder / "edition.yml").write_text(yaml.safe_dump(sidecar, allow_unicode=True), encoding="utf-8")
    list(seal_edition(folder))


def _write(path: Path, names: list[str], rows: list[Row]) -> None:
    with path.open("w", encoding="utf-8", newline="") as content:
        writer = csv.DictWriter(content, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


class RicherStage:
    """The stage file of that archive, built to the marts, with what the marts must hold."""

    def __init__(self, folder: Path) -> None:
        self.raw = folder / "raw"
        self.stage = folder / "stage.duckdb"  # its views know the file by this name

    @cached_property
    def expected(self) -> dict[str, list[Row]]:
        return expected_marts(Knowledge.of(self.raw), self.raw)

    def copied_to(self, folder: Path) -> Path:
        return Path(shutil.copy(self.stage, folder))


def build_richer(folder: Path) -> None:
    """Make that archive, and go through a refresh of it up to publication, and keep its stage file."""
    richer = RicherStage(folder)
    shutil.copytree(PROJECT / "raw", richer.raw)
    enrich(richer.raw)
    with built(Settings(richer.raw, folder / "warehouse")) as run:
        shutil.copy(run.stage, richer.stage)


@contextmanager
def built(settings: Settings) -> Iterator[Refresh]:
    """A refresh whose tables are built and tested, and not published yet."""
    with Refresh.start(settings) as run:
        for dataset in run.catalogue:
            run.take_in(dataset.name)
        assert not run.refused, run.refused
        run.write_context()
        run.protect()
        run.stop_on_failures(run.build(transform.CORE_SELECTION, "core"))
        run.reconcile()
        run.stop_on_failures(run.build(transform.MARTS_SELECTION, "marts"))
        yield run
