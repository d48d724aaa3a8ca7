"""Lengths of time, as people write and read them."""

import re
from datetime import timedelta

import click

_UNITS = {"m": "minutes", "h": "hours", "j": "days", "d": "days"}


class Duration(click.ParamType[timedelta]):
    """A whole number and its unit: ``90m``, ``26h``, ``2j``."""

    name = "durée"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        if not (found := re.fullmatch(r"(\d{1,5})([mhjd])", str(value))):
            self.fail(f"« {value} » n'est pas une durée : 90m, 26h, 2j…", param, ctx)
        return timedelta(**{_UNITS[found[2]]: int(found[1])})


def said(length: timedelta) -> str:
    """A length of time, in French, no finer than it needs to be."""
    minutes = max(int(length.total_seconds()), 0) // 60
    if minutes < 120:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h"
    return f"{minutes // (24 * 60)} jours"
