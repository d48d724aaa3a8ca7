"""The one HTTP client: who we are, where we may go, how we ask again. TLS certificates are always verified."""

import json
import os
import random
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Self

import httpx

from dagster_project.connectors.answers import Answer
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.pace import Pace, Patience
from dagster_project.connectors.remote import Site

FAULTS = (httpx.TransportError, httpx.DecodingError)
TIMEOUTS = httpx.Timeout(30, connect=10, read=60)
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_TRY_AGAIN = {408, 429, 500, 502, 503, 504}
_MOST_REDIRECTS = 5
_LONGEST_ANSWER = 50_000_000


class Client:
    """Polite GET requests to producers. The waits and the clock can be given, for tests."""

    def __init__(
        self,
        *,
        timeouts: httpx.Timeout = TIMEOUTS,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.clock = clock
        self._sleep = sleep
        self._jitter = jitter
        self._pace = Pace(sleep, clock)
        self._secrets: set[str] = set()
        self._http = httpx.Client(timeout=timeouts, headers={"User-Agent": user_agent()}, follow_redirects=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._http.close()

    def patience(self, url: str) -> Patience:
        return Patience(url, self._sleep, self._jitter)

    def hide(self, text: str) -> str:
        """The text without any key sent so far, whoever put it there."""
        for secret in self._secrets:
            text = text.replace(secret, "•••")
        return text

    def answer(self, url: str, site: Site, params: Mapping[str, str] | None = None) -> Answer:
        """The JSON answer of a catalogue.

        Raises:
            FetchError: no answer, too long an answer, or one that is not JSON.
        """
        body, full_url = self.body(url, site, params)
        try:
            return Answer(json.loads(body), full_url)
        except ValueError:
            raise FetchError(f"{full_url} : la réponse n'est pas du JSON (le service est-il en panne ?).") from None

    def body(self, url: str, site: Site, params: Mapping[str, str] | None = None) -> tuple[bytes, str]:
        """The bytes of a short answer, and the URL asked."""
        full_url = str(httpx.URL(url, params=params)) if params else url
        patience = self.patience(full_url)
        while True:
            try:
                with self.open(full_url, site, {}, patience) as response:
                    return self._read(response, full_url), full_url
            except FAULTS as error:
                patience.wait(fault(error))

    @contextmanager
    def open(
        self,
        url: str,
        site: Site,
        headers: Mapping[str, str],
        patience: Patience,
        accepted: Collection[int] = (200,),
    ) -> Iterator[httpx.Response]:
        """An accepted response, its body still to be read; faults of the producer are waited out before.

        Raises:
            FetchError: refused, off the producer's domains, or patience is at its end.
            httpx.TransportError, httpx.DecodingError: only from reading the body, which the caller may ask for again.
        """
        response = self._accepted(url, site, headers, patience, accepted)
        try:
            yield response
        finally:
            response.close()

    def _accepted(
        self, url: str, site: Site, headers: Mapping[str, str], patience: Patience, accepted: Collection[int]
    ) -> httpx.Response:
        while True:
            try:
                response = self._follow(url, site, headers)
            except httpx.TransportError as error:
                if _is_certificate_fault(error):
                    raise FetchError(f"{url} : certificat TLS refusé, rien n'est téléchargé.") from None
                patience.wait(fault(error))
                continue
            if response.status_code in accepted:
                return response
            response.close()
            if response.status_code not in _TRY_AGAIN:
                raise FetchError(_refusal(url, site, response.status_code))
            patience.wait(f"code HTTP {response.status_code}", response.headers.get("Retry-After"))

    def _follow(self, url: str, site: Site, headers: Mapping[str, str]) -> httpx.Response:
        visited = [url]
        while True:
            self._check_place(visited, site)
            self._pace.wait_turn(site.producer, site.requests_a_minute)
            request = self._http.build_request("GET", visited[-1], headers={**headers, **self._authorization(site)})
            response = self._http.send(request, stream=True)
            if not response.has_redirect_location:
                return response
            response.close()
            target = self.hide(str(_url(visited[-1]).join(_url(response.headers["Location"]))))
            if target in visited or len(visited) > _MOST_REDIRECTS:
                raise FetchError(f"Redirections sans fin : {visited[-1]} renvoie vers {target}.")
            visited.append(target)

    def _check_place(self, visited: list[str], site: Site) -> None:
        url = _url(visited[-1])
        sent_by = f"{visited[-2]} renvoie vers {visited[-1]}" if len(visited) > 1 else visited[-1]
        if not site.holds(url.host):
            raise FetchError(f"{sent_by}, hors des domaines du producteur ({', '.join(site.domains)}).")
        came_by_https = len(visited) > 1 and visited[-2].startswith("https:")
        stays_on_this_machine = url.scheme == "http" and url.host in _LOOPBACK and not came_by_https
        if url.scheme != "https" and not stays_on_this_machine:
            raise FetchError(f"{sent_by}, qui n'est pas en https.")

    def _authorization(self, site: Site) -> dict[str, str]:
        if site.key_scheme is None:
            return {}
        key = os.environ.get(site.key_variable, "").strip()
        if not key:
            raise FetchError(f"Clé absente : demandez-en une au producteur et placez-la dans {site.key_variable}.")
        self._secrets.add(key)
        return {"Authorization": f"{site.key_scheme} {key}"}

    def _read(self, response: httpx.Response, url: str) -> bytes:
        body = bytearray()
        for chunk in response.iter_bytes():
            body += chunk
            if len(body) > _LONGEST_ANSWER:
                raise FetchError(f"{url} : réponse de plus de {_LONGEST_ANSWER} octets, refusée.")
        if is_html(response, bytes(body[:512])):
            raise FetchError(f"{url} : page HTML au lieu de données (panne, maintenance ou adresse retirée).")
        return bytes(body)


def user_agent() -> str:
    """Who asks, so that a producer can write to us; the contact comes from ``BILAN_CONTACT``."""
    contact = os.environ.get("BILAN_CONTACT", "").strip()
    return f"Bilan/0.1 (entrepôt de données publiques{f' ; contact : {contact}' if contact else ''})".encode(
        "ascii", "replace"
    ).decode()


def is_html(response: httpx.Response, start: bytes) -> bool:
    """Whether a body is a web page, by its type or its first bytes."""
    return response.headers.get("Content-Type", "").lower().startswith("text/html") or starts_as_html(start)


def starts_as_html(start: bytes) -> bool:
    """Whether the first bytes of a body are those of a web page."""
    return start.removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith((b"<!doctype html", b"<html"))


def fault(error: httpx.RequestError) -> str:
    """A fault of the connection, in French."""
    if isinstance(error, httpx.TimeoutException):
        return "délai dépassé"
    if isinstance(error, httpx.ConnectError):
        return "connexion impossible"
    return "connexion coupée"


def _is_certificate_fault(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _url(text: str) -> httpx.URL:
    try:
        return httpx.URL(text)
    except httpx.InvalidURL:
        raise FetchError(f"« {text[:200]} » n'est pas une adresse.") from None


def _refusal(url: str, site: Site, status: int) -> str:
    if status in {401, 403} and site.key_scheme:
        return f"{url} : code HTTP {status}, la clé de {site.key_variable} est refusée."
    if status in {404, 410}:
        return f"{url} : code HTTP {status}, introuvable chez le producteur (renommé ou retiré)."
    return f"{url} : code HTTP {status}."
