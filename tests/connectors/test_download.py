"""A file on disk is whole, verified and within its limit, or it is not there."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from dagster_project.connectors.download import Downloaded, Validators, download
from dagster_project.connectors.errors import FetchError
from dagster_project.connectors.http import Client
from dagster_project.connectors.remote import Checksum, RemoteFile, Site
from tests.connectors.producer import Producer, Reply

BODY = b"mois;valeur\n2026-01;10\n2026-02;20\n" * 500
SHA1 = hashlib.sha1(BODY, usedforsecurity=False).hexdigest()


def _get(client: Client, site: Site, folder: Path, limit: int = 10**6, **stated: Any) -> Downloaded | None:
    remote = RemoteFile(f"{site.base}/f.csv", "f.csv", **stated)
    return download(client, remote, site, folder / "f.csv", limit=limit)


def _only(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_whole_file(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, etag='"a"'))
    got = _get(client, site, tmp_path, size=len(BODY), checksum=Checksum("sha1", SHA1), at_least_lines=1500)
    assert got is not None and got.path.read_bytes() == BODY
    assert got.sha256 == hashlib.sha256(BODY).hexdigest() and got.validators == Validators('"a"', None)
    assert _only(tmp_path) == ["f.csv"]
    assert producer.asked[0].headers["accept-encoding"] == "identity"


def test_resumes_where_the_line_broke(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, etag='"a"', cut=4000), Reply(BODY, etag='"a"'))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == BODY
    resumed = producer.asked[1].headers
    assert resumed["range"].startswith("bytes=") and int(resumed["range"][6:-1]) > 0 and resumed["if-range"] == '"a"'


def test_resumes_in_a_later_run(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, etag='"a"', cut=4000), Reply(status=404))
    with pytest.raises(FetchError):
        _get(client, site, tmp_path)
    assert "f.csv" not in _only(tmp_path)
    producer.serve("/f.csv", Reply(BODY, etag='"a"'))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == BODY
    assert "range" in producer.asked[-1].headers and _only(tmp_path) == ["f.csv"]


def test_changed_meanwhile_begins_again(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    other = BODY.replace(b"10", b"11")
    producer.serve("/f.csv", Reply(BODY, etag='"a"', cut=4000), Reply(other, etag='"b"'))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == other


@pytest.mark.parametrize("etag", [None, 'W/"a"'])
def test_without_a_strong_validator_begins_again(
    producer: Producer, client: Client, site: Site, tmp_path: Path, etag: str | None
) -> None:
    headers = {"ETag": etag} if etag else {}
    producer.serve("/f.csv", Reply(BODY, headers=headers, cut=4000), Reply(BODY, headers=headers))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == BODY
    assert "range" not in producer.asked[1].headers


def test_range_not_satisfiable_begins_again(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, etag='"a"', cut=4000), Reply(status=416), Reply(BODY, etag='"a"'))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == BODY


def test_another_range_than_asked_begins_again(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    wrong = Reply(BODY[1:], 206, headers={"Content-Range": f"bytes 1-{len(BODY) - 1}/{len(BODY)}"})
    producer.serve("/f.csv", Reply(BODY, etag='"a"', cut=4000), wrong, Reply(BODY, etag='"a"'))
    got = _get(client, site, tmp_path)
    assert got is not None and got.path.read_bytes() == BODY


def test_always_cut(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, cut=100))
    with pytest.raises(FetchError, match=r"abandon après 5 tentatives .connexion coupée"):
        _get(client, site, tmp_path)
    assert _only(tmp_path) == []


def test_unchanged(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.csv", Reply(BODY, etag='"a"'))
    remote = RemoteFile(f"{site.base}/f.csv", "f.csv")
    known = Validators('"a"', "Mon, 05 Jan 2026 10:00:00 GMT")
    assert download(client, remote, site, tmp_path / "f.csv", limit=10**6, known=known) is None
    assert producer.asked[0].headers["if-modified-since"] == known.last_modified


@pytest.mark.parametrize(
    ("reply", "stated", "message"),
    [
        (Reply(b"<!doctype html><html>"), {}, "page HTML"),
        (Reply(b"\xef\xbb\xbf \n<HTML>"), {}, "page HTML"),
        (Reply(b"mois;valeur", headers={"Content-Type": "text/html; charset=utf-8"}), {}, "page HTML"),
        (Reply(b""), {}, "fichier vide"),
        (Reply(BODY), {"checksum": Checksum("sha1", "0" * 40)}, "empreinte sha1"),
        (Reply(BODY), {"size": len(BODY) + 1}, "annoncés par le catalogue"),
        (Reply(BODY), {"at_least_lines": 1501}, "fichier tronqué : 1500 lignes, 1501"),
        (Reply(BODY), {"ends_with": b"</data>"}, "la fin attendue n'y est pas"),
        (Reply(BODY, without_length=True, cut=3000), {"size": len(BODY)}, "annoncés par le catalogue"),
    ],
)
def test_refused(
    producer: Producer,
    client: Client,
    site: Site,
    tmp_path: Path,
    reply: Reply,
    stated: dict[str, Any],
    message: str,
) -> None:
    producer.serve("/f.csv", reply)
    with pytest.raises(FetchError, match=message):
        _get(client, site, tmp_path, **stated)
    assert _only(tmp_path) == []


@pytest.mark.parametrize("without_length", [False, True])
def test_too_big(producer: Producer, client: Client, site: Site, tmp_path: Path, without_length: bool) -> None:
    producer.serve("/f.csv", Reply(BODY, without_length=without_length))
    with pytest.raises(FetchError, match="plus de 1000 octets"):
        _get(client, site, tmp_path, limit=1000)
    assert _only(tmp_path) == []


def test_a_workbook_that_is_none(producer: Producer, client: Client, site: Site, tmp_path: Path) -> None:
    producer.serve("/f.xlsx", Reply(b'{"error": "gone"}'))
    with pytest.raises(FetchError, match="zip ou xlsx"):
        download(client, RemoteFile(f"{site.base}/f.xlsx", "f.xlsx"), site, tmp_path / "f.xlsx", limit=1000)
