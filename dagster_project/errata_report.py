"""The errata register as people read it: what each entry changes today, and a text for the report's author."""

from collections.abc import Iterator
from typing import Any

from dagster_project.explain import VERDICTS
from dagster_project.quality.errata import Erratum, read_errata
from dagster_project.quality.reconcile import french
from dagster_project.query import open_release, rows_of
from dagster_project.settings import Settings

_STATUSES = {"open": "ouvert", "told": "signalé", "acknowledged": "reconnu", "corrected": "corrigé par son auteur"}
_TELLS_NOTHING_MORE = ("unexplained", "part_above_whole", "out_of_order")


def errata_lines(settings: Settings) -> Iterator[str]:
    """Each entry of the register with the verdict and difference of the served release, as French lines."""
    for erratum, relation in _entries(settings):
        status = f"{_STATUSES[erratum.status]}, inscrit le {erratum.recorded_on:%d/%m/%Y}"
        effect = "sans elle, rien ne serait publié" if relation["severity"] == "error" else "l'écart ne bloque pas"
        yield f"{erratum.erratum_id} ({status}) : {erratum.reason_fr}"
        yield f"  relation {erratum.relation_id} : {relation['description_fr']}"
        yield f"  {_numbers(relation)} ({VERDICTS[relation['verdict']]})"
        yield f"  ce que l'entrée change : {effect}"
        if relation["diagnosis_fr"]:
            yield f"  {relation['diagnosis_fr']}"
        yield f"  prévenu : {erratum.told_fr}"


def errata_markdown(settings: Settings) -> Iterator[str]:
    """A text one could send to the author of each report: figures, lines, what does not agree. French Markdown."""
    reports: dict[str, list[tuple[Erratum, dict[str, Any]]]] = {}
    for erratum, relation in _entries(settings):
        reports.setdefault(relation["report"], []).append((erratum, relation))
    for report, entries in reports.items():
        yield f"# Chiffres à vérifier dans le rapport {report}\n"
        yield (
            "En rapprochant les chiffres de ce rapport entre eux et de ceux des producteurs, nous trouvons "
            f"{len(entries)} désaccords. Les numéros de ligne sont ceux du texte du rapport."
        )
        for erratum, relation in entries:
            yield f"\n## {relation['description_fr']}\n"
            yield f"{erratum.reason_fr}\n"
            yield from (f"- {_term(term)}" for term in relation["terms"])
            yield f"\n{_numbers(relation).capitalize()}."
            if relation["diagnosis_kind"] not in _TELLS_NOTHING_MORE:
                yield f"\nExplication possible : {relation['diagnosis_fr']}"


def _numbers(relation: dict[str, Any]) -> str:
    calculated, printed = french(relation["left_value"]), french(relation["right_value"])
    return f"calculé : {calculated} ; imprimé : {printed} ; écart : {french(relation['difference'])}"


def _term(term: dict[str, Any]) -> str:
    if term["source_line"]:
        return f"{term['label_fr']}, ligne {term['source_line']} : « {term['printed_text']} »"
    return f"{term['label_fr']} : {french(term['value'])} ({term['dataset']})"


def _entries(settings: Settings) -> Iterator[tuple[Erratum, dict[str, Any]]]:
    """Each entry with its relation as the served release judges it, terms included."""
    relation_of = "select * from marts.reconciliation where relation_id = ?"
    terms_of = """
        select term.label_fr, term.value, term.dataset, figure.source_line, figure.printed_text
        from marts.reconciliation_term as term
        left join marts.key_figure as figure on term.reference = concat(figure.report, ':', figure.figure_id)
        where term.relation_id = ?
        order by term.side, term.position, term.reference
    """
    with open_release(settings) as connection:
        for erratum in read_errata(settings.raw):
            for relation in rows_of(connection, relation_of, erratum.relation_id):
                yield erratum, relation | {"terms": rows_of(connection, terms_of, erratum.relation_id)}
