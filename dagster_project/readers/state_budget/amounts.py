"""Amounts and names as budget files write them."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from dagster_project.readers.cells import Reading
from dagster_project.readers.delimited import encoding_of
from dagster_project.readers.nomenclature import plain

ADVICE = "Comparez avec le fichier d'origine sur data.economie.gouv.fr."
_AMOUNT = re.compile(r"(-?\d{1,15})(?:[,.](\d{1,6}))?(?:[Ee]\+?(\d{1,2}))?")
_BLANKS = re.compile(r"(?<=\d)[ \u00a0\u202f](?=\d{3}(?!\d))")


@dataclass(frozen=True)
class Amount:
    """An exact amount, and the last place it is written to: 1,44146E+11 is rounded to the million."""

    value: Decimal
    step: Decimal


def amount(text: str) -> Amount | None:
    """The amount a cell says, with a comma or a point for decimals; None if it says none."""
    match = _AMOUNT.fullmatch(_BLANKS.sub("", text.strip()))
    if match is None:
        return None
    whole, decimals, exponent = match[1], match[2] or "", int(match[3] or 0)
    step = Decimal(1).scaleb(exponent - len(decimals))
    value = Decimal(f"{whole}.{decimals or 0}").scaleb(exponent)
    if abs(value) >= Decimal(10) ** 15:
        return None
    return Amount(value.quantize(Decimal(1).scaleb(min(0, exponent - len(decimals)))), step)


def slug(name: str) -> str:
    """A name as an identifier: lower case, no accent, words joined by underscores."""
    return "_".join(plain(name).split())


def text_of(reading: Reading, path: Path) -> str | None:
    """The whole text of a small file in UTF-8 or UTF-16; None, with the reason refused, where it is neither."""
    content = path.read_bytes()
    encoding = encoding_of(content + b"\n")
    try:
        if encoding is not None:
            if encoding == "utf-16" and not content.startswith((b"\xff\xfe", b"\xfe\xff")):
                encoding = "utf-16-le"
            return content.decode("utf-8-sig" if encoding == "utf-8" else encoding).removeprefix("\ufeff")
    except UnicodeDecodeError:
        pass
    reading.reject(
        found="octets illisibles", expected="un texte UTF-8 ou UTF-16", rule="encodage",
        advice="Reprenez le fichier d'origine, sans l'enregistrer depuis un tableur.",
    )  # fmt: skip
    return None


def head_of(path: Path) -> str:
    """The first characters of a file, as text; empty when it is none."""
    with path.open("rb") as file:
        head = file.read(1 << 16)
    encoding = encoding_of(head)
    if encoding is None:
        return ""
    wide = "utf-16" if head.startswith((b"\xff\xfe", b"\xfe\xff")) else "utf-16-le"
    return head.decode(wide if encoding == "utf-16" else "utf-8-sig", errors="ignore")
