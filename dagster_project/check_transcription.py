"""Proves a transcription against the report's own text, which the project does not keep.

Each printed text stands on its line and says its value; and no number of the text is left unaccounted for: it is in a
figure, or in the report's ``exceptions.csv`` with its reason.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dagster_project.catalogue import Edition, ReportText, load_catalogue
from dagster_project.errors import RefusedDataError, WrongUseError
from dagster_project.hashing import file_sha256
from dagster_project.readers import LAYOUTS
from dagster_project.readers.table import Column, Layout, integer, read_csv_table, text

EXCEPTIONS = Layout(
    "exceptions",
    (
        Column("source_line", "integer", integer, required=True),
        Column("token", "varchar", text, required=True),
        Column("reason", "varchar", text, required=True),
    ),
)
_NUMBER = re.compile(r"\d+(?:[ .,]\d+)*")


@dataclass
class _Line:
    """A line of the text, and which of its characters are accounted for."""

    text: str
    taken: list[bool] = field(init=False)

    def __post_init__(self) -> None:
        self.taken = [False] * len(self.text)

    def take(self, words: str) -> bool:
        """Account for one occurrence of these words, whole: no digit before or after; False if there is none left."""
        for match in re.finditer(rf"(?<!\d){re.escape(words)}(?!\d)", self.text):
            if not any(self.taken[match.start() : match.end()]):
                self.taken[match.start() : match.end()] = [True] * len(match.group())
                return True
        return False

    def left(self) -> Iterator[str]:
        """The numbers nothing accounts for."""
        for match in _NUMBER.finditer(self.text):
            if not all(
                taken
                for taken, one in zip(self.taken[slice(*match.span())], match.group(), strict=True)
                if one.isdigit()
            ):
                yield match.group()


def check_text(raw: Path, report: Path) -> str:
    """Prove the transcriptions of a report's text, both ways, and say what was proved. French.

    Raises:
        WrongUseError: no transcription in `raw` is of this text.
        RefusedDataError: a printed text that is not on its line or does not say its value, or a number of the text
            that no figure and no exception accounts for; one message a defect.
    """
    editions, source = _transcriptions(raw, report)
    lines = [_Line(line) for line in report.read_text(encoding="utf-8").split("\n")]
    defects = list(_length_defect(source, [line.text for line in lines]))
    checked = 0
    for where, printed, number in sorted(_printed_texts(editions, defects), key=lambda one: -len(one[1])):
        checked += 1
        if not 1 <= number <= len(lines) or not lines[number - 1].take(printed):
            defects.append(f"{where} : « {printed} » n'est pas à la ligne {number} du texte")
    exceptions = _exceptions(raw, editions[0], defects)
    for where, token, number in exceptions:
        if not 1 <= number <= len(lines) or not lines[number - 1].take(token):
            defects.append(f"{where} : « {token} » n'est pas, ou plus, à la ligne {number} du texte")
    for number, line in enumerate(lines, start=1):
        defects += [f"ligne {number} du texte : « {left} » n'est ni transcrit ni excepté" for left in line.left()]
    if defects:
        raise RefusedDataError("\n".join(defects))
    return (
        f"{checked} chiffres transcrits, chacun imprimé à sa ligne. "
        f"{len(exceptions)} nombres exceptés, chacun avec sa raison ; aucun autre."
    )


def _transcriptions(raw: Path, report: Path) -> tuple[list[Edition], ReportText]:
    editions = [edition for dataset in load_catalogue(raw) for edition in dataset.editions]
    digest = file_sha256(report)
    transcribed = [(edition, source) for edition in editions if (source := edition.sidecar.transcribed_from)]
    concerned = [(edition, source) for edition, source in transcribed if source.sha256 == digest]
    if not concerned:
        known = sorted({f"« {source.title} » ({source.sha256[:12]}…)" for _, source in transcribed})
        raise WrongUseError(
            f"{report} (empreinte {digest[:12]}…) n'est le texte d'aucune transcription. Attendu : {', '.join(known)}"
        )
    return [edition for edition, _ in concerned], concerned[0][1]


def _length_defect(source: ReportText, lines: list[str]) -> Iterator[str]:
    found = len(lines) - (lines[-1] == "")
    if found != source.lines:
        yield f"le texte a {found} lignes, la fiche en annonce {source.lines}"


def _printed_texts(editions: list[Edition], defects: list[str]) -> Iterator[tuple[str, str, int]]:
    """Every figure's printed text and line; a row whose value is not what it says is a defect."""
    for edition in editions:
        layout = LAYOUTS[edition.sidecar.layout]
        if "printed_text" not in {column.name for column in layout.columns}:
            continue
        for file in edition.sidecar.files:
            table = read_csv_table(
                layout, f"{edition.edition_id}/{file.name}", (edition.folder / file.name).read_bytes()
            )
            defects += [reject.message for reject in table.rejects]
            for row in table.rows:
                if printed := row["printed_text"]:
                    where = f"{edition.edition_id}/{file.name}, ligne {row['row_number']}"
                    yield where, str(printed), int(str(row["source_line"]))


def _exceptions(raw: Path, edition: Edition, defects: list[str]) -> list[tuple[str, str, int]]:
    """The report's numbers that are no figures: dates, pages, names. Each has its reason."""
    path = raw / edition.sidecar.publisher / "reconciliation" / edition.sidecar.version_label / "exceptions.csv"
    if not path.exists():
        return []
    table = read_csv_table(EXCEPTIONS, str(path.relative_to(raw)), path.read_bytes())
    defects += [reject.message for reject in table.rejects]
    return [
        (f"{path.relative_to(raw)}, ligne {row['row_number']}", str(row["token"]), int(str(row["source_line"])))
        for row in table.rows
    ]
