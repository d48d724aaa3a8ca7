"""What the death of a process that was reading says of the file it read."""

import signal

# How a file kills its reader; another signal comes from a person, or from the machine.
DEADLY = (
    signal.SIGKILL, signal.SIGABRT, signal.SIGSEGV, signal.SIGBUS, signal.SIGFPE, signal.SIGILL, signal.SIGPROF,
    signal.SIGXCPU, signal.SIGXFSZ,
)  # fmt: skip


def why_it_died(returncode: int, last_words: str = "") -> str:
    """What the death of a process that was reading says of the file. French."""
    if -returncode in (signal.SIGPROF, signal.SIGXCPU):
        return "sa lecture demande plus de temps que permis"
    if -returncode == signal.SIGXFSZ:
        return "sa lecture demande plus de disque que permis"
    if -returncode == signal.SIGKILL or "memory allocation" in last_words or "bad_alloc" in last_words:
        return "sa lecture demande plus de mémoire que permis"
    name = signal.Signals(-returncode).name if returncode < 0 else f"code {returncode}"
    return f"sa lecture s'est brisée ({name}) : le fichier est abîmé, ou fait pour nuire"
