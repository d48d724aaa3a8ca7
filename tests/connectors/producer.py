"""A producer on the loopback: answers in each API's form, and its faults."""

import json
import re
import threading
import time
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit


@dataclass
class Reply:
    """One answer: with ``etag``, conditional and range requests are honoured; ``cut`` breaks the line after n bytes."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    etag: str | None = None
    cut: int | None = None
    delay: float = 0
    without_length: bool = False


@dataclass
class Asked:
    path: str
    url: str
    headers: dict[str, str]


class Producer:
    """Serves, at each path, its replies in turn, the last one for ever."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = defaultdict(list)
        self.asked: list[Asked] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def serve(self, path: str, *replies: Reply) -> None:
        """Set what a path answers; a path with a query answers that very query."""
        self.replies[path] = list(replies)

    def serve_json(self, path: str, content: Any) -> None:
        self.serve(path, Reply(json.dumps(content).encode(), headers={"Content-Type": "application/json"}))

    def paths(self) -> list[str]:
        return [one.path for one in self.asked]

    def next_reply(self, url: str) -> Reply:
        replies = self.replies.get(url) or self.replies.get(urlsplit(url).path)
        if not replies:
            return Reply(b"not found", 404)
        return replies.pop(0) if len(replies) > 1 else replies[0]

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        producer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                headers = {name.lower(): value for name, value in self.headers.items()}
                producer.asked.append(Asked(urlsplit(self.path).path, self.path, headers))
                reply = producer.next_reply(self.path)
                time.sleep(reply.delay)
                self._send(reply, headers)

            def _send(self, reply: Reply, headers: dict[str, str]) -> None:
                status, body, more = reply.status, reply.body, dict(reply.headers)
                if reply.etag:
                    more["ETag"] = reply.etag
                    asked_range = re.fullmatch(r"bytes=(\d+)-", headers.get("range", ""))
                    if headers.get("if-none-match") == reply.etag:
                        status, body = 304, b""
                    elif asked_range and headers.get("if-range") == reply.etag:
                        start = int(asked_range[1])
                        more["Content-Range"] = f"bytes {start}-{len(body) - 1}/{len(body)}"
                        status, body = 206, body[start:]
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if reply.without_length:
                    self.send_header("Connection", "close")
                elif status != 304:
                    self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body if reply.cut is None else body[: reply.cut])
                if reply.cut is not None or reply.without_length:
                    self.close_connection = True

            def log_message(self, *args: object) -> None:
                pass

        return Handler
