"""One file, streamed to disk: resumed where it stopped, bounded, and proved against all the catalogue states of it."""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx

from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.http import FAULTS, Client, fault, is_html, starts_as_html
from dagster_project.connectors.remote import RemoteFile, Site
from dagster_project.hashing import file_sha256

_LONGEST_SECONDS = 3600
_ZIPPED = {".zip", ".xlsx", ".ods"}


@dataclass(frozen=True)
class Validators:
    """What lets a server say that nothing changed since."""

    etag: str | None = None
    last_modified: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        asked = {"If-None-Match": self.etag, "If-Modified-Since": self.last_modified}
        return {name: value for name, value in asked.items() if value}

    @property
    def for_resume(self) -> str | None:
        """A validator fit for If-Range: a weak ETag is not."""
        if self.etag and not self.etag.startswith("W/"):
            return self.etag
        return self.last_modified


@dataclass(frozen=True)
class Downloaded:
    """A whole file on disk, and its validators."""

    path: Path
    sha256: str
    validators: Validators


class _Part:
    """The bytes received so far, and the validator that lets the rest be asked for, also by a later run."""

    def __init__(self, destination: Path) -> None:
        self.path = destination.with_name(f"{destination.name}.part")
        self._validator = destination.with_name(f"{destination.name}.part.validator")

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    @property
    def validator(self) -> str | None:
        return self._validator.read_text("utf-8") if self.size and self._validator.exists() else None

    def begin(self, validator: str | None) -> None:
        self.drop()
        if validator:
            self._validator.write_text(validator, "utf-8")

    def drop(self) -> None:
        self.path.unlink(missing_ok=True)
        self._validator.unlink(missing_ok=True)

    def become(self, destination: Path) -> None:
        self.path.replace(destination)
        self._validator.unlink(missing_ok=True)


def download(
    client: Client, remote: RemoteFile, site: Site, destination: Path, *, limit: int, known: Validators | None = None
) -> Downloaded | None:
    """Bring a file to ``destination``, whole and verified; None when the server says it has not changed.

    Raises:
        FetchError: refused, too big, a web page, or not what the catalogue states. Nothing is at ``destination``.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    part = _Part(destination)
    patience = client.patience(remote.url)
    started = client.clock()
    while True:
        headers = {"Accept-Encoding": "identity"}
        if validator := part.validator:
            headers |= {"Range": f"bytes={part.size}-", "If-Range": validator}
        elif known:
            headers |= known.headers
        try:
            with client.open(remote.url, site, headers, patience, accepted=(200, 206, 304, 416)) as response:
                if response.status_code == 304:
                    return None
                if response.status_code == 416:
                    part.drop()
                    patience.wait("reprise refusée")
                    continue
                validators = _validators(client, response)
                _receive(response, remote, part, validators, limit, deadline=started + _LONGEST_SECONDS, client=client)
        except FAULTS as error:
            if part.validator is None:
                part.drop()
            patience.wait(fault(error))
            continue
        break
    try:
        _verify(remote, part.path)
    except FetchError:
        part.drop()
        raise
    part.become(destination)
    return Downloaded(destination, file_sha256(destination), validators)


def _validators(client: Client, response: httpx.Response) -> Validators:
    etag, last_modified = response.headers.get("ETag"), response.headers.get("Last-Modified")
    return Validators(client.hide(etag) if etag else None, client.hide(last_modified) if last_modified else None)


def _receive(
    response: httpx.Response,
    remote: RemoteFile,
    part: _Part,
    validators: Validators,
    limit: int,
    *,
    deadline: float,
    client: Client,
) -> None:
    plain = response.headers.get("Content-Encoding", "identity") == "identity"
    if response.status_code == 206:
        _check_range(response, part)
    else:
        part.begin(validators.for_resume if plain else None)
    announced = response.headers.get("Content-Length")
    if announced and plain and part.size + int(announced) > limit:
        part.drop()
        raise _too_big(remote, limit)
    size = part.size
    with part.path.open("ab") as file:
        for chunk in response.iter_bytes():
            if size == 0 and is_html(response, chunk[:512]):
                part.drop()
                raise FetchError(
                    f"{remote.url} : page HTML au lieu du fichier (panne, maintenance ou adresse retirée)."
                )
            size += len(chunk)
            if size > limit:
                part.drop()
                raise _too_big(remote, limit)
            if client.clock() > deadline:
                raise FetchError(f"{remote.url} : téléchargement trop long, interrompu à {size} octets.")
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if announced and response.num_bytes_downloaded != int(announced):
        raise httpx.RemoteProtocolError("shorter than announced")


def _check_range(response: httpx.Response, part: _Part) -> None:
    found = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not found or int(found[1]) != part.size:
        part.drop()
        raise httpx.RemoteProtocolError("another range than asked")


def _too_big(remote: RemoteFile, limit: int) -> FetchError:
    return FetchError(f"{remote.url} : plus de {limit} octets, la limite de ce jeu (producers.py) ; refusé.")


def _verify(remote: RemoteFile, path: Path) -> None:
    for defect in _defects(remote, path):
        raise FetchError(f"{remote.url} : {defect}. Le fichier est refusé.")


def _defects(remote: RemoteFile, path: Path) -> Iterator[str]:
    size = path.stat().st_size if path.exists() else 0
    if size == 0:
        yield "fichier vide"
        return
    if _starts_as_html(path):
        yield "page HTML au lieu du fichier"
    if remote.size is not None and size != remote.size:
        yield f"{size} octets reçus, {remote.size} annoncés par le catalogue"
    if remote.checksum and (found := _digest(path, remote.checksum.algorithm)) != remote.checksum.value.lower():
        yield (
            f"empreinte {remote.checksum.algorithm} {found[:12]}…, "
            f"{remote.checksum.value[:12]}… annoncée par le catalogue"
        )
    with path.open("rb") as file:
        if path.name.removesuffix(".part").endswith(tuple(_ZIPPED)) and file.read(2) != b"PK":
            yield "ce n'est pas un fichier zip ou xlsx"
        if remote.ends_with:
            file.seek(max(0, size - 4096))
            if not file.read().rstrip().endswith(remote.ends_with):
                yield "fichier tronqué : la fin attendue n'y est pas"
    if remote.at_least_lines is not None and (lines := _lines(path)) < remote.at_least_lines:
        yield f"fichier tronqué : {lines} lignes, {remote.at_least_lines} au moins attendues d'après le catalogue"


def _starts_as_html(path: Path) -> bool:
    with path.open("rb") as file:
        return starts_as_html(file.read(512))


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()


def _lines(path: Path) -> int:
    count, last = 0, b"\n"
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            count += chunk.count(b"\n")
            last = chunk[-1:]
    return count + (last != b"\n")
