"""What a figure printed in a French text says: ``6,34 M€``, ``35 070*``, ``6,1% à 5,1 %``, ``un enfant sur huit``.

The value is in the base unit (euros, persons), a percentage in percent. A range has no value, only its two bounds.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

_WORDS = {
    **dict.fromkeys(("zéro", "aucun", "aucune"), 0),
    **dict.fromkeys(("un", "une", "premier", "première"), 1),
    **dict.fromkeys(("deux", "deuxième", "double", "doubler", "doublement"), 2),
    **dict.fromkeys(("trois", "troisième", "tripler", "triplement"), 3),
    **dict.fromkeys(("quatre", "quatrième"), 4),
    **dict.fromkeys(("cinq", "cinquième"), 5),
    **dict.fromkeys(("six", "sixième"), 6),
    **dict.fromkeys(("sept", "septième"), 7),
    **dict.fromkeys(("huit", "huitième"), 8),
    **dict.fromkeys(("neuf", "neuvième"), 9),
    **dict.fromkeys(("dix", "dixième", "dizaine"), 10),
    "onze": 11,
    **dict.fromkeys(("douze", "douzaine"), 12),
    "treize": 13,
    "quatorze": 14,
    **dict.fromkeys(("quinze", "quinzaine"), 15),
    "seize": 16,
    **dict.fromkeys(("vingt", "vingtaine"), 20),
    **dict.fromkeys(("trente", "trentaine"), 30),
    **dict.fromkeys(("quarante", "quarantaine"), 40),
    **dict.fromkeys(("cinquante", "cinquantaine"), 50),
    **dict.fromkeys(("soixante", "soixantaine"), 60),
    **dict.fromkeys(("cent", "centaine"), 100),
    **dict.fromkeys(("mille", "millier"), 1000),
}
_PARTS = {"moitié": 2, "demi": 2, "tiers": 3, "quart": 4, "quarts": 4}
_SCALES = {"mds": 10**9, "md": 10**9, "milliard": 10**9, "milliards": 10**9}
_SCALES |= {"m": 10**6, "million": 10**6, "millions": 10**6, "k": 10**3}

_GAP = "[ \u00a0\u202f]"
# A point is a decimal mark in some producers' exports; before three digits it could be thousands, so it is not read.
_DIGITS = rf"(?:\d{{1,3}}(?:{_GAP}\d{{3}})+(?!\d)|\d+)(?:,\d+|\.\d{{1,2}}(?!\d))?"
_NUMBER = re.compile(
    rf"(?P<digits>{_DIGITS})(?:{_GAP}*(?P<scale>Mds?|milliards?|millions?|M|k)(?![a-zà-ÿ]))?"
    r"|(?P<word>[a-zà-ÿ]+)",
    re.IGNORECASE,
)
_MARKER = re.compile(r"\*+$")
_MINUS = re.compile(r"^[-\u2212\u2013](?=\d)")
_ORDINAL = re.compile(r"\^(?:\{\w+\}|\w+)")
_ONE_IN = re.compile(r"^(?P<part>\w+)(?: \w+)? sur (?P<whole>\w+)$", re.IGNORECASE)
_FRACTION = re.compile(r"^(?:la |(?P<count>\w+) )?(?P<part>moitié|tiers|quarts?)$", re.IGNORECASE)
_MONTHS_TO_YEARS = re.compile(r"^(?P<low>\w+) mois (?:et|à) (?P<high>\w+) ans?$", re.IGNORECASE)
_AND_A_HALF = re.compile(r"^(?P<whole>\w+) \w+ et demie?$", re.IGNORECASE)


@dataclass(frozen=True)
class Printed:
    """The number a printed text carries: a value, or two bounds; its printed step; the mark glued to it."""

    value: Decimal | None = None
    lower: Decimal | None = None
    upper: Decimal | None = None
    step: Decimal | None = None
    marker: str | None = None


class UnreadableFigureError(ValueError):
    """The text carries no number, or more than a range of two."""


def read_printed(text: str) -> Printed:
    """Read the number a text prints; a blank text says nothing.

    Raises:
        UnreadableFigureError: no number in a text that is not blank, or more numbers than a range has.
    """
    if not text.strip():
        return Printed()
    marker = _MARKER.search(text)
    body = _ORDINAL.sub("", _MARKER.sub("", text)).strip()
    numbers = _special_forms(body) or _plain_numbers(body)
    if not numbers:
        raise UnreadableFigureError(f"aucun nombre dans « {text} »")
    sign = -1 if _MINUS.match(body) else 1
    values = [sign * value for value, _ in numbers]
    step = max(step for _, step in numbers)
    mark = marker.group() if marker else None
    if len(set(values)) == 1:
        return Printed(value=values[0], step=step, marker=mark)
    if len(values) == 2:
        return Printed(lower=min(values), upper=max(values), step=step, marker=mark)
    raise UnreadableFigureError(f"plus de deux nombres dans « {text} »")


def _special_forms(body: str) -> list[tuple[Decimal, Decimal]] | None:
    if match := _ONE_IN.match(body):
        part, whole = _count(match["part"]), _count(match["whole"])
        return [(100 * part / whole, Decimal(1))]
    if match := _FRACTION.match(body):
        count = _count(match["count"]) if match["count"] else Decimal(1)
        return [(100 * count / _PARTS[match["part"].lower()], Decimal(1))]
    if match := _MONTHS_TO_YEARS.match(body):
        return [(_count(match["low"]), Decimal(1)), (12 * _count(match["high"]), Decimal(1))]
    if match := _AND_A_HALF.match(body):
        return [(_count(match["whole"]) + Decimal("0.5"), Decimal("0.5"))]
    return None


def _plain_numbers(body: str) -> list[tuple[Decimal, Decimal]]:
    """Digits where there are any: ``1 offre pour un emploi`` prints one number, not two."""
    matches = list(_NUMBER.finditer(body))
    if any(match["digits"] for match in matches):
        return [_in_digits(match["digits"], match["scale"]) for match in matches if match["digits"]]
    words = (_WORDS.get(match["word"].lower()) for match in matches)
    numbers = [(Decimal(word), Decimal(1)) for word in words if word is not None]
    # « une centaine » is a hundred, « une à trois » is a range.
    if len(numbers) == 2 and numbers[0][0] == 1 and numbers[1][0] >= 10:
        return numbers[1:]
    return numbers


def _in_digits(digits: str, scale: str | None) -> tuple[Decimal, Decimal]:
    number = Decimal(re.sub(_GAP, "", digits).replace(",", "."))
    factor = Decimal(_SCALES[scale.lower()] if scale else 1)
    exponent = number.as_tuple().exponent
    assert isinstance(exponent, int)
    return number * factor, factor.scaleb(exponent)


def _count(word: str) -> Decimal:
    if word.isdigit():
        return Decimal(word)
    try:
        return Decimal(_WORDS[word.lower()])
    except KeyError:
        raise UnreadableFigureError(f"nombre inconnu « {word} »") from None


def says(text: str, value: Decimal | None, lower: Decimal | None, upper: Decimal | None) -> bool:
    """Whether the printed text says this value, or these bounds; fractions agree to six decimals.

    Raises:
        UnreadableFigureError: as `read_printed`.
    """
    printed = read_printed(text)
    pairs = ((printed.value, value), (printed.lower, lower), (printed.upper, upper))
    return all(_same(said, given) for said, given in pairs)


def _same(said: Decimal | None, given: Decimal | None) -> bool:
    if said is None or given is None:
        return said is given
    return round(said, 6) == round(given, 6)
