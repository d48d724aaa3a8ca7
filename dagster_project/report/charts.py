"""Charts: Vega-Lite drawings whose colours and letters are the page's own, so that they follow it in the dark."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

from markupsafe import Markup

from dagster_project.report import french

# Colours a drawing is made with, and the page's variables they stand for.
_INK, _MUTED, _GRID, _PAPER, _MAIN, _WARN = ("#a0000a", "#a0000b", "#a0000c", "#a0000d", "#a0000e", "#a0000f")
_SERIES = tuple(f"#b0000{digit}" for digit in range(1, 8))
_VARIABLES = {
    _INK: "--ink", _MUTED: "--muted", _GRID: "--grid", _PAPER: "--paper", _MAIN: "--main", _WARN: "--warn",
    **{colour: f"--s{position}" for position, colour in enumerate(_SERIES, start=1)},
}  # fmt: skip
_CONFIG: dict[str, Any] = {
    "aria": False,
    "background": None,
    "font": "Liberation Sans",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _MUTED, "labelFontSize": 12, "domainColor": _MUTED, "tickColor": _MUTED, "gridColor": _GRID,
        "title": None, "labelPadding": 4,
    },
    "text": {"color": _INK, "fontSize": 12},
}  # fmt: skip


# Vega marks every part as an image to be named; the drawing is one image, and its name says the finding.
_SAID_ELSEWHERE = re.compile(
    r' (?:role|aria-roledescription|aria-hidden|pointer-events|font-family)="[^"]*"| opacity="1"'
)


@dataclass(frozen=True)
class Chart:
    """A drawing, the finding it shows, and the same said in words for those who do not see it."""

    finding: str
    subtitle: str
    svg: Markup
    file: str = ""
    sources: Sequence[str | Markup] = ()
    legend: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True)
class Point:
    """A value at a date."""

    when: date
    value: Decimal | int
    provisional: bool = False
    in_gap: bool = False


def series(points: Sequence[Point], breaks: Sequence[date], alt: str, *, width: int = 300, height: int = 150) -> Markup:
    """A time series. Nothing joins the two sides of a break; provisional is hollow and dashed, a gap is a diamond."""
    dots: list[dict[str, Any]] = [
        {
            "when": _midday(point.when),
            "value": float(point.value),
            "hollow": point.provisional or point.in_gap,
            "in_gap": point.in_gap,
        }
        for point in points
    ]
    ends = [(0, 1, "left"), (len(points) - 1, -2, "right")] if len(points) > 1 else [(0, 0, "left")]
    labels = [
        (dots[end] | {"text": french.number(points[end].value)}, align, points[beside].value > points[end].value)
        for end, beside, align in ends
    ]
    segments = [
        dot | {"segment": position, "dashed": before.provisional or after.provisional}
        for position, (before, after) in enumerate(pairwise(points))
        if not any(before.when < when <= after.when for when in breaks)
        for dot in (dots[position], dots[position + 1])
    ]
    decimals = any(isinstance(point.value, Decimal) and point.value % 1 for point in points)
    x = {
        "field": "when",
        "type": "temporal",
        "scale": {"padding": 14},
        "axis": {"grid": False, "format": "%Y", "tickCount": "year"},
    }
    y = {
        "field": "value", "type": "quantitative", "scale": {"zero": False, "nice": False, "padding": 22},
        "axis": {"tickCount": 4, "format": ",.1f" if decimals else ",d", "domain": False, "ticks": False},
    }  # fmt: skip
    drawn: list[dict[str, Any]] = [
        {
            "data": {"values": [dot for dot in segments if dot["dashed"] is dashed]},
            "mark": {"type": "line", "color": _MAIN, "strokeWidth": 2, **({"strokeDash": [4, 3]} if dashed else {})},
            "encoding": {"x": x, "y": y, "detail": {"field": "segment"}},
        }
        for dashed in (False, True)
    ]
    shown = [when for when in breaks if points and points[0].when < when <= points[-1].when]
    return _drawing(
        {
            "width": width,
            "height": height,
            "layer": [
                *[layer for layer in drawn if layer["data"]["values"]],
                *[_break(when) for when in shown],
                {
                    "data": {"values": dots},
                    "mark": {"type": "point", "size": 40, "filled": True, "opacity": 1, "strokeWidth": 2},
                    "encoding": {
                        "x": x, "y": y,
                        "fill": {"condition": {"test": "datum.hollow", "value": _PAPER}, "value": _MAIN},
                        "stroke": {"condition": {"test": "datum.in_gap", "value": _WARN}, "value": _MAIN},
                        "shape": {"condition": {"test": "datum.in_gap", "value": "diamond"}, "value": "circle"},
                    },
                },
                *[
                    {
                        "data": {"values": [label]},
                        "mark": {
                            "type": "text", "align": align, "dx": -6 if align == "left" else 6,
                            "dy": 16 if climbs else -12, "fontWeight": 600,
                        },
                        "encoding": {"x": x, "y": y, "text": {"field": "text"}},
                    }
                    for label, align, climbs in labels
                ],
            ],
        },
        alt,
    )  # fmt: skip


def strip(values: Sequence[tuple[str, Decimal]], reference: tuple[str, Decimal] | None, alt: str, unit: str) -> Markup:
    """How territories are spread: a dot each, the two ends named, the region's own value as a line."""
    ordered = sorted(values, key=lambda pair: pair[1])
    ends = [ordered[0], ordered[-1]]
    height = 96 if reference else 62
    x = {
        "field": "value", "type": "quantitative", "scale": {"zero": False, "nice": False, "padding": 28},
        "axis": {"grid": False, "tickCount": 5, "format": ",~r", "offset": 10},
    }  # fmt: skip
    layers: list[dict[str, Any]] = [
        {
            "data": {"values": [{"value": float(value)} for _, value in ordered]},
            "mark": {"type": "circle", "size": 130, "color": _MAIN, "opacity": 0.55},
            "encoding": {"x": x, "y": {"value": height - 25}},
        },
        *[
            {
                "data": {"values": [{"value": float(value), "text": name}]},
                "mark": {"type": "text", "align": align, "dy": -16, "dx": shift},
                "encoding": {"x": x, "y": {"value": height - 25}, "text": {"field": "text"}},
            }
            for (name, value), align, shift in zip(ends, ("left", "right"), (-6, 6), strict=True)
        ],
    ]
    if reference:
        name, value = reference
        rows = {"values": [{"value": float(value), "text": f"{name} {french.with_unit(value, unit)}"}]}
        layers += [
            {
                "data": rows, "mark": {"type": "rule", "color": _WARN, "strokeWidth": 2},
                "encoding": {"x": x, "y": {"value": 20}, "y2": {"value": height - 10}},
            },
            {
                "data": rows, "mark": {"type": "text", "dy": -6, "fontWeight": 600},
                "encoding": {"x": x, "y": {"value": 16}, "text": {"field": "text"}},
            },
        ]  # fmt: skip
    return _drawing({"width": 320, "height": height, "layer": layers}, alt)


def stacks(
    parts: Sequence[tuple[int, str, Decimal]],
    totals: dict[int, tuple[Decimal, Sequence[str]]],
    alt: str,
) -> Markup:
    """A stack of amounts a year, in millions of euros, the printed total as a line, and words above it."""
    order = list(dict.fromkeys(name for _, name, _ in parts))
    million = 1_000_000
    x = {"field": "year", "type": "ordinal", "axis": {"labelAngle": 0, "labelFontSize": 13, "ticks": False}}
    y = {"type": "quantitative", "axis": {"format": ",d", "tickCount": 5, "domain": False, "ticks": False}}
    printed = [{"year": year, "total": float(total) / million} for year, (total, _) in totals.items()]
    named = [
        {"year": year, "total": float(total) / million, "text": text, "line": line}
        for year, (total, texts) in totals.items()
        for line, text in enumerate(texts, start=1)
    ]
    return _drawing(
        {
            "width": 320,
            "height": 300,
            "layer": [
                {
                    "data": {
                        "values": [
                            {"year": year, "part": name, "rank": order.index(name), "amount": float(amount) / million}
                            for year, name, amount in parts
                        ]
                    },
                    "mark": {"type": "bar", "width": {"band": 0.62}, "stroke": _PAPER, "strokeWidth": 1},
                    "encoding": {
                        "x": x,
                        "y": y | {"field": "amount", "stack": "zero", "scale": {"domainMax": _headroom(totals)}},
                        "order": {"field": "rank", "type": "quantitative"},
                        "color": {
                            "field": "part", "type": "nominal", "legend": None,
                            "scale": {"domain": order, "range": list(_SERIES[: len(order)])},
                        },
                    },
                },
                {
                    "data": {"values": printed},
                    "mark": {"type": "tick", "color": _INK, "thickness": 2.5, "width": {"band": 0.8}},
                    "encoding": {"x": x, "y": y | {"field": "total"}},
                },
                *[
                    {
                        "data": {"values": [row for row in named if row["line"] == line]},
                        "mark": {
                            "type": "text", "baseline": "bottom", "dy": 10 - 16 * line, "fontWeight": 600,
                            "color": _WARN if line > 1 else _INK,
                        },
                        "encoding": {"x": x, "y": y | {"field": "total"}, "text": {"field": "text"}},
                    }
                    for line in (1, 2)
                ],
            ],
        },
        alt,
    )  # fmt: skip


def series_style(position: int) -> str:
    """The colour of a part of a stack, for a legend written by the page."""
    return f"var(--s{position + 1})"


def _headroom(totals: dict[int, tuple[Decimal, Sequence[str]]]) -> float:
    return float(max(total for total, _ in totals.values())) / 1_000_000 * 1.15


def _midday(when: date) -> str:
    """Noon, so that no time zone moves a date to the day before."""
    return f"{when.isoformat()}T12:00:00"


def _break(when: date) -> dict[str, Any]:
    return {
        "data": {"values": [{"when": _midday(when)}]},
        "mark": {"type": "rule", "color": _WARN, "strokeDash": [2, 3], "strokeWidth": 1.5},
        "encoding": {"x": {"field": "when", "type": "temporal"}},
    }


def _drawing(spec: dict[str, Any], alt: str) -> Markup:
    import vl_convert

    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "autosize": {"type": "fit", "contains": "padding"},
        "config": _CONFIG,
        "padding": {"left": 4, "right": 18, "top": 4, "bottom": 4},
        **spec,
    }
    drawn: str = vl_convert.vegalite_to_svg(whole, format_locale="fr-FR", time_format_locale="fr-FR")
    for colour, variable in _VARIABLES.items():
        drawn = drawn.replace(colour, f"var({variable})")
    body = _SAID_ELSEWHERE.sub("", drawn[drawn.index(">") + 1 :])
    head = drawn[: drawn.index(">")]
    box = head[head.index("viewBox=") :].split('"')[1]
    width = box.split()[2]
    start = Markup('<svg viewBox="{}" style="max-width:{}px" role="img" aria-label="{}">').format(box, width, alt)
    return start + Markup(body)
