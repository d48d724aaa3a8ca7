"""Proves a transcription against the report's own text, which the project does not keep."""

import csv
from collections.abc import Iterator
from pathlib import Path

from dagster_project.catalogue import Edition, ReportText, file_sha256, load_catalogue
from dagster_project.errors import RefusedDataError, WrongUseError


def check_text(raw: Path, text: Path) -> str:
    """Prove that every printed text of the report's transcriptions stands on its line.

    Raises:
        WrongUseError: no transcription in `raw` is of this text.
        RefusedDataError: a printed text that is not on its line; one message a defect.
    """
    editions = [edition for dataset in load_catalogue(raw) for edition in dataset.editions]
    digest = file_sha256(text)
    transcribed = [(edition, source) for edition in editions if (source := edition.sidecar.transcribed_from)]
    concerned = [(edition, source) for edition, source in transcribed if source.sha256 == digest]
    if not concerned:
        known = sorted({f"« {source.title} » ({source.sha256[:12]}…)" for _, source in transcribed})
        raise WrongUseError(
            f"{text} (empreinte {digest[:12]}…) n'est le texte d'aucune transcription. Attendu : {', '.join(known)}"
        )
    lines = text.read_text(encoding="utf-8").split("\n")
    checked = 0
    defects: list[str] = []
    for edition, source in concerned:
        defects += _length_defect(source, lines)
        for where, printed, line in _printed_texts(edition):
            checked += 1
            if not 1 <= line <= len(lines) or printed not in lines[line - 1]:
                defects.append(f"{where} : « {printed} » n'est pas à la ligne {line} du texte")
    if defects:
        raise RefusedDataError("\n".join(defects))
    return f"{checked} chiffres transcrits, chacun imprimé à sa ligne."


def _length_defect(source: ReportText, lines: list[str]) -> Iterator[str]:
    found = len(lines) - (lines[-1] == "")
    if found != source.lines:
        yield f"le texte a {found} lignes, la fiche en annonce {source.lines}"


def _printed_texts(edition: Edition) -> Iterator[tuple[str, str, int]]:
    for file in edition.sidecar.files:
        with (edition.folder / file.name).open(encoding="utf-8", newline="") as content:
            for number, row in enumerate(csv.DictReader(content), start=2):
                yield f"{edition.edition_id}/{file.name}, ligne {number}", row["printed_text"], int(row["source_line"])
