"""Relations as data: what must hold between figures, written as one line each in ``relations.csv``.

``left`` is what the parts give, ``right`` is what is printed::

    sum     l1410-rsa + l1410-aah + ...        = l1410-total
    part    l350-enveloppe-aap-groupes-2019   <= l349-enveloppe-2019
    at_most two figures the text sets in order, neither a part of the other
    ratio   l1162-pris-en-charge / l1167-jeunes-majeurs  = l1163-part-pris-en-charge   (a percentage)
    growth  from -> to                         = l1422-croissance-allocations          (a percentage)
    same    l178-taux-pauvrete-encadre         = l182-taux-pauvrete
    within  every left figure lies between the bounds of the right one
    complete  every expected member of the left group is present

Terms are added (`` + ``) or subtracted (`` - ``) and may carry a coefficient (``1/12*figure``). ``?`` stands for a
denominator that is not printed. A name alone is a figure of the same report; ``dataset:indicator:period:level-code``
is a producer's; ``dataset:indicator:period:departements@76`` is every département of region 76.
"""

import re
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Literal, get_args

from dagster_project.readers.table import (
    Column,
    Layout,
    ReadResult,
    Reject,
    Row,
    column_letter,
    one_of,
    read_csv_table,
    text,
)

Operator = Literal["sum", "part", "at_most", "ratio", "growth", "same", "within", "complete"]
Side = Literal["left", "base", "right"]

RELATIONS = Layout(
    "relations",
    (
        Column("relation_id", "varchar", text, required=True),
        Column("operator", "varchar", one_of(*get_args(Operator)), required=True),
        Column("left", "varchar", text, required=True),
        Column("right", "varchar", text),
        Column("severity", "varchar", one_of("error", "warning"), required=True),
        Column("description_fr", "varchar", text, required=True),
        Column("note_fr", "varchar", text),
    ),
)
_SEPARATOR = {"ratio": " / ", "growth": " -> "}
_TERM = re.compile(r"^(?:(?P<coefficient>\d+(?:/0*[1-9]\d*)?)\*)?(?P<reference>[^\s*]+)$")


@dataclass(frozen=True)
class WrittenTerm:
    """A term as written: which side it stands on, its coefficient, and the figure or group it names."""

    side: Side
    position: int
    coefficient: Fraction
    reference: str


@dataclass(frozen=True)
class WrittenRelation:
    """A line of ``relations.csv``, read."""

    relation_id: str
    report: str
    operator: str
    severity: str
    description_fr: str
    note_fr: str | None
    terms: tuple[WrittenTerm, ...]


class RelationSyntaxError(ValueError):
    """A relation that cannot be read; the message is French."""


def read_relations(raw: Path) -> tuple[list[WrittenRelation], list[Reject]]:
    """Read every ``relations.csv`` under ``raw/<publisher>/reconciliation/<report>/``; defects are named by cell."""
    relations: list[WrittenRelation] = []
    rejects: list[Reject] = []
    for path in sorted(raw.glob("*/reconciliation/*/relations.csv")):
        file = str(path.relative_to(raw))
        report = f"{path.parts[-4]}/{path.parts[-2]}"
        table = read_csv_table(RELATIONS, file, path.read_bytes())
        rejects += table.rejects
        found, defects = _relations_of(table, report, file)
        relations += found
        rejects += defects
    return relations, rejects


def _relations_of(table: ReadResult, report: str, file: str) -> tuple[list[WrittenRelation], list[Reject]]:
    relations: dict[str, WrittenRelation] = {}
    meanings: dict[tuple[object, ...], str] = {}
    rejects: list[Reject] = []
    for row in table.rows:
        try:
            relation = parse_relation(row, report)
            if relation.relation_id in relations:
                raise RelationSyntaxError("un identifiant employé une seule fois")
            twin = meanings.setdefault((relation.operator, frozenset(relation.terms)), relation.relation_id)
            if twin != relation.relation_id:
                raise RelationSyntaxError(f"une relation qui ne répète pas {twin}")
            relations[relation.relation_id] = relation
        except RelationSyntaxError as error:
            number = row["row_number"]
            assert isinstance(number, int)
            found = f"{row['relation_id']} : {row['left']} | {row['right'] or ''}"
            letter = column_letter([column.name for column in RELATIONS.columns].index("left"))
            rejects.append(Reject(file, number, letter, "left", found, str(error), "relation", "Corrigez la relation."))
    return list(relations.values()), rejects


def parse_relation(row: Row, report: str) -> WrittenRelation:
    """Read one row of ``relations.csv``.

    Raises:
        RelationSyntaxError: a side that cannot be read, or fewer than two distinct figures.
    """
    operator, left, right = str(row["operator"]), str(row["left"]), str(row["right"] or "")
    base = ""
    if separator := _SEPARATOR.get(operator):
        first, found, second = left.partition(separator)
        if not found:
            raise RelationSyntaxError(f"deux membres séparés par « {separator.strip()} »")
        left, base = (second, first) if operator == "growth" else (first, second)
    terms = (*_terms("left", left, report), *_terms("base", base, report), *_terms("right", right, report))
    if bool(right) == (operator == "complete"):
        raise RelationSyntaxError("un second membre, sauf pour l'opérateur complete")
    if operator == "within" and not _is_one_figure(right):
        raise RelationSyntaxError("une seule fourchette au second membre, sans coefficient")
    if len({term.reference for term in terms}) < 2 and not any(is_group(term.reference) for term in terms):
        raise RelationSyntaxError("au moins deux figures distinctes")
    note = row["note_fr"]
    return WrittenRelation(
        relation_id=str(row["relation_id"]),
        report=report,
        operator=operator,
        severity=str(row["severity"]),
        description_fr=str(row["description_fr"]),
        note_fr=str(note) if note else None,
        terms=terms,
    )


def _is_one_figure(expression: str) -> bool:
    return " " not in expression and "*" not in expression and not is_group(expression)


def is_group(reference: str) -> bool:
    """Whether a reference stands for every département of a region."""
    return ":departements@" in reference


def _terms(side: Side, expression: str, report: str) -> tuple[WrittenTerm, ...]:
    if not expression:
        return ()
    words = expression.split(" ")
    terms: list[WrittenTerm] = []
    sign = 1
    for index, word in enumerate(words):
        if index % 2:
            if word not in ("+", "-"):
                raise RelationSyntaxError(f"« + » ou « - » au lieu de « {word} »")
            sign = 1 if word == "+" else -1
            continue
        match = _TERM.match(word)
        if not match:
            raise RelationSyntaxError(f"un terme au lieu de « {word} »")
        coefficient = sign * Fraction(match["coefficient"] or 1)
        reference = match["reference"]
        if reference != "?" and ":" not in reference:
            reference = f"{report}:{reference}"
        terms.append(WrittenTerm(side, len(terms) + 1, coefficient, reference))
    if len(words) % 2 == 0:
        raise RelationSyntaxError("un terme après le dernier signe")
    return tuple(terms)
