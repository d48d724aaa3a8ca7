"""What people write in YAML - sidecars, errata, approvals - and why it cannot be read."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from dagster_project.errors import RefusedDataError

# A date that is none is a ValueError, as is what is not UTF-8.
UNREADABLE = (ValueError, yaml.YAMLError)
_Entry = TypeVar("_Entry", bound=BaseModel)


def read_entries(path: Path, entry: type[_Entry], where: str) -> list[_Entry]:
    """The entries of a register, a list in YAML; `where` begins the refusal.

    Raises:
        RefusedDataError: the file or one of its entries cannot be read.
    """
    try:
        written = yaml.safe_load(path.read_text(encoding="utf-8"))
        if not isinstance(written, list | None):
            raise RefusedDataError(f"{where} illisible, une liste d'entrées attendue")
        return [entry.model_validate(one) for one in written or []]
    except UNREADABLE as error:
        raise RefusedDataError(f"{where} illisible, {why(error)}") from error


def why(error: Exception) -> str:
    """Why something written cannot be read: the field, where one is to blame."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        return f"champ « {field} » : {first['msg']}" if field else first["msg"]
    if isinstance(error, UnicodeDecodeError):
        return f"octet {error.start} : enregistrez le fichier en UTF-8"
    return str(error).splitlines()[0]
