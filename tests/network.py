"""Who asks something of the network: this process and the Python processes it starts, each refused and named."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_GUARD = """
import sys
from pathlib import Path

LOG = Path({log!r})
watching = True

def guard(event, arguments):
    if not watching:
        return
    if event == "socket.getaddrinfo":
        host = arguments[0]
    elif event in ("socket.connect", "socket.sendto") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    if host not in (None, "", "localhost", "::1") and not str(host).startswith("127."):
        with LOG.open("a") as log:
            log.write(f"{{event}} {{host}}\\n")
        raise OSError("no network here")

sys.addaudithook(guard)
"""


@contextmanager
def no_network(log: Path) -> Iterator[None]:
    """Refuse every address but this machine's, and list in a file what was asked for."""
    log.touch()
    folder = log.parent
    code = _GUARD.format(log=str(log))
    (folder / "sitecustomize.py").write_text(code, encoding="utf-8")
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(folder), before]))
    here: dict[str, object] = {}
    exec(code, here)
    try:
        yield
    finally:
        here["watching"] = False  # a hook is never removed
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
