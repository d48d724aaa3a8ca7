"""The folders of a new report: one a family of figures, each with its sidecar and an empty table to fill."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml

from dagster_project.catalogue import SIDECAR
from dagster_project.check_transcription import EXCEPTIONS
from dagster_project.errors import WrongUseError
from dagster_project.hashing import file_sha256
from dagster_project.quality.relations import RELATIONS
from dagster_project.readers import LAYOUTS

FAMILIES = {
    "report_key_figures": ("report_figures", "figures.csv", "tous les chiffres, une ligne chacun"),
    "report_credits": ("report_budget_lines", "lines.csv", "crédits par action et par année"),
    "report_contracts": ("report_budget_lines", "lines.csv", "montants contractualisés"),
    "report_measures": ("report_measures", "measures.csv", "axes, mesures et sous-titres"),
    "report_local_actions": ("report_local_actions", "local_actions.csv", "initiatives locales"),
    "report_governance": ("report_governance", "governance.csv", "groupes de travail, conférences, instances"),
}


@dataclass(frozen=True)
class NewReport:
    """A report about to be transcribed: who publishes it, of which year and region, and its text."""

    publisher: str
    year: str
    region: str
    title: str
    text: Path


def scaffold_report(raw: Path, report: NewReport) -> Iterator[str]:
    """Make the folders of a report, and say what to do with them. French.

    Raises:
        WrongUseError: the report is there already.
    """
    folders = {family: raw / report.publisher / family / report.year for family in FAMILIES}
    reconciliation = raw / report.publisher / "reconciliation" / report.year
    if taken := [folder for folder in (*folders.values(), reconciliation) if folder.exists()]:
        raise WrongUseError(f"{taken[0]} existe déjà : ce rapport est déjà préparé, complétez-le.")
    for family, folder in folders.items():
        layout, file, what = FAMILIES[family]
        folder.mkdir(parents=True)
        _header(folder / file, [column.name for column in LAYOUTS[layout].columns])
        about = _sidecar(report, family)
        (folder / SIDECAR).write_text(yaml.safe_dump(about, sort_keys=False, allow_unicode=True, width=110), "utf-8")
        yield f"{folder / file} : {what}"
    reconciliation.mkdir(parents=True)
    _header(reconciliation / "relations.csv", [column.name for column in RELATIONS.columns])
    _header(reconciliation / "exceptions.csv", [column.name for column in EXCEPTIONS.columns])
    (reconciliation / "errata.yml").write_text("[]\n", "utf-8")
    yield f"{reconciliation} : relations, errata, nombres qui ne sont pas des chiffres"
    yield ""
    yield "Remplissez les tables (raw/README.md) ; supprimez les dossiers dont le rapport n'a pas l'usage. Puis :"
    yield "  bilan seal <dossier>, pour chacun"
    yield f"  bilan check-transcription {report.text}"
    yield "  bilan refresh"


def _header(path: Path, names: list[str]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerow(names)


def _sidecar(report: NewReport, family: str) -> dict[str, object]:
    layout, _, what = FAMILIES[family]
    today = date.today()
    return {
        "publisher": report.publisher,
        "dataset": family,
        "title": f"{report.title} : {what}",
        "layout": layout,
        "version_label": report.year,
        "url": None,
        "origin": "déposé à la main",
        "published": {"on": None, "not_after": today, "basis": "date à préciser"},
        "retrieved_at": today,
        "licence": "Rapport public ; chiffres, noms et titres repris, phrases exclues",
        "access": "open",
        "maturity": "final",
        "region_code": report.region,
        "transcribed_from": {
            "title": report.title,
            "lines": len(report.text.read_text(encoding="utf-8").splitlines()),
            "sha256": file_sha256(report.text),
        },
        "files": [],
    }
