"""What earlier fetches learnt, outside ``raw/``: marks that spare a download. Losing it costs only time."""

import json
import os
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from dagster_project.connectors.download import Validators

_FILE = "connectors.json"


@dataclass(frozen=True)
class Remembered:
    """The last state of a dataset that was fetched whole, and the edition that holds it."""

    edition: str
    revision: str | None = None
    url: str | None = None
    etag: str | None = None
    last_modified: str | None = None

    @property
    def validators(self) -> Validators:
        return Validators(self.etag, self.last_modified)


class State:
    """The memory of fetches, kept in one JSON file that is replaced whole."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._path = folder / _FILE
        self._known = self._read()

    def of(self, dataset: str) -> Remembered | None:
        return self._known.get(dataset)

    def keep(self, dataset: str, remembered: Remembered) -> None:
        self._known[dataset] = remembered
        self.folder.mkdir(parents=True, exist_ok=True)
        written = self._path.with_suffix(".new")
        content = {name: asdict(one) for name, one in sorted(self._known.items())}
        with written.open("w", encoding="utf-8") as file:
            json.dump(content, file, ensure_ascii=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        written.replace(self._path)

    def _read(self) -> dict[str, Remembered]:
        names = {field.name for field in fields(Remembered)}
        try:
            content = json.loads(self._path.read_text("utf-8"))
            return {
                dataset: Remembered(**{name: value for name, value in one.items() if name in names})
                for dataset, one in content.items()
            }
        except (OSError, ValueError, AttributeError, TypeError):
            return {}
