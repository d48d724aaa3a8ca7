"""Reading a producer's file only to know whether it can be: before it is archived.

It is done in a process of its own, which is held to limits and whose death is a refusal: a file that nobody has looked
at yet may be anything.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import date
from importlib import import_module
from pathlib import Path
from typing import Any

import duckdb

from dagster_project.readers import OFFICIAL_MODULES, official_layout
from dagster_project.readers.cells import Reading
from dagster_project.readers.deaths import why_it_died
from dagster_project.readers.kinds import UnfitFileError
from dagster_project.readers.limits import (
    OUT_OF_MEMORY,
    Allowance,
    give_up_what_reading_does_not_need,
    held_to,
)
from dagster_project.readers.official import EditionFacts, OfficialLayout, Recognition
from dagster_project.readers.shown import shown
from dagster_project.readers.zipped import check_size, data_file

_MAX_SHOWN = 50
# A machine may do ten things at once; a process that waits for nothing more than that is stuck.
_WALL_TO_COMPUTING = 10
_MOST_THREADS = 2
_SPILLED = 4


@dataclass(frozen=True)
class Examined:
    """What a sound file is; or the French lines that say why it is refused."""

    layout: OfficialLayout | None
    facts: EditionFacts | None
    refusals: tuple[str, ...] = ()


def examine(path: Path, name: str, layout: str | None = None) -> Examined:
    """Recognise and read a file (as `layout`, where that is known) in a process that is held to limits, and reaped."""
    size = path.stat().st_size
    with tempfile.TemporaryDirectory(prefix="bilan-") as scratch:
        child = subprocess.Popen(
            [sys.executable, "-m", __name__, os.path.abspath(path), shown(name), layout or ""],  # noqa: PTH100
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "TMPDIR": scratch},
        )
        try:
            answer, words = child.communicate(timeout=_WALL_TO_COMPUTING * Allowance.to_read(size).seconds)
        except subprocess.TimeoutExpired:
            child.send_signal(signal.SIGPROF)
            answer, words = child.communicate()
        except BaseException:
            child.kill()
            child.wait()
            raise
    if child.returncode:
        reason = why_it_died(child.returncode, words.decode(errors="replace"))
        return Examined(None, None, (f"{shown(name)} : {reason}.",))
    return _from_json(json.loads(answer))


def recognise(path: Path) -> tuple[OfficialLayout, Recognition]:
    """The layout a file is of, or the one it resembles most."""
    judged = [(layout, layout.recognise(path)) for layout in _every_layout()]
    return max(judged, key=lambda one: (one[1].is_certain, _resemblance(one[1]), len(one[1].found)))


@contextmanager
def refusing(reading: Reading) -> Iterator[None]:
    """Whatever stops a reader is a defect of the file it reads, and said as one."""
    try:
        yield
    except UnfitFileError as error:
        reading.reject(
            found=str(error), expected="un fichier de données, ou l'archive qui le contient", rule="contenant",
            advice="Reprenez le fichier du producteur.",
        )  # fmt: skip
    except OUT_OF_MEMORY:
        reading.reject(
            found="un fichier qui demande plus de mémoire que permis", expected="un fichier de taille raisonnable",
            rule="limites de lecture", advice="Reprenez le fichier du producteur.",
        )  # fmt: skip
    except BaseException as error:
        if not _is_of_the_file(error):
            raise
        last = traceback.extract_tb(error.__traceback__)[-1]
        reading.reject(
            found=f"{type(error).__name__} ({error}), {Path(last.filename).name} ligne {last.lineno}",
            expected="un fichier que son lecteur suit jusqu'au bout", rule="lecture interrompue",
            advice="Reprenez le fichier du producteur ; si c'est bien lui, signalez ce message.",
        )  # fmt: skip


def _is_of_the_file(error: BaseException) -> bool:
    """A panic of calamine is no `Exception`; a full disk is not the file's fault."""
    if isinstance(error, OSError | duckdb.IOException):
        return False
    return isinstance(error, Exception) or type(error).__module__ == "pyo3_runtime"


def _every_layout() -> Iterator[OfficialLayout]:
    for module in sorted(set(OFFICIAL_MODULES.values())):
        yield from import_module(f"dagster_project.readers.{module}").LAYOUTS


def _resemblance(recognition: Recognition) -> float:
    return len(recognition.found) / (len(recognition.found) + len(recognition.missing) or 1)


def _examine_here(path: Path, name: str, layout_name: str) -> Examined:
    try:
        with ExitStack() as opened:
            with held_to(Allowance.to_recognise(path.stat().st_size)):
                data = opened.enter_context(data_file(path))
                layout, recognition = _known(layout_name) or recognise(data)
                if not recognition.is_certain:
                    return Examined(None, None, (_unrecognised(name, layout, recognition),))
                check_size(data.stat().st_size, layout.largest)
            if defects := _defects_of(layout, data, name):
                return Examined(layout, None, defects)
            with held_to(Allowance.to_read(data.stat().st_size)):
                return Examined(layout, layout.edition(data))
    except UnfitFileError as error:
        return Examined(None, None, (f"{name} : {shown(str(error))}.",))
    except OUT_OF_MEMORY:
        return Examined(None, None, (f"{name} : sa lecture demande plus de mémoire que permis.",))


def _known(layout_name: str) -> tuple[OfficialLayout, Recognition] | None:
    return (official_layout(layout_name), Recognition((layout_name,), ())) if layout_name else None


def _defects_of(layout: OfficialLayout, data: Path, name: str) -> tuple[str, ...]:
    """Why a file, out of its archive, is refused: a French line a defect (capped, with a count); nothing if sound."""
    allowed = Allowance.to_read(data.stat().st_size).memory >> 21
    with duckdb.connect(
        config={"temp_directory": tempfile.gettempdir(), "memory_limit": f"{allowed}MB", "threads": _MOST_THREADS}
    ) as connection:
        reading = Reading(connection, name)
        with refusing(reading), held_to(Allowance.to_read(data.stat().st_size)):
            layout.read(data, reading)
        messages = [reject.message for reject in reading.rejects]
    if len(messages) > _MAX_SHOWN:
        messages = [*messages[:_MAX_SHOWN], f"… et {len(messages) - _MAX_SHOWN} autres"]
    return tuple(messages)


def _unrecognised(name: str, layout: OfficialLayout, recognition: Recognition) -> str:
    if not recognition.found:
        return f"{name} : fichier d'aucune forme connue. raw/README.md dit lesquelles le sont."
    found, missing = (shown(", ".join(words[:5])) for words in (recognition.found, recognition.missing))
    return f"{name} : ressemble à « {layout.title_fr} » (trouvé : {found}), mais il manque : {missing}."


def _to_json(examined: Examined) -> dict[str, Any]:
    return {
        "layout": examined.layout.name if examined.layout else None,
        "facts": asdict(examined.facts) if examined.facts else None,
        "refusals": examined.refusals,
    }


def _from_json(answer: dict[str, Any]) -> Examined:
    layout = official_layout(answer["layout"]) if answer["layout"] else None
    facts = EditionFacts(**answer["facts"]) if answer["facts"] else None
    if facts:
        facts = replace(
            facts, published_on=_day(facts.published_on), published_not_after=_day(facts.published_not_after)
        )
    return Examined(layout, facts, tuple(answer["refusals"]))


def _day(text: Any) -> date | None:
    return date.fromisoformat(text) if text else None


if __name__ == "__main__":
    protocol, sys.stdout = sys.stdout, sys.stderr
    file = Path(sys.argv[1])
    give_up_what_reading_does_not_need((1 << 30) + _SPILLED * file.stat().st_size)
    print(json.dumps(_to_json(_examine_here(file, *sys.argv[2:])), default=str), file=protocol, flush=True)
    os._exit(0)  # There is nothing to tidy: the caller owns the folder that was written to.
