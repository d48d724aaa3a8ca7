"""Headings a report prints in capitals, in the letters it uses elsewhere: capitals are hard to read in long lines."""

import re
from collections import Counter
from collections.abc import Iterable

_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*", re.UNICODE)
_PARENTHESISED = re.compile(r"\(([^)]*)\)")


class Headings:
    """The letters words are written in, learnt from the report's labels, titles and names."""

    def __init__(self, texts: Iterable[str]) -> None:
        counts: dict[str, Counter[str]] = {}
        for text in texts:
            if text.isupper():
                continue
            for match in _WORD.finditer(text):
                word = match.group()
                if match.start() == 0 and not word.isupper():
                    continue  # a first word has a capital whatever it is
                counts.setdefault(word.upper(), Counter())[word] += 1
        self._written = {upper: found.most_common(1)[0][0] for upper, found in counts.items()}

    def plain(self, heading: str) -> str:
        """`FAVORISER LA RÉUSSITE` as `Favoriser la réussite`; a heading already in small letters stays as it is."""
        text = heading.strip()
        if not text.isupper():
            return text
        acronyms = {word for inside in _PARENTHESISED.findall(text) for word in _WORD.findall(inside) if len(word) <= 6}
        lowered = _WORD.sub(lambda match: self._letters(match.group(), acronyms), text)
        return lowered[:1].upper() + lowered[1:]

    def _letters(self, word: str, acronyms: set[str]) -> str:
        if word in acronyms:
            return word
        if word in self._written:
            return self._written[word]
        head, apostrophe, tail = word.partition("'")
        return f"{head.lower()}{apostrophe}{self._letters(tail, acronyms)}" if apostrophe else word.lower()
