"""Text from elsewhere, as it may stand in a message: on one line, and without what commands a terminal."""

import unicodedata

_MOST = 200


def shown(text: str, most: int = _MOST) -> str:
    """The text, with control, direction and undecodable characters written as escapes; cut where it is long."""
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return "".join(_visible(character) for character in cut)


def _visible(character: str) -> str:
    if character.isprintable() or unicodedata.category(character) == "Zs":
        return character
    return character.encode("unicode_escape", errors="backslashreplace").decode("ascii")
