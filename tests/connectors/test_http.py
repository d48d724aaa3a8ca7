"""Requests: who asks, where they may go, how faults are waited out, and that a key is never shown."""

import logging
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext
from threading import Thread

import pytest

from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.http import Client, user_agent
from dagster_project.connectors.pace import ATTEMPTS, seconds_asked
from dagster_project.connectors.remote import Site
from tests.connectors.producer import Producer, Reply

KEY = "cle-tres-secrete-0123456789"
OK = Reply(b'{"title": "ok"}')


def test_says_who_asks(monkeypatch: pytest.MonkeyPatch, producer: Producer, site: Site) -> None:
    monkeypatch.setenv("BILAN_CONTACT", "données@région.fr")
    producer.serve("/a", OK)
    with Client() as client:
        client.answer(f"{producer.base}/a", site)
    assert producer.asked[0].headers["user-agent"] == user_agent()
    assert "Bilan" in user_agent() and "contact" in user_agent()


def test_waits_as_long_as_asked(producer: Producer, client: Client, site: Site, waits: list[float]) -> None:
    producer.serve("/a", Reply(status=429, headers={"Retry-After": "17"}), OK)
    assert client.answer(f"{producer.base}/a", site).text("title") == "ok"
    assert waits == [17.0]


def test_waits_longer_each_time_then_gives_up(
    producer: Producer, client: Client, site: Site, waits: list[float]
) -> None:
    producer.serve("/a", Reply(status=503))
    with pytest.raises(FetchError, match=r"abandon après 5 tentatives .code HTTP 503"):
        client.answer(f"{producer.base}/a", site)
    assert waits == [1.0, 2.0, 4.0, 8.0] and len(producer.asked) == ATTEMPTS


def test_a_fault_that_passes_is_forgotten(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(status=503), Reply(b"{", cut=0), OK)
    assert client.answer(f"{producer.base}/a", site).text("title") == "ok"


def test_a_wait_of_an_hour_is_for_the_next_run(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(FetchError, match="attendre 3600 s"):
        client.answer(f"{producer.base}/a", site)


def test_retry_after_as_a_date_or_nonsense() -> None:
    now = datetime(2026, 1, 5, 10, 0, 0, tzinfo=UTC)
    assert seconds_asked("Mon, 05 Jan 2026 10:01:30 GMT", now) == 90
    assert seconds_asked("Mon, 05 Jan 2026 09:00:00 GMT", now) == 0
    assert seconds_asked("bientôt", now) is None
    assert seconds_asked(None, now) is None


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_refusal_is_not_asked_again(producer: Producer, client: Client, site: Site, status: int) -> None:
    producer.serve("/a", Reply(status=status))
    with pytest.raises(FetchError, match=f"code HTTP {status}"):
        client.answer(f"{producer.base}/a", site)
    assert len(producer.asked) == 1


def test_slow_server(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(b"{}", delay=0.5))
    with pytest.raises(FetchError, match="délai dépassé"):
        client.answer(f"{producer.base}/a", site)


def test_nobody_answers(client: Client) -> None:
    gone = Producer()
    gone.stop()
    with pytest.raises(FetchError, match="connexion impossible"):
        client.answer(f"{gone.base}/a", Site("p", gone.base, ("127.0.0.1",)))


def test_follows_redirects_on_the_domain(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(status=302, headers={"Location": "/b"}))
    producer.serve("/b", OK)
    assert client.answer(f"{producer.base}/a", site).text("title") == "ok"


def test_redirect_off_the_domains_names_both(producer: Producer, client: Client, site: Site) -> None:
    elsewhere = Producer()
    target = f"http://localhost:{elsewhere.port}/b"
    producer.serve("/a", Reply(status=302, headers={"Location": target}))
    with pytest.raises(FetchError, match=rf"{producer.base}/a renvoie vers {target}, hors des domaines"):
        client.answer(f"{producer.base}/a", site)
    assert not elsewhere.asked
    elsewhere.stop()


def test_redirect_loop(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(status=302, headers={"Location": "/b"}))
    producer.serve("/b", Reply(status=301, headers={"Location": "/a"}))
    with pytest.raises(FetchError, match=r"Redirections sans fin : .*/b renvoie vers .*/a"):
        client.answer(f"{producer.base}/a", site)


def test_endless_redirects(producer: Producer, client: Client, site: Site) -> None:
    for number in range(20):
        producer.serve(f"/{number}", Reply(status=302, headers={"Location": f"/{number + 1}"}))
    with pytest.raises(FetchError, match="Redirections sans fin"):
        client.answer(f"{producer.base}/0", site)


@pytest.mark.parametrize(
    ("location", "message"),
    [
        ("http://data.example.fr/b", "n'est pas en https"),
        ("ftp://127.0.0.1/b", "n'est pas en https"),
        ("http://data.example.fr.evil.org/b", "hors des domaines"),
        ("http://notdata.example.fr/b", "hors des domaines"),
        ("file:///etc/passwd", "hors des domaines"),
    ],
)
def test_redirects_never_followed(producer: Producer, client: Client, site: Site, location: str, message: str) -> None:
    producer.serve("/a", Reply(status=302, headers={"Location": location}))
    with pytest.raises(FetchError, match=message):
        client.answer(f"{producer.base}/a", replace(site, domains=("127.0.0.1", "data.example.fr")))


def test_an_address_that_is_none(client: Client, site: Site) -> None:
    with pytest.raises(FetchError, match="n'est pas une adresse"):
        client.answer("http://127.0.0.1:port/a", site)


def test_plain_http_is_for_the_loopback_only(client: Client) -> None:
    with pytest.raises(FetchError, match="n'est pas en https"):
        client.answer("http://data.example.fr/a", Site("p", "http://data.example.fr", ("data.example.fr",)))


class _Tls:
    """An HTTPS server whose certificate nobody signed but itself, and which sends back to plain http."""

    def __init__(self, folder: Path, location: str) -> None:
        key, certificate = folder / "key.pem", folder / "cert.pem"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )  # fmt: skip

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(302)
                self.send_header("Location", location)
                self.end_headers()

            def log_message(self, *args: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        context = SSLContext(PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        self.certificate = certificate
        self.base = f"https://localhost:{self.server.server_address[1]}"


def test_certificates_are_verified_and_https_never_left(
    tmp_path: Path, producer: Producer, client: Client, monkeypatch: pytest.MonkeyPatch, waits: list[float]
) -> None:
    producer.serve("/b", OK)
    try:
        server = _Tls(tmp_path, f"http://localhost:{producer.port}/b")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("openssl absent : pas de certificat d'essai")
    site = Site("p", server.base, ("localhost",))
    with pytest.raises(FetchError, match="certificat TLS refusé"):
        client.answer(f"{server.base}/a", site)
    assert waits == []
    monkeypatch.setenv("SSL_CERT_FILE", str(server.certificate))  # an authority of the network, as in many offices
    with Client() as trusting, pytest.raises(FetchError, match=r"renvoie vers http://.*n'est pas en https"):
        trusting.answer(f"{server.base}/a", site)
    assert not producer.asked
    server.server.shutdown()
    server.server.server_close()


def test_stated_rate(producer: Producer, client: Client, site: Site, waits: list[float]) -> None:
    producer.serve("/a", OK)
    for _ in range(31):
        client.answer(f"{producer.base}/a", replace(site, requests_a_minute=30))
    assert len(waits) == 30 and sum(waits) > 60


def test_html_instead_of_json(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(b"<!DOCTYPE html><html>maintenance</html>"))
    with pytest.raises(FetchError, match="page HTML"):
        client.answer(f"{producer.base}/a", site)


def test_not_json(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(b"coming soon"))
    with pytest.raises(FetchError, match="n'est pas du JSON"):
        client.answer(f"{producer.base}/a", site)


def test_corrupt_compression_is_a_fault(producer: Producer, client: Client, site: Site) -> None:
    producer.serve("/a", Reply(b"not gzip", headers={"Content-Encoding": "gzip"}), OK)
    assert client.answer(f"{producer.base}/a", site).text("title") == "ok"


def test_key_is_sent_and_never_logged(
    producer: Producer, client: Client, site: Site, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("BILAN_KEY_PRODUCTEUR", KEY)
    producer.serve("/a", Reply(status=503), Reply(status=403))
    with pytest.raises(FetchError, match="la clé de BILAN_KEY_PRODUCTEUR est refusée") as refused:
        client.answer(f"{producer.base}/a", replace(site, key_scheme="Apikey"))
    assert [one.headers["authorization"] for one in producer.asked] == [f"Apikey {KEY}"] * 2
    assert caplog.records and KEY not in f"{caplog.text}{refused.value}"


def test_key_sent_back_by_a_server_is_hidden(
    producer: Producer, client: Client, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BILAN_KEY_PRODUCTEUR", KEY)
    producer.serve("/a", Reply(status=302, headers={"Location": f"http://localhost/{KEY}"}))
    with pytest.raises(FetchError, match="renvoie vers http://localhost/•••") as redirected:
        client.answer(f"{producer.base}/a", replace(site, key_scheme="Apikey"))
    assert KEY not in str(redirected.value)


def test_key_absent(producer: Producer, client: Client, site: Site) -> None:
    with pytest.raises(FetchError, match="BILAN_KEY_PRODUCTEUR"):
        client.answer(f"{producer.base}/a", replace(site, key_scheme="Apikey"))
    assert not producer.asked
