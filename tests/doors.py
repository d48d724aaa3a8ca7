"""Doors forked from a process that has loaded their libraries already.

Great Expectations takes a door five seconds to load, and the tests open some sixty. From its `main` on, a forked door
is the real one: it answers on its standard output what it is asked on its standard input, and dies of what kills it.
"""

import errno
import json
import os
import secrets
import select
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
_PATIENCE_S = 5
# Of the one nursery of a run of the tests: the parallel processes find it in their environment. No file bears it.
_ADDRESS = "\0" + os.environ.setdefault("BILAN_TEST_DOORS", secrets.token_hex(16))


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
    """The process that doors are forked from: who asks first starts it, and it ends after the last."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        is_started = False
        while self._socket.connect_ex(_ADDRESS) != 0:
            if not is_started:
                subprocess.Popen([sys.executable, "-m", __name__])
                is_started = True
            time.sleep(0.02)

    def started(self, scratch: Path, arguments: Sequence[str]) -> ForkedDoor:
        """What `dagster_project.quality.door` starts as a new program."""
        environment = {**os.environ, "TMPDIR": str(scratch)}
        request = {"arguments": arguments, "environment": environment, "folder": str(Path.cwd())}
        return ForkedDoor(self._socket, json.dumps(request).encode())


def _listener() -> socket.socket:
    """Where the nursery is asked for doors; whoever finds it taken is not needed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        listener.bind(_ADDRESS)
    except OSError as error:
        sys.exit(error.errno != errno.EADDRINUSE)
    listener.listen()
    return listener


def _next_door(listener: socket.socket) -> None:
    """Fork a door at each request; return in the door only. Nobody connected any more, there is no more to wait for."""
    connected = {listener}
    while ready := select.select(connected, (), (), None if len(connected) > 1 else _PATIENCE_S)[0]:
        for one in ready:
            if one is listener:
                connected.add(listener.accept()[0])
                continue
            content, descriptors, _, _ = socket.recv_fds(one, _LONGEST_REQUEST, 3)
            if not content:
                connected.remove(one)
                one.close()
            elif os.fork() == 0:
                for connection in connected:
                    connection.close()
                return _become(content, descriptors)
            for descriptor in descriptors:
                os.close(descriptor)
    sys.exit()


def _become(content: bytes, descriptors: Sequence[int]) -> None:
    """Be the door that is asked for, in one of two processes; the other says how it ended."""
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
    listener = _listener()

    import pandas  # noqa: F401

    import dagster_project.quality.keeper  # noqa: F401
    from dagster_project.quality import door

    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those who say how doors end.
    _next_door(listener)
    code = 1
    try:
        door.main()
        code = 0
    except SystemExit as leaving:
        print(leaving.code, file=sys.stderr, flush=True)
    except BaseException:
        traceback.print_exc()
    os._exit(code)  # Otherwise DuckDB would wait for threads that a forked process does not have.
