"""What a machine refuses to a run - room, memory, rights - said in French, whichever library met it first."""

import errno
import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

# What a run that stops gives back, memory, journals and temporary files, is less than this.
_BLOCK, _BLOCKS = 1 << 20, 64
MEMORY_IS_SHORT = "La mémoire manque : fermez d'autres programmes, ou relevez la limite de ce compte (ulimit -v)."
# SQLite tells that it failed, not why.
_UNTOLD = -1
_LIMITED = -2
_SENTENCES = {
    errno.ENOSPC: "Le disque est plein : libérez de la place.",
    errno.EDQUOT: "Le disque est plein pour ce compte : libérez de la place, ou relevez son quota.",
    errno.EROFS: "Le disque est en lecture seule : remontez-le en écriture.",
    errno.ENOMEM: MEMORY_IS_SHORT,
    _LIMITED: "La mémoire laissée à DuckDB ne suffit pas : relevez BILAN_MEMORY (8GB, par exemple).",
    errno.EACCES: "Droits insuffisants : ce compte doit pouvoir lire raw/ et écrire dans warehouse/.",
    errno.EPERM: "Droits insuffisants : ce compte doit pouvoir lire raw/ et écrire dans warehouse/.",
    errno.EMFILE: "Trop de fichiers ouverts : relevez la limite de ce compte (ulimit -n).",
    errno.EFBIG: "Un fichier dépasse la taille permise à ce compte (ulimit -f).",
    errno.EBADMSG: "Le fichier de travail est abîmé : vérifiez le disque, puis relancez.",
    errno.EIO: "Le disque ne répond plus correctement : vérifiez-le avant de relancer.",
    _UNTOLD: "L'historique des exécutions ne s'écrit plus : la mémoire manque, ou le disque est en panne.",
    errno.ENOENT: "Un fichier de travail a disparu pendant l'exécution : relancez.",
}
# What a command meets in the files it is asked for; a run would meet it in its own.
_OF_A_COMMAND = {
    errno.ENOENT: "Fichier ou dossier introuvable : vérifiez le chemin.",
    errno.ENOTDIR: "Ce chemin passe par un fichier qui n'est pas un dossier.",
    errno.EEXIST: "Un fichier est là où il faut un dossier.",
    errno.EISDIR: "Un dossier est là où il faut un fichier.",
    errno.EBADMSG: "Une version est abîmée : « bilan verify » dit en quoi, « bilan rollback » sert celle d'avant.",
}
# What libraries say in words of their own instead of the system's.
_WORDS = {
    "database or disk is full": errno.ENOSPC,
    "readonly database": errno.EROFS,
    "read-only file system": errno.EROFS,
    "unable to open database file": _UNTOLD,
    "disk I/O error": _UNTOLD,
    "iB used)": _LIMITED,  # of what DuckDB may take, not of the machine
    "Out of Memory": errno.ENOMEM,
    "failed to allocate": errno.ENOMEM,
    "bad_alloc": errno.ENOMEM,
    "MemoryError": errno.ENOMEM,
    "can't start new thread": errno.ENOMEM,
    "computed checksum": errno.EBADMSG,
    "not a valid DuckDB database": errno.EBADMSG,
    "Corrupt database file": errno.EBADMSG,
    "database does not exist": errno.ENOENT,
}


def machine_failure(error: BaseException, folder: Path | None = None) -> str | None:
    """The sentence for an error that the machine caused, or any of those behind it; None when none did.

    Of several, the first of the table. Where a library does not say what it met, `folder` is written to, to meet it.
    Of an error that says nothing of the machine, memory that is short is taken for the cause: libraries hide it.
    """
    met = {_number(one): one for one in behind(error)}
    if _UNTOLD in met and folder and (cause := _met_when_writing(folder)):
        met[cause.errno] = cause
    return _first(_SENTENCES, met) or memory_failure()


def command_failure(error: Exception) -> str | None:
    """The sentence for what stopped a command: a file it was asked for, or the machine; None for anything else."""
    import duckdb

    met = {_number(one): one for one in behind(error)}
    if sentence := _first(_OF_A_COMMAND, met) or machine_failure(error):
        return sentence
    if isinstance(error, OSError):
        return _of_file(f"Le système a refusé : {error.strerror or error}.", error)
    return f"La base n'a pas pu être lue : {error}" if isinstance(error, duckdb.IOException) else None


def _first(sentences: Mapping[int, str], met: Mapping[int | None, BaseException]) -> str | None:
    return next((_of_file(sentence, met[number]) for number, sentence in sentences.items() if number in met), None)


def _of_file(sentence: str, error: BaseException) -> str:
    path = getattr(error, "filename", None)
    return f"{sentence[:-1]} ({path})." if path else sentence


def memory_failure() -> str | None:
    """The sentence for memory that is short now; None when there is some left."""
    try:
        bytes(_BLOCK * _BLOCKS)
    except MemoryError:
        return MEMORY_IS_SHORT
    return None


def machine_words(message: str) -> str | None:
    """The sentence for a library's message about the machine; None for any other message."""
    number = _spoken(message)
    return _SENTENCES[number] if number else None


def _met_when_writing(folder: Path) -> OSError | None:
    try:
        block = bytes(_BLOCK)
        with tempfile.TemporaryFile(dir=folder) as file:
            for _ in range(_BLOCKS):
                file.write(block)
    except OSError as error:
        return error
    except MemoryError:
        return OSError(errno.ENOMEM, os.strerror(errno.ENOMEM))
    return None


def _number(error: BaseException) -> int | None:
    if isinstance(error, MemoryError):
        return errno.ENOMEM
    if isinstance(error, OSError) and error.errno in _SENTENCES | _OF_A_COMMAND:
        return error.errno
    return _spoken(str(error))


def _spoken(message: str) -> int | None:
    for words, number in _WORDS.items():
        if words.lower() in message.lower():
            return number
    return next((number for number in _SENTENCES if os.strerror(number) in message), None)


def behind(error: BaseException) -> list[BaseException]:
    """An error, and all that led to it; libraries that raise an error again make circles of them."""
    found: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in found:
            found.append(one)
            waiting += [one.__cause__, one.__context__]
    return found
