"""The machine fails a refresh under way: the release served does not move, and the run says why in one line of French.

`BILAN_FAULTS` of the forty below, in this order.
"""

import contextlib
import re
import signal
from collections.abc import Iterator

import pytest

from tests.drills import faults
from tests.drills.counts import FAULTS
from tests.drills.faults import Fault
from tests.drills.forked import Bilan, bilan
from tests.drills.miniature import Miniature

LOADING, READING, CORE, JUDGING, MARTS, PUBLISHING = (
    "Chargement",
    "Lecture de drees",
    "cœur : dim_territory",
    "Rapprochement",
    "publiées : budget_line",
    "Publication",
)
_NARRATION = re.compile(r"Chargement|Lecture de |dbt, |Rapprochement des |Secret |Contrôle du |Publication$")
_FULL, _READ_ONLY = "Le disque est plein", "Le disque est en lecture seule"
_FORBIDDEN, _MEMORY = "Droits insuffisants", "[Ll]a mémoire manque"
_GONE = "Un fichier de travail a disparu"
_DAMAGED = "Le fichier de travail est abîmé"

CASES: list[tuple[Fault, str, str]] = [
    (faults.disk_full, PUBLISHING, _FULL),
    (faults.terminated, MARTS, "Interrompu"),
    (faults.memory_short, CORE, _MEMORY),
    *((faults.disk_full, moment, _FULL) for moment in (LOADING, READING, CORE, JUDGING, MARTS)),
    *((faults.disk_read_only, moment, _READ_ONLY) for moment in (LOADING, READING, CORE, JUDGING, MARTS, PUBLISHING)),
    *((faults.memory_short, moment, _MEMORY) for moment in (LOADING, JUDGING, MARTS, PUBLISHING)),
    *((faults.terminated, moment, "Interrompu") for moment in (LOADING, READING, CORE, JUDGING, PUBLISHING)),
    *((faults.files_short, moment, "Trop de fichiers ouverts") for moment in (MARTS, PUBLISHING)),
    *((faults.sizes_short, moment, "taille permise") for moment in (MARTS, PUBLISHING)),
    *((faults.releases_forbidden, moment, _FORBIDDEN) for moment in (LOADING, MARTS)),
    *((faults.stage_forbidden, moment, _FORBIDDEN) for moment in (CORE, JUDGING)),
    *((faults.stage_corrupted, moment, _DAMAGED) for moment in (JUDGING, PUBLISHING)),
    *((faults.stage_removed, moment, _GONE) for moment in (READING, JUDGING, PUBLISHING)),
    *((faults.doors_killed, moment, "plus de mémoire que permis") for moment in (LOADING, READING)),
    # Noticed at once or at the end, whichever comes after it.
    (faults.raw_file_changed, LOADING, "a changé pendant l'exécution|n'est pas celui de la fiche"),
    (faults.raw_file_gone, LOADING, "occitanie.csv"),
]
# How a process that has no memory left ends without a word: native code does it, the C library or a compiled module, or
# the run itself, when it waits where nothing interrupts it.
_CUT_SHORT = (-signal.SIGSEGV, -signal.SIGABRT, 127, -signal.SIGKILL)
_OF_THE_DISK = (faults.disk_full, faults.disk_read_only)


@pytest.fixture(scope="module")
def ground(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Miniature]:
    """One project for all faults, its warehouse on a disk of its own where this account may mount one.

    What a fault leaves behind, the next run must not suffer from; the last is one that nothing disturbs.
    """
    folder = tmp_path_factory.mktemp("faults")
    warehouse = folder / "warehouse"
    warehouse.mkdir()
    with faults.mounted(warehouse, megabytes=400) if faults.can_mount() else contextlib.nullcontext():
        project = miniature.copied_to(folder)
        yield project
        code, said = bilan(project, "refresh")
        assert code == 0, said
        project.assert_healed()


@pytest.mark.slow
@pytest.mark.drill(
    "Pannes injectées dans une actualisation",
    "la version servie ne bouge pas, l'exécution échoue et sa cause tient en une ligne",
)
@pytest.mark.parametrize(
    ("fault", "moment", "cause"), [pytest.param(*case, id=f"{case[0].__name__}-{case[1]}") for case in CASES[:FAULTS]]
)
def test_a_fault_leaves_the_served_release_as_it_is_and_says_its_cause(
    ground: Miniature, fault: Fault, moment: str, cause: str
) -> None:
    if fault in _OF_THE_DISK and not ground.settings.warehouse.is_mount():
        pytest.skip("only an account that may mount a file system can fill one, or take its writing away")
    before = ground.settings.served.readlink()
    ground.change()
    with Bilan(ground, "refresh", prepare=faults.obey_modes) as run:
        assert run.wait_for(moment), run.said()
        with fault(run, ground):
            code = run.end()
        said = run.said()
    assert ground.settings.served.readlink() == before
    ground.assert_sound()
    assert "Traceback" not in said, said
    if fault is faults.memory_short and code in _CUT_SHORT:
        assert "n'est pas allée à son terme (tuée, ou à court de mémoire)" in bilan(ground, "status")[1]
        return
    assert code in (1, 3), said
    # Dagster complains before, in its own words, when its history cannot be written either.
    last_words = [line for line in said.splitlines() if line and not _NARRATION.match(line)][-2:]
    assert len([line for line in last_words if re.search(cause, line)]) == 1, said
