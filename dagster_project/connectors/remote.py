"""What a producer publishes, as its catalogue tells it: an edition, its files, and where requests may go."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote

from dagster_project.catalogue import Publication

if TYPE_CHECKING:
    from dagster_project.connectors.http import Client


@dataclass(frozen=True)
class Site:
    """A producer's service: where it is, the only domains it may send us to, and what it asks of its callers."""

    producer: str
    base: str
    domains: tuple[str, ...]
    requests_a_minute: int | None = None
    key_scheme: str | None = None  # the word before the key in the Authorization header; None: no key is needed

    @property
    def key_variable(self) -> str:
        """The environment variable that holds the key."""
        return f"BILAN_KEY_{self.producer.upper()}"

    def holds(self, host: str) -> bool:
        """Whether a host is one of the declared domains, or under one."""
        return any(host == domain or host.endswith(f".{domain}") for domain in self.domains)


@dataclass(frozen=True)
class Checksum:
    """A hash the producer states."""

    algorithm: str  # a name of hashlib
    value: str


@dataclass(frozen=True)
class RemoteFile:
    """A file to download, and everything the catalogue lets us verify of it."""

    url: str
    name: str
    checksum: Checksum | None = None
    size: int | None = None  # bytes
    at_least_lines: int | None = None
    ends_with: bytes | None = None
    changing: tuple[
        re.Pattern[bytes], ...
    ] = ()  # parts that differ at each request and say nothing (time of the answer)


@dataclass(frozen=True)
class RemoteEdition:
    """The newest published state of a dataset.

    ``revision`` is the producer's own mark of a state: the same mark proves that nothing changed. None where the
    catalogue gives no such proof, and only the bytes can tell.
    """

    label: str
    version_label: str
    published: Publication
    url: str
    files: tuple[RemoteFile, ...]
    revision: str | None = None


class Catalogue(Protocol):
    """A way to find the newest edition of a dataset."""

    def newest(self, client: "Client", site: Site) -> RemoteEdition:
        """Ask the producer's catalogue.

        Raises:
            FetchError: no answer, an answer in another form, or nothing that fits.
        """
        ...


def plain_name(text: str) -> str:
    """A name for a file or folder: letters without accents, digits, dot, dash and underscore."""
    without_accents = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9.-]+", "_", without_accents).strip("._-") or "fichier"


def url_name(url: str) -> str:
    """The file name a URL ends with."""
    return plain_name(unquote(re.split("[?#]", url)[0].rpartition("/")[2]))


def url_with(address: str, params: Mapping[str, str]) -> str:
    """The address with these parameters, written as they will be sent."""
    import httpx  # the table of producers is read at every start; requests are rare

    return str(httpx.URL(address, params=params))
