"""A producer of the test's own, and a client that waits without waiting."""

import os
from collections.abc import Iterator

import httpx
import pytest

from dagster_project.connectors.http import Client
from dagster_project.connectors.remote import Site
from tests.connectors.producer import Producer


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("BILAN_KEY_") or name.lower() in {"http_proxy", "https_proxy", "all_proxy"}:
            monkeypatch.delenv(name)


@pytest.fixture
def producer() -> Iterator[Producer]:
    server = Producer()
    yield server
    server.stop()


@pytest.fixture
def waits() -> list[float]:
    """How long the client was told to wait, each time."""
    return []


@pytest.fixture
def client(waits: list[float]) -> Iterator[Client]:
    timeouts = httpx.Timeout(5, read=0.3)
    with Client(timeouts=timeouts, sleep=waits.append, clock=lambda: sum(waits), jitter=lambda: 1.0) as made:
        yield made


@pytest.fixture
def site(producer: Producer) -> Site:
    return Site("producteur", producer.base, ("127.0.0.1",))
