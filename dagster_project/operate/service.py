"""How a machine keeps it running: systemd's units, and a log of bounded size where there is no journal."""

import getpass
import re
import sys
from collections.abc import Iterable, Iterator
from logging import INFO, makeLogRecord
from logging.handlers import RotatingFileHandler
from pathlib import Path
from string import Template

from dagster_project.errors import WrongUseError
from dagster_project.settings import PROJECT, Settings

_TEMPLATES = Path(__file__).with_name("units")
# In a unit they separate, quote or stand for something else.
_READ_OTHERWISE = re.compile(r"""[\s%$"'\\;]""")
_LOG_BYTES, _LOGS = 5_000_000, 5


def write_units(settings: Settings, folder: Path, user: str | None = None, memory: str = "6G") -> Iterator[str]:
    """Write the units for this installation, its folders and an account; a French line for each, then what to do.

    Raises:
        WrongUseError: systemd would read a path otherwise than it is.
    """
    places = {
        "project": PROJECT,
        "bilan": Path(sys.executable).with_name("bilan"),
        "raw": settings.raw,
        "warehouse": settings.warehouse,
    }
    for place in places.values():
        if _READ_OTHERWISE.search(str(place)):
            raise WrongUseError(
                f"« {place} » : systemd lirait autrement un chemin avec une espace, un guillemet ou l'un de % $ ; \\. "
                "Renommez-le."
            )
    written = places | {"user": user or getpass.getuser(), "memory": memory}
    folder.mkdir(parents=True, exist_ok=True)
    for template in sorted(_TEMPLATES.iterdir()):
        unit = folder / template.name
        unit.write_text(Template(template.read_text(encoding="utf-8")).substitute(written), encoding="utf-8")
        yield str(unit)
    yield "Copiez-les dans /etc/systemd/system, puis, au choix :"
    yield "  systemctl enable --now bilan.service          le démon : planification, dépôts, producteurs si activés"
    yield "  systemctl enable --now bilan-refresh.timer    seulement « bilan refresh », chaque matin"


def check_log(path: Path) -> None:
    """Make sure a log can be written, before anything that would wait for it starts.

    Raises:
        WrongUseError: it cannot.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.open("a").close()
    except OSError as error:
        raise WrongUseError(f"{path} ne peut pas être écrit : vérifiez le dossier et vos droits.") from error


def keep_log(lines: Iterable[str], path: Path, size: int = _LOG_BYTES) -> None:
    """Write lines to a file that starts anew at that size, beside the five before it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=size, backupCount=_LOGS, encoding="utf-8")
    try:
        for line in lines:
            handler.handle(makeLogRecord({"levelno": INFO, "msg": line.rstrip("\n")}))
    finally:
        handler.close()
