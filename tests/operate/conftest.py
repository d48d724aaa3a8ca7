"""Real servers on the loopback address that take what is told: a mail server, and a web address."""

import json
from asyncio import Server
from collections.abc import Iterator
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class Mailbox:
    """What a mail server took, and how it is reached; `is_full` makes it refuse."""

    messages: list[EmailMessage] = field(default_factory=list)
    logins: list[tuple[str, str]] = field(default_factory=list)
    is_full: bool = False
    port: int = 0

    @property
    def subjects(self) -> list[str]:
        return [str(message["Subject"]) for message in self.messages]

    @property
    def last(self) -> str:
        text: str = self.messages[-1].get_content()
        return text


@dataclass
class Delivery:
    """What the mail server does with a message."""

    mailbox: Mailbox

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.mailbox.is_full:
            return "452 4.2.2 full"
        assert isinstance(envelope.content, bytes)
        self.mailbox.messages.append(message_from_bytes(envelope.content, policy=default))
        return "250 OK"


class Loopback(Controller):
    """A mail server on a port of the system's choice."""

    def _trigger_server(self) -> None:
        assert isinstance(self.server, Server)
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


def serve(mailbox: Mailbox, **options: Any) -> Loopback:
    server = Loopback(Delivery(mailbox), hostname="127.0.0.1", port=0, **options)
    server.start()
    mailbox.port = server.port
    return server


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    mailbox = Mailbox()
    server = serve(mailbox)
    yield mailbox
    server.stop()


@pytest.fixture
def locked_mailbox() -> Iterator[Mailbox]:
    """One that asks for the password « sesame »; without TLS, as on the same machine."""
    mailbox = Mailbox()

    def authenticate(server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        assert isinstance(data, LoginPassword)
        mailbox.logins.append((data.login.decode(), data.password.decode()))
        return AuthResult(success=data.password.decode() == "sesame", handled=False)

    server = serve(mailbox, authenticator=authenticate, auth_required=True, auth_require_tls=False)
    yield mailbox
    server.stop()


@dataclass
class Hook:
    """A web address, and what was posted to it."""

    url: str
    posts: list[dict[str, str]] = field(default_factory=list)
    answer: int = 200


@pytest.fixture
def hook() -> Iterator[Hook]:
    found = Hook("")

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.answer == 200:
                found.posts.append(json.loads(body))
            self.send_response(found.answer)
            self.end_headers()

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hooks/secret-token"
        yield found
        server.shutdown()


@pytest.fixture
def told(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> Mailbox:
    """The mailbox, with this process and its children set up to write to it."""
    monkeypatch.setenv("BILAN_ALERT_TO", "garde@region.example, astreinte@region.example")
    monkeypatch.setenv("BILAN_ALERT_SMTP", f"smtp://127.0.0.1:{mailbox.port}")
    return mailbox
