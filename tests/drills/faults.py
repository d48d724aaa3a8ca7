"""What a machine does to a run: each fault strikes a refresh under way, and ends with its context.

The ones that mount a file system need root and are for Linux; the others only need the process to be ours.
"""

import contextlib
import ctypes
import errno
import os
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event, Thread

from tests.drills.forked import Bilan
from tests.drills.miniature import Miniature

Fault = Callable[[Bilan, Miniature], AbstractContextManager[None]]

_ROOM_LEFT = 64 << 10
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522


@contextmanager
def mounted(folder: Path, megabytes: int) -> Iterator[None]:
    """A file system of that size, in memory, on the folder."""
    _mount("-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder))
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@contextmanager
def disk_full(run: Bilan, project: Miniature) -> Iterator[None]:
    ballast = project.settings.warehouse / ".ballast"
    try:
        while not _fill(ballast):
            continue  # the run took some of the room meanwhile
        yield
    finally:
        ballast.unlink()


def _fill(ballast: Path) -> bool:
    with ballast.open("wb") as file:
        status = os.statvfs(ballast)
        room = status.f_bavail * status.f_frsize - _ROOM_LEFT
        try:
            os.posix_fallocate(file.fileno(), 0, max(1, room))
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return False
    return True


@contextmanager
def disk_read_only(run: Bilan, project: Miniature) -> Iterator[None]:
    """From now on, nothing opened in the warehouse can be written."""
    warehouse = str(project.settings.warehouse)
    _mount("--bind", warehouse, warehouse)
    try:
        while not _remounted(warehouse):
            continue  # the run has a file open for writing
        yield
    finally:
        subprocess.run(["umount", "--lazy", warehouse], check=True)


def _remounted(warehouse: str) -> bool:
    remount = ["mount", "-o", "remount,bind,ro", warehouse]
    return subprocess.run(remount, capture_output=True, check=False).returncode == 0


@contextmanager
def releases_forbidden(run: Bilan, project: Miniature) -> Iterator[None]:
    """The releases belong to somebody else."""
    with _forbidden(project.settings.releases, 0o555):
        yield


@contextmanager
def stage_forbidden(run: Bilan, project: Miniature) -> Iterator[None]:
    with _forbidden(project.stage().parent, 0o000):
        yield


@contextmanager
def _forbidden(folder: Path, mode: int) -> Iterator[None]:
    before = folder.stat().st_mode
    folder.chmod(mode)
    try:
        yield
    finally:
        if folder.exists():
            folder.chmod(before)


@contextmanager
def memory_short(run: Bilan, project: Miniature) -> Iterator[None]:
    """Not a page more than the run has now."""
    pages = int(Path(f"/proc/{run.pid}/statm").read_text().split()[0])
    with _limited(run.pid, resource.RLIMIT_AS, pages * os.sysconf("SC_PAGE_SIZE")):
        yield


@contextmanager
def files_short(run: Bilan, project: Miniature) -> Iterator[None]:
    """Not a file more than the run has open now."""
    with _limited(run.pid, resource.RLIMIT_NOFILE, len(list(Path(f"/proc/{run.pid}/fd").iterdir()))):
        yield


@contextmanager
def sizes_short(run: Bilan, project: Miniature) -> Iterator[None]:
    """No file may grow beyond a few pages."""
    with _limited(run.pid, resource.RLIMIT_FSIZE, _ROOM_LEFT):
        yield


@contextmanager
def _limited(pid: int, what: int, limit: int) -> Iterator[None]:
    resource.prlimit(pid, what, (limit, limit))
    yield


@contextmanager
def terminated(run: Bilan, project: Miniature) -> Iterator[None]:
    """The machine is being shut down."""
    os.kill(run.pid, signal.SIGTERM)
    yield


@contextmanager
def doors_killed(run: Bilan, project: Miniature) -> Iterator[None]:
    """The door is killed as often as it opens again."""
    over = Event()

    def kill() -> None:
        while not over.wait(0.05):
            for pid in project.doors():
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill)
    killer.start()
    try:
        yield
    finally:
        over.set()
        killer.join()


@contextmanager
def stage_corrupted(run: Bilan, project: Miniature) -> Iterator[None]:
    """Every block of the stage is damaged on disk."""
    stage = project.stage()
    stage.write_bytes(bytes(byte ^ 0x55 for byte in stage.read_bytes()))
    yield


@contextmanager
def stage_removed(run: Bilan, project: Miniature) -> Iterator[None]:
    """Somebody cleans up what they take for leftovers."""
    shutil.rmtree(project.settings.stage, ignore_errors=True)
    yield


@contextmanager
def raw_file_changed(run: Bilan, project: Miniature) -> Iterator[None]:
    """A file of raw/ is written to after it was checked against its sidecar."""
    content = project.extract.read_text(encoding="utf-8")
    project.extract.write_text(content.replace("16500", "16510"), encoding="utf-8")
    try:
        yield
    finally:
        project.extract.write_text(content, encoding="utf-8")


@contextmanager
def raw_file_gone(run: Bilan, project: Miniature) -> Iterator[None]:
    away = project.extract.rename(project.settings.raw.parent / project.extract.name)
    try:
        yield
    finally:
        away.rename(project.extract)


def obey_modes() -> None:
    """Give up root's right to ignore the modes of files, for this process."""
    if os.geteuid():
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)()
    dropped = 1 << _CAP_DAC_OVERRIDE | 1 << _CAP_DAC_READ_SEARCH
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for index in range(3):  # effective, permitted, inheritable: the first 32 of each
        sets[index] &= ~dropped
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def can_mount() -> bool:
    """Whether this account may mount a file system here."""
    return (
        subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
        ).returncode
        == 0
    )


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
