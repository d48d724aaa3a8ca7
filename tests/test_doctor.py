"""`bilan doctor` looks at what a refresh and its readers rely on, and says what to do."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dagster_project.doctor import Finding, examine
from dagster_project.errors import BilanError
from dagster_project.history import history
from dagster_project.runner import run_refresh
from dagster_project.settings import Settings


def found(settings: Settings) -> dict[str, Finding]:
    return {finding.subject: finding for finding in examine(settings)}


def test_a_sound_project_blocks_nothing(published: Settings) -> None:
    findings = found(published)
    assert not [finding.line for finding in findings.values() if finding.is_blocking]
    assert findings["version servie"].found.endswith("à jour, chaque fichier tel que publié")
    assert findings["dernière exécution"].found.startswith("réussie")
    assert findings["verrou"].line == "bien    verrou : libre, aucun reste"
    assert "jamais tourné" in findings["planification"].found


def test_a_project_that_never_ran_is_told_how_to_begin(tmp_path: Path, published: Settings) -> None:
    findings = found(Settings(published.raw, tmp_path / "none" / "yet"))
    assert not any(finding.is_blocking for finding in findings.values())
    assert findings["version servie"].to_do == "« bilan refresh »."


def alter_an_archived_file(settings: Settings) -> None:
    file = next(settings.raw.glob("drees/monthly_benefits/*/*.csv"))
    file.write_bytes(file.read_bytes() + b"\n")


def alter_the_release(settings: Settings) -> None:
    file = settings.served.resolve().parent / "csv" / "budget_line.csv"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes() + b"\n")


def lose_the_release(settings: Settings) -> None:
    settings.served.unlink()
    settings.served.symlink_to("releases/gone/bilan.duckdb")


@pytest.mark.parametrize(
    ("mistake", "subject", "said"),
    [
        (alter_an_archived_file, "raw/", "n'est pas celui de la fiche"),
        (alter_the_release, "version servie", "budget_line.csv : ce n'est plus le fichier publié"),
        (lose_the_release, "version servie", "ne mène à aucune version"),
    ],
)
def test_what_stops_a_run_or_a_reader_is_said_with_what_to_do(
    workshop: Settings, mistake: Callable[[Settings], None], subject: str, said: str
) -> None:
    mistake(workshop)
    finding = found(workshop)[subject]
    assert said in finding.found
    assert finding.is_blocking and finding.to_do


def test_a_run_under_way_a_dropped_file_and_another_library_are_seen(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    (workshop.raw / "inbox" / "essai.csv").write_text("a;b\n")
    monkeypatch.setattr("dagster_project.doctor.metadata.version", lambda name: "0.0.1")
    hold = (
        "import sys, time; from pathlib import Path; from dagster_project.release.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", hold, str(workshop.lock)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout and holder.stdout.readline()
        findings = found(workshop)
        holder.kill()
    assert "Une autre exécution est en cours" in findings["verrou"].found
    assert "1 fichier(s) en attente" in findings["raw/inbox/"].found
    assert "duckdb 0.0.1 au lieu de" in findings["environnement"].found


def test_a_silent_daemon_is_told_apart_from_one_that_runs(workshop: Settings) -> None:
    from dagster._daemon.types import DaemonHeartbeat

    for stamp, said in ((1_700_000_000.0, "se tait depuis le 14/11/2023"), (4_000_000_000.0, "le démon tourne")):
        with history(workshop) as instance:
            instance.add_daemon_heartbeat(DaemonHeartbeat(stamp, "SCHEDULER", "essai"))
        assert said in found(workshop)["planification"].found


def test_an_attempt_that_ended_before_it_began_to_run_is_the_last_one(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster knows nothing of it."""
    monkeypatch.setenv("BILAN_ENGINE", "foo")
    with pytest.raises(BilanError, match="BILAN_ENGINE"):
        run_refresh(workshop, force=True, tell=lambda text: None)
    last = found(workshop)["dernière exécution"]
    assert last.found.startswith("EN ÉCHEC") and "BILAN_ENGINE" in last.found
    assert last.to_do


@pytest.mark.parametrize(("name", "value"), [("BILAN_MEMORY", "beaucoup"), ("BILAN_ENGINE", "foo")])
def test_settings_no_run_can_read_are_seen(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    finding = found(workshop)["réglages"]
    assert finding.is_blocking and name in finding.found
