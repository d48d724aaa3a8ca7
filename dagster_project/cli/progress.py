"""How a long command tells what it is doing."""

import sys
from collections.abc import Callable

import click

_TERMINAL_WIDTH = 100


def progress() -> Callable[[str], None]:
    """One line that rewrites itself on a terminal; elsewhere, a line a step."""
    if not sys.stderr.isatty():
        return lambda text: click.echo(text, err=True)
    return lambda text: click.echo(f"\r\033[K{text[:_TERMINAL_WIDTH]}", err=True, nl=False)
