"""One digest a run, when it fails, is partly refused, or recovers; through real servers, from the real command."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from dagster_project.errors import WrongUseError
from dagster_project.history import environment
from dagster_project.operate.attempts import COMMAND, HEARTBEAT, Attempt, Digest, now, read
from dagster_project.operate.channels import UntoldError, channels
from dagster_project.operate.digest import digest_of
from dagster_project.operate.telling import conclude, tell_what_is_untold
from dagster_project.settings import Settings
from tests.end_to_end.test_command_line import bilan
from tests.operate.conftest import Hook, Mailbox

LINES = "dreets_occitanie/report_credits/2021/lines.csv"


def corrupt(settings: Settings) -> None:
    file = settings.raw / LINES
    file.write_text(file.read_text(encoding="utf-8").replace("16558357", "16558358"), encoding="utf-8")


def mend(settings: Settings) -> None:
    file = settings.raw / LINES
    file.write_text(file.read_text(encoding="utf-8").replace("16558358", "16558357"), encoding="utf-8")


def test_a_refusal_is_told_each_time_and_its_end_once(workshop: Settings, told: Mailbox) -> None:
    assert bilan(workshop, "refresh").returncode == 0
    assert not told.messages
    corrupt(workshop)
    assert bilan(workshop, "refresh").returncode == 3
    assert bilan(workshop, "refresh").returncode == 3
    assert len(told.messages) == 2
    first_line = told.last.splitlines()[0]
    assert first_line.startswith("Bilan : DONNÉES REFUSÉES, rien n'est publié sur ")
    assert "lines.csv" in first_line
    assert "À faire : corrigez" in told.last and str(workshop.warehouse) in told.last
    assert told.messages[0]["To"] == "garde@region.example, astreinte@region.example"
    mend(workshop)
    assert bilan(workshop, "refresh").returncode == 0
    assert bilan(workshop, "refresh").returncode == 0
    assert len(told.messages) == 3
    assert "RÉTABLI" in told.subjects[-1]


def test_what_stays_refused_is_told_once(workshop: Settings, told: Mailbox) -> None:
    (workshop.raw / "inbox" / "essai.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    for _ in range(2):
        assert bilan(workshop, "refresh").returncode == 3
    (subject,) = told.subjects
    assert "ÉDITION REFUSÉE, le reste est publié" in subject and "essai.csv" in subject
    (workshop.raw / "inbox" / "essai.csv").unlink()
    assert bilan(workshop, "refresh").returncode == 0
    assert "RÉTABLI" in told.subjects[-1] and len(told.messages) == 2


def test_another_run_under_way_is_no_attempt(workshop: Settings, told: Mailbox) -> None:
    hold = (
        "import sys; from pathlib import Path; from dagster_project.release.lock import run_lock\n"
        "with run_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    before = read(workshop).attempts
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(workshop.lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout and holder.stdout.readline()
        assert bilan(workshop, "refresh", "--force").returncode == 1
        holder.kill()
    assert not told.messages and read(workshop).attempts == before


def start_refresh(settings: Settings) -> "subprocess.Popen[str]":
    """A refresh that has begun, and is loading Dagster."""
    command = [str(Path(sys.executable).with_name("bilan")), "refresh", "--force"]
    process = subprocess.Popen(command, env=environment(settings), stderr=subprocess.PIPE, text=True)
    assert process.stderr
    while "Chargement" not in (line := process.stderr.readline()):
        assert line, "the refresh ended"
    return process


def test_a_killed_refresh_is_told_by_whoever_comes_next(workshop: Settings, told: Mailbox) -> None:
    with start_refresh(workshop) as process:
        assert bilan(workshop, "alert").returncode == 0
        assert not told.messages
        process.kill()
    assert "n'est pas allée à son terme" in bilan(workshop, "status").stdout
    for _ in range(2):
        assert bilan(workshop, "alert").returncode == 0
    (subject,) = told.subjects
    assert "ÉCHEC de l'actualisation" in subject and "elle a été tuée" in subject
    assert bilan(workshop, "refresh").returncode == 0
    assert "RÉTABLI" in told.subjects[-1] and len(told.messages) == 2


def test_an_interrupted_refresh_is_told(workshop: Settings, told: Mailbox) -> None:
    with start_refresh(workshop) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait() == 1
    (subject,) = told.subjects
    assert "ÉCHEC de l'actualisation" in subject and "Interrompue" in subject


def test_an_alert_that_fails_stops_nothing_is_told_and_goes_out_later(
    workshop: Settings, told: Mailbox, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILAN_ALERT_WEBHOOK", hook.url)
    hook.answer = 503
    told.is_full = True
    (workshop.raw / "inbox" / "essai.csv").write_text("a;b\n1;2\n", encoding="utf-8")
    done = bilan(workshop, "refresh")
    assert done.returncode == 3 and done.stdout.startswith("Inchangé")
    assert "Courriel non parti par 127.0.0.1" in done.stderr and "le serveur répond 452" in done.stderr
    assert "Webhook non reçu par 127.0.0.1 : code HTTP 503." in done.stderr
    assert "Alerte non partie (courriel, webhook)" in bilan(workshop, "status").stdout
    hook.answer = 200
    assert bilan(workshop, "alert").returncode == 1
    told.is_full = False
    assert bilan(workshop, "alert").returncode == 0
    assert bilan(workshop, "alert").returncode == 0
    (subject,), (post,) = told.subjects, hook.posts
    assert post["title"] == subject and post["text"].startswith(subject)
    assert "Alerte non partie" not in bilan(workshop, "status").stdout
    everything = done.stdout + done.stderr + (workshop.warehouse / HEARTBEAT).read_text(encoding="utf-8")
    assert "secret-token" not in everything


@pytest.mark.parametrize(
    ("left", "to_do"),
    [
        (None, "corrigez ou retirez ce qui est nommé, puis"),
        ("refus.csv", "corrigez ou retirez ce qui est nommé (warehouse/refus.csv en a la liste), puis"),
        ("a_approuver.csv", "approuvez ou corrigez ce qui change (warehouse/a_approuver.csv en a la liste), puis"),
    ],
)
def test_a_refusal_names_the_list_that_is_there(tmp_path: Path, left: str | None, to_do: str) -> None:
    if left:
        (tmp_path / left).touch()
    refused = Attempt("un", COMMAND, now(), now(), "refused", "Refusé.")
    digest = digest_of(Settings(tmp_path / "raw", tmp_path), refused, None)
    assert digest and f"À faire : {to_do}" in digest.text


def test_a_channel_that_fails_is_not_asked_again_for_each_digest(
    tmp_path: Path, hook: Hook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never answers takes its time, and meanwhile nobody can note how a run ended."""
    settings, said = Settings(tmp_path / "raw", tmp_path), list[str]()
    monkeypatch.setenv("BILAN_ALERT_WEBHOOK", hook.url)
    hook.answer = 503
    for run_id in ("un", "deux", "trois"):
        ended = Attempt(run_id, COMMAND, now(), now(), "failed", "En panne.")
        conclude(settings, ended, lambda line: None)
    assert not tell_what_is_untold(settings, said.append)
    assert said == ["Webhook non reçu par 127.0.0.1 : code HTTP 503."]
    hook.answer = 200
    assert tell_what_is_untold(settings, said.append) and len(hook.posts) == 3


def test_settings_nobody_understands_stop_nothing_and_are_told(
    workshop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILAN_ALERT_WEBHOOK", "http://example.org/secret-token")
    corrupt(workshop)
    done = bilan(workshop, "refresh")
    assert done.returncode == 3
    assert "Alerte non partie : BILAN_ALERT_WEBHOOK : attendu une adresse en https." in done.stderr
    assert "secret-token" not in done.stderr
    assert "Alerte non partie (réglages)" in bilan(workshop, "status").stdout


def test_the_settings_can_be_tried(published: Settings, told: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "courriel : essai envoyé." in bilan(published, "alert", "--test").stdout
    assert "essai d'alerte" in told.subjects[0]
    monkeypatch.setenv("BILAN_ALERT_SMTP", "smtp://127.0.0.1:1")
    assert bilan(published, "alert", "--test").returncode == 1
    monkeypatch.delenv("BILAN_ALERT_TO")
    assert bilan(published, "alert", "--test").returncode == 2


def test_a_password_is_sent_and_never_told(locked_mailbox: Mailbox) -> None:
    settings = {
        "BILAN_ALERT_TO": "garde@region.example",
        "BILAN_ALERT_SMTP": f"smtp://bilan%40region.example@127.0.0.1:{locked_mailbox.port}",
        "BILAN_ALERT_PASSWORD": "sesame",
    }
    (email,) = channels(settings)
    email.send(Digest("Essai", "Rien."))
    assert locked_mailbox.logins == [("bilan@region.example", "sesame")]
    (wrong,) = channels({**settings, "BILAN_ALERT_PASSWORD": "autre-secret"})
    with pytest.raises(UntoldError, match=r"mot de passe refusé pour bilan@region\.example") as error:
        wrong.send(Digest("Essai", "Rien."))
    assert "autre-secret" not in f"{error.value!r} {wrong!r}"
    with pytest.raises(WrongUseError, match="ASCII"):
        channels({**settings, "BILAN_ALERT_PASSWORD": "sésame"})


def test_the_sign_of_life_is_for_machines_too(workshop: Settings) -> None:
    (workshop.warehouse / HEARTBEAT).unlink()
    assert bilan(workshop, "status", "--max-age", "26h").returncode == 1
    assert bilan(workshop, "refresh").returncode == 0
    assert bilan(workshop, "status", "--max-age", "26h").returncode == 0
    path = workshop.warehouse / HEARTBEAT
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["release_id"] == workshop.served.resolve().parent.name
    assert written["last_success"]["outcome"] == "done"
    assert written["attempts"][0] == written["last_success"]
    old = path.read_text(encoding="utf-8").replace(written["last_success"]["ended_at"], "2020-01-01T06:31:00Z")
    path.write_text(old, encoding="utf-8")
    late = bilan(workshop, "status", "--max-age", "26h")
    assert late.returncode == 1
    assert "La dernière actualisation réussie a plus de 26 h" in late.stderr and "01/01/2020 à 06:31" in late.stderr
    assert bilan(workshop, "status", "--max-age", "26").returncode == 2
