"""The ways a digest reaches people: e-mail, a web address. Their settings are in the environment, never written."""

import json
import os
import smtplib
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid
from typing import Protocol
from urllib.parse import unquote, urlsplit

from dagster_project.errors import BilanError, WrongUseError
from dagster_project.operate.attempts import Digest

_TIMEOUT_S = 15
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORTS = {"smtp": 25, "smtps": 465}


class UntoldError(BilanError):
    """A channel did not take a digest; the message names no secret."""


class Channel(Protocol):
    """A way to reach people; its name is shown."""

    @property
    def name(self) -> str: ...

    def send(self, digest: Digest) -> None:
        """Hand a digest over.

        Raises:
            UntoldError: it was not taken.
        """


@dataclass(frozen=True)
class Email:
    """A mail server, and who hears of it. A password goes through TLS only, or stays on this machine."""

    scheme: str
    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    user: str = ""
    password: str = field(default="", repr=False)
    name: str = "courriel"

    def send(self, digest: Digest) -> None:
        message = EmailMessage()
        message["Subject"] = digest.title
        message["From"], message["To"] = self.sender, ", ".join(self.to)
        message["Date"], message["Message-ID"] = format_datetime(localtime()), make_msgid(domain="bilan.invalid")
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(f"{digest.title}\n\n{digest.text}\n")
        try:
            with self._server() as server:
                server.send_message(message)
        except smtplib.SMTPAuthenticationError as error:
            raise self._untold(f"mot de passe refusé pour {self.user} (code {error.smtp_code})") from None
        except smtplib.SMTPResponseException as error:
            raise self._untold(f"le serveur répond {error.smtp_code}") from None
        except smtplib.SMTPRecipientsRefused as error:
            raise self._untold(f"adresse refusée : {', '.join(error.recipients)}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise self._untold(str(error) or type(error).__name__) from None

    def _server(self) -> smtplib.SMTP:
        if self.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self.host, self.port, timeout=_TIMEOUT_S, context=ssl.create_default_context()
            )
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=_TIMEOUT_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            elif self.password and self.host not in _LOOPBACK:
                server.close()
                raise self._untold("le serveur ne chiffre pas, le mot de passe n'est pas envoyé (prenez smtps://)")
        if self.password:
            server.login(self.user, self.password)
        return server

    def _untold(self, why: str) -> UntoldError:
        return UntoldError(f"Courriel non parti par {self.host}:{self.port} : {why}.")


@dataclass(frozen=True)
class Webhook:
    """A web address that takes ``{"text": …}``, as Mattermost, Rocket.Chat or Slack do. Whoever knows it may post."""

    url: str = field(repr=False)
    name: str = "webhook"

    def send(self, digest: Digest) -> None:
        import httpx

        host = urlsplit(self.url).hostname
        try:
            answer = httpx.post(
                self.url,
                content=json.dumps({"text": f"{digest.title}\n\n{digest.text}", "title": digest.title}),
                headers={"Content-Type": "application/json"},
                timeout=_TIMEOUT_S,
                follow_redirects=False,
            )
        except httpx.HTTPError as error:
            raise UntoldError(f"Webhook non reçu par {host} : {type(error).__name__}.") from None
        if not answer.is_success:
            raise UntoldError(f"Webhook non reçu par {host} : code HTTP {answer.status_code}.")


def channels(environment: Mapping[str, str] = os.environ) -> list[Channel]:
    """Those that are set up: ``BILAN_ALERT_TO`` (with ``BILAN_ALERT_SMTP``…), ``BILAN_ALERT_WEBHOOK``; maybe none.

    Raises:
        WrongUseError: a setting cannot be understood; the message does not repeat it.
    """
    found: list[Channel] = []
    if to := tuple(filter(None, (one.strip() for one in environment.get("BILAN_ALERT_TO", "").split(",")))):
        found.append(_email(to, environment))
    if url := environment.get("BILAN_ALERT_WEBHOOK", "").strip():
        found.append(_webhook(url))
    return found


def _email(to: tuple[str, ...], environment: Mapping[str, str]) -> Email:
    if strange := [one for one in to if "@" not in one or any(character.isspace() for character in one)]:
        raise WrongUseError(f"BILAN_ALERT_TO : {', '.join(strange)} n'est pas une adresse.")
    wrong = WrongUseError("BILAN_ALERT_SMTP : attendu smtp://[compte@]serveur[:port], ou smtps://…")
    try:
        url = urlsplit(environment.get("BILAN_ALERT_SMTP", "").strip() or "smtp://localhost")
        port = url.port
    except ValueError:
        raise wrong from None
    if url.scheme not in _PORTS or not url.hostname:
        raise wrong
    if url.password:
        raise WrongUseError("BILAN_ALERT_SMTP : le mot de passe va dans BILAN_ALERT_PASSWORD.")
    password = environment.get("BILAN_ALERT_PASSWORD", "")
    if not password.isascii():
        raise WrongUseError("BILAN_ALERT_PASSWORD : caractères ASCII seulement (sans accents).")
    return Email(
        url.scheme,
        url.hostname,
        port or _PORTS[url.scheme],
        environment.get("BILAN_ALERT_FROM", "").strip() or f"bilan@{socket.gethostname()}",
        to,
        unquote(url.username or ""),
        password,
    )


def _webhook(url: str) -> Webhook:
    try:
        parts = urlsplit(url)
        secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK)
    except ValueError:
        secure = False
    if not secure:
        raise WrongUseError("BILAN_ALERT_WEBHOOK : attendu une adresse en https.")
    return Webhook(url)
