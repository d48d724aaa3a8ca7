"""What the door accepted, kept as it accepted it: the report on an edition and its rows, in Parquet.

An edition is not examined again while its files, its sidecar, the code and, for one filled by hand, those beside it
that its figures are compared with are the same. Rows are proved by their hash before they are used again; losing this
folder costs only time. A refusal is not kept: what a machine was too small for, another may accept.
"""

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from dagster_project.catalogue import Edition
from dagster_project.hashing import file_sha256
from dagster_project.quality.door_report import DoorReport
from dagster_project.readers import LAYOUTS
from dagster_project.release.fingerprint import code_version
from dagster_project.release.folders import remove

_REPORT = "report.json"
_UNFINISHED = ".unfinished-"


class Accepted:
    """The folders of some editions, one each; an edition without its own is to be examined."""

    def __init__(self, root: Path, editions: Sequence[Edition]) -> None:
        """Make the root, which only its owner may enter: restricted cells are in there as they are in ``raw/``."""
        root.mkdir(mode=0o700, exist_ok=True)
        self._root = root
        self._editions = editions
        self._names = _names(editions)

    def folder(self, edition: Edition) -> Path:
        """Where the rows of an edition are, or shall be."""
        return self._root / self._names[edition.edition_id]

    def reports(self) -> dict[str, DoorReport]:
        """What the door said of the editions it need not see again; those of one publisher's tables go together."""
        known = {edition.edition_id: report for edition in self._editions if (report := self._report(edition))}
        incomplete = {_tables_of(edition) for edition in self._editions if edition.edition_id not in known} - {None}
        return {
            edition.edition_id: known[edition.edition_id]
            for edition in self._editions
            if edition.edition_id in known and _tables_of(edition) not in incomplete
        }

    def _report(self, edition: Edition) -> DoorReport | None:
        """None where the edition was never accepted, or where a file is not what was sealed."""
        folder = self.folder(edition)
        try:
            kept = json.loads((folder / _REPORT).read_text(encoding="utf-8"))
            is_sound = all(file_sha256(folder / name) == digest for name, digest in kept["files"].items())
            return DoorReport(**kept["report"]) if is_sound else None
        except (FileNotFoundError, ValueError):  # a power failure may cut any file short
            return None

    def files(self, editions: Sequence[Edition], table: str) -> list[str]:
        """The files of a raw table, edition after edition."""
        return [str(path) for edition in editions for path in sorted(self.folder(edition).glob(f"{table}-*.parquet"))]

    def tidy(self) -> None:
        """Remove what no edition of today answers to, and what a killed door left."""
        for folder in self._root.iterdir():
            if folder.name not in self._names.values():
                remove(folder)


def unfinished(folder: Path) -> Path:
    """An empty folder, to be filled with an edition's rows and then sealed.

    Its name is its own: the door of a killed run may still be writing, and must not write in here.
    """
    return Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder.parent))


def seal(building: Path, folder: Path, report: DoorReport) -> None:
    """Make what was filled the folder of its edition, in one step, with the report and the hash of each file."""
    files = {path.name: file_sha256(path) for path in sorted(building.iterdir())}
    document = json.dumps({"report": asdict(report), "files": files}, ensure_ascii=False)
    (building / _REPORT).write_text(document, encoding="utf-8")
    remove(folder)
    building.rename(folder)


def _tables_of(edition: Edition) -> str | None:
    """Whose tables an edition is among, where it is filled by hand: a figure may repeat one of another edition."""
    return edition.sidecar.publisher if edition.sidecar.layout in LAYOUTS else None


def _names(editions: Sequence[Edition]) -> dict[str, str]:
    """The name of each edition's folder: a hash of all that the door's answer depends on."""
    own = {edition.edition_id: edition.model_dump_json(exclude={"folder"}) for edition in editions}
    beside: dict[str | None, list[str]] = {}
    for edition in editions:
        if (tables := _tables_of(edition)) is not None:
            beside.setdefault(tables, []).append(own[edition.edition_id])
    names = {}
    for edition in editions:
        told = json.dumps([code_version(), own[edition.edition_id], *beside.get(_tables_of(edition), ())])
        names[edition.edition_id] = hashlib.sha256(told.encode()).hexdigest()[:32]
    return names
