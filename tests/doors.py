"""Doors forked from a process that has loaded their libraries already.

Great Expectations takes a door five seconds to load, and the tests open some sixty. From its `main` on, a forked door
is the real one: it answers on its standard output what it is asked on its standard input, and dies of what kills it.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

_LONGEST_REQUEST = 1 << 20


class ForkedDoor:
    """A door under way, with what a run uses of a `subprocess.Popen`."""

    def __init__(self, nursery: socket.socket, request: bytes) -> None:
        asked, requests = os.pipe()
        answers, answered = os.pipe()
        end, ended = os.pipe()
        socket.send_fds(nursery, [request], [asked, answered, ended])
        for descriptor in (asked, answered, ended):
            os.close(descriptor)
        self.stdin = os.fdopen(requests, "w", encoding="utf-8")
        self.stdout = os.fdopen(answers, encoding="utf-8")
        self._end = os.fdopen(end, encoding="ascii")
        self._pid = int(self._end.readline())
        self._code: int | None = None

    def kill(self) -> None:
        """As `Popen.kill` does."""
        with suppress(ProcessLookupError):
            os.kill(self._pid, signal.SIGKILL)

    def wait(self) -> int:
        """As `Popen.wait` does: the exit code, or a signal as a negative one."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(int(self._end.readline()))
            self._end.close()
        return self._code


class Nursery:
    """The process that doors are forked from; it ends with the one that started it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(type=socket.SOCK_SEQPACKET)
        subprocess.Popen([sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()])
        theirs.close()

    def started(self, scratch: Path, arguments: Sequence[str]) -> ForkedDoor:
        """What `dagster_project.quality.door` starts as a new program."""
        environment = {**os.environ, "TMPDIR": str(scratch)}
        request = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
        return ForkedDoor(self._socket, json.dumps(request).encode())


def _next_door(requests: socket.socket) -> None:
    """Fork a door at each request; return in the door only."""
    while True:
        content, descriptors, _, _ = socket.recv_fds(requests, _LONGEST_REQUEST, 3)
        if not content:
            sys.exit()
        if os.fork() == 0:
            break
        for descriptor in descriptors:
            os.close(descriptor)
    requests.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    asked, answered, ended = descriptors
    if door := os.fork():
        # Between the nursery and the door: who says how it ended.
        os.close(asked)
        os.close(answered)
        os.write(ended, f"{door}\n".encode())
        _, status = os.waitpid(door, 0)
        with suppress(BrokenPipeError):  # the run is gone
            os.write(ended, f"{status}\n".encode())
        os._exit(0)
    os.close(ended)
    for descriptor, standard in ((asked, 0), (answered, 1)):
        os.dup2(descriptor, standard)
        os.close(descriptor)
    request = json.loads(content)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv[1:] = request["arguments"]


if __name__ == "__main__":
    import pandas  # noqa: F401

    import dagster_project.quality.keeper  # noqa: F401
    from dagster_project.quality import door

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those who say how doors end.
    _next_door(socket.socket(fileno=int(sys.argv[1])))
    code = 1
    try:
        door.main()
        code = 0
    except SystemExit as leaving:
        print(leaving.code, file=sys.stderr, flush=True)
    except BaseException:
        traceback.print_exc()
    os._exit(code)  # Otherwise DuckDB would wait for threads that a forked process does not have.
