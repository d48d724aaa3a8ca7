"""Processes forked from one that has loaded their libraries already: a nursery.

Great Expectations takes a door five seconds to load, Dagster and dbt are half of a refresh; the tests have a hundred of
each. A nursery is for one module: it calls its `load` once, and its `main` in each process that is asked for. From that
`main` on, a forked process is the real one: it reads and writes what it is given, and dies of what kills it.
"""

import errno
import gc
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
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from types import ModuleType

_LONGEST_REQUEST = 1 << 20
_PATIENCE_S = 5
_STANDARD = (0, 1, 2)
# Of the nurseries of a run of the tests: the parallel processes find it in their environment. No file bears it.
_RUN = os.environ.setdefault("BILAN_TEST_NURSERIES", secrets.token_hex(16))


def _address(module: str) -> str:
    return f"\0{_RUN}-{module}"


class Nursery:
    """The process that those of a module are forked from: who asks first starts it, and it ends after the last."""

    def __init__(self, module: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        started: subprocess.Popen[bytes] | None = None
        while self._socket.connect_ex(_address(module)) != 0:
            # One that another process asked for may have taken the address first: it ends at once, and well.
            started = started or subprocess.Popen([sys.executable, "-m", __name__, module])
            assert not started.poll(), f"the nursery of {module} ended with {started.returncode}"
            time.sleep(0.02)

    def ask(self, arguments: Sequence[str], environment: Mapping[str, str], descriptors: Sequence[int]) -> None:
        """For a process: its standard input, output and error, and where to say its number, then how it ended."""
        about = {"arguments": arguments, "environment": {**os.environ, **environment}, "folder": str(Path.cwd())}
        socket.send_fds(self._socket, [json.dumps(about).encode()], descriptors)


class Forked:
    """A process under way, with what is used of a `subprocess.Popen`."""

    def __init__(
        self, nursery: Nursery, arguments: Sequence[str], environment: Mapping[str, str], standard: Sequence[int]
    ) -> None:
        end, ended = os.pipe()
        nursery.ask(arguments, environment, [*standard, ended])
        os.close(ended)
        self._end = os.fdopen(end, "rb", buffering=0)  # `select` does not see what a buffer holds
        said = self._end.readline()
        assert said, "the nursery ended before it had loaded what it forks"
        self.pid = int(said)
        self._code: int | None = None

    def kill(self) -> None:
        """As `Popen.kill` does."""
        if not self.ends_within(0):
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    def ends_within(self, seconds: float) -> bool:
        """Whether it is over before so many seconds."""
        return self._code is not None or bool(select.select([self._end], (), (), seconds)[0])

    def wait(self) -> int:
        """As `Popen.wait` does: the exit code, or a signal as a negative one."""
        if self._code is None:
            self._code = os.waitstatus_to_exitcode(int(self._end.readline()))
            self._end.close()
        return self._code


def _listener(module: str) -> socket.socket:
    """Where the nursery is asked for processes; whoever finds it taken is not needed."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    try:
        listener.bind(_address(module))
    except OSError as error:
        sys.exit(error.errno != errno.EADDRINUSE)
    listener.listen()
    return listener


def _next(listener: socket.socket) -> None:
    """Fork at each request; return in the fork only. Nobody connected any more, there is no more to wait for."""
    connected = {listener}
    while ready := select.select(connected, (), (), None if len(connected) > 1 else _PATIENCE_S)[0]:
        for one in ready:
            if one is listener:
                connected.add(listener.accept()[0])
                continue
            content, descriptors, _, _ = socket.recv_fds(one, _LONGEST_REQUEST, len(_STANDARD) + 1)
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
    """Be the process that is asked for, in one of two; the other says how it ended."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    *standard, ended = descriptors
    if child := os.fork():
        for descriptor in standard:
            os.close(descriptor)
        os.write(ended, f"{child}\n".encode())
        _, status = os.waitpid(child, 0)
        with suppress(BrokenPipeError):  # who asked is gone
            os.write(ended, f"{status}\n".encode())
        os._exit(0)
    os.close(ended)
    for given, number in zip(standard, _STANDARD, strict=True):
        os.dup2(given, number)
        os.close(given)
    request = json.loads(content)
    os.environ.clear()
    os.environ.update(request["environment"])
    os.chdir(request["folder"])
    time.tzset()
    tempfile.tempdir = None
    sys.argv[1:] = request["arguments"]


def _exit_code(module: ModuleType) -> int:
    try:
        module.main()
    except SystemExit as leaving:
        if isinstance(leaving.code, str):
            print(leaving.code, file=sys.stderr)
        return int(leaving.code) if isinstance(leaving.code, int) else int(leaving.code is not None)
    except BaseException:
        traceback.print_exc()
        return 1
    return 0


def _serve(name: str) -> None:
    listener = _listener(name)
    module = import_module(name)
    module.load()
    # What is loaded stays: a fork that looked for cycles in it would have a copy of it all.
    gc.collect()
    gc.freeze()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # Nobody waits for those who say how the others end.
    _next(listener)
    os._exit(_exit_code(module))  # Otherwise DuckDB would wait for threads that a forked process does not have.


if __name__ == "__main__":
    _serve(sys.argv[1])
