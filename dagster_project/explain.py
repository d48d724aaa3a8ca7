"""From a figure to its line, its relations and their verdicts, and back."""

from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import duckdb

from dagster_project.errors import WrongUseError
from dagster_project.quality.reconcile import french
from dagster_project.query import open_release, rows_of
from dagster_project.settings import Settings

VERDICTS = {
    "exact": "exacte",
    "rounding": "vraie à l'arrondi près",
    "holds": "vérifiée",
    "gap": "ÉCART",
    "not_computable": "non calculable",
}
_OPERATORS = {
    "sum": "somme",
    "part": "partie d'un tout",
    "at_most": "ordre",
    "ratio": "pourcentage",
    "growth": "évolution en pourcentage",
    "same": "même grandeur",
    "within": "dans une fourchette",
    "complete": "tous les membres présents",
}
_SIDES = {"left": "donne", "base": "rapporté à", "right": "imprimé"}


def explain(settings: Settings, name: str) -> Iterator[str]:
    """Everything known of a figure or of a relation, as French lines.

    Raises:
        WrongUseError: nothing in the served release has this name.
    """
    with open_release(settings) as connection:
        if relations := rows_of(connection, "select * from marts.reconciliation where relation_id = ?", name):
            yield from _relation(connection, relations[0])
        elif references := _references(connection, name):
            for reference in references:
                yield from _figure(connection, reference)
        else:
            raise WrongUseError(f"« {name} » : ni chiffre ni relation. Proches : {', '.join(_close(connection, name))}")


def _references(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The figures of this name: one of a report's by its short name, or any by its full reference."""
    sql = """
        select concat(report, ':', figure_id) as reference from marts.key_figure where ? in (figure_id, reference)
        union
        select reference from marts.reconciliation_term where reference = ?
        order by reference
    """
    return [row["reference"] for row in rows_of(connection, sql, name, name)]


def _close(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    sql = """
        select name from (
            select relation_id as name from marts.reconciliation union select figure_id from marts.key_figure
        ) order by jaro_winkler_similarity(name, ?) desc, name limit 3
    """
    return [row["name"] for row in rows_of(connection, sql, name)]


def _figure(connection: duckdb.DuckDBPyConnection, reference: str) -> Iterator[str]:
    report, _, figure_id = reference.rpartition(":")
    sql = "select * from marts.key_figure where report = ? and figure_id = ?"
    for figure in rows_of(connection, sql, report, figure_id):
        value = french(figure["value"]) if figure["value"] is not None else _bounds(figure)
        yield f"{figure['indicator_label_fr']}, {figure['territory_label']} : {value} {figure['unit']}"
        yield f"  imprimé « {figure['printed_text']} », ligne {figure['source_line']} du rapport {report}"
        period = figure["period_label"] or "non précisée"
        yield f"  période : {period} ; statut {figure['obs_status']} ; {figure['edition']}"
        if figure["repeat_of"]:
            yield f"  répète {figure['repeat_of']}"
    sql = """
        select distinct relation.relation_id, relation.description_fr, relation.verdict, relation.diagnosis_fr
        from marts.reconciliation_term as term
        inner join marts.reconciliation as relation on term.relation_id = relation.relation_id
        where term.reference = ?
        order by relation.relation_id
    """
    relations = rows_of(connection, sql, reference)
    yield f"{len(relations)} relation(s) :" if relations else "Aucune relation ne l'emploie."
    for relation in relations:
        yield f"  {relation['relation_id']} : {VERDICTS[relation['verdict']]}. {relation['description_fr']}."
        if relation["diagnosis_fr"]:
            yield f"    {relation['diagnosis_fr']}"


def _bounds(figure: dict[str, Any]) -> str:
    if figure["value_lower"] is None:
        return "—"
    return f"de {french(figure['value_lower'])} à {french(figure['value_upper'])}"


def _relation(connection: duckdb.DuckDBPyConnection, relation: dict[str, Any]) -> Iterator[str]:
    yield f"{relation['relation_id']} ({_OPERATORS[relation['operator']]}) : {VERDICTS[relation['verdict']]}"
    yield f"  {relation['description_fr']}."
    if relation["difference"] is not None:
        yield (
            f"  calculé {french(relation['left_value'])}, imprimé {french(relation['right_value'])}, "
            f"écart {french(relation['difference'])}, tolérance {french(relation['tolerance'])}"
        )
    if relation["diagnosis_fr"]:
        yield f"  Diagnostic (trouvé par le calcul) : {relation['diagnosis_fr']}"
    if relation["note_fr"]:
        yield f"  Note (écrite par une personne) : {relation['note_fr']}"
    if relation["waiver_id"]:
        yield f"  Erratum {relation['waiver_id']} : {relation['waiver_reason_fr']}"
    sql = """
        select term.*, figure.source_line, figure.printed_text
        from marts.reconciliation_term as term
        left join marts.key_figure as figure on term.reference = concat(figure.report, ':', figure.figure_id)
        where term.relation_id = ?
        order by case term.side when 'left' then 1 when 'base' then 2 else 3 end, term.position, term.reference
    """
    for term in rows_of(connection, sql, relation["relation_id"]):
        value = _times(term) + (french(term["value"]) if term["value"] is not None else _bounds(term))
        where = f"ligne {term['source_line']}, « {term['printed_text']} »" if term["source_line"] else term["dataset"]
        named = f"{term['label_fr']} ({where or 'non imprimé'}) [{term['reference']}]"
        yield f"  {_SIDES[term['side']]:<11} {value:>14}  {named}"


def _times(term: dict[str, Any]) -> str:
    coefficient = Fraction(term["coefficient_numerator"], term["coefficient_denominator"])
    if coefficient == 1:
        return ""
    return "− " if coefficient == -1 else f"{coefficient} × "
