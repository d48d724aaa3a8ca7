"""The differences between two releases as documents: Markdown for terminals and mails, one page for browsers."""

from functools import cache
from typing import TYPE_CHECKING

from dagster_project.release.diff.changes import ReleaseDiff

if TYPE_CHECKING:
    from jinja2 import Environment

# What a page shows of a table; the rest, up to its own cap, is in marts.release_change.
SHOWN = 50


def as_markdown(diff: ReleaseDiff) -> str:
    """Signal, then detail, in French Markdown."""
    return _environment().get_template("diff.md.j2").render(diff=diff, shown=SHOWN)


def as_page(diff: ReleaseDiff) -> str:
    """The same as one self-contained French page: no script, nothing loaded from elsewhere, printable."""
    return _environment().get_template("diff.html.j2").render(diff=diff, shown=SHOWN)


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader(__package__),
        autoescape=lambda name: bool(name) and ".html" in str(name),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"number": _number, "plain": _plain}
    return environment


def _number(count: int | None) -> str:
    return "—" if count is None else f"{count:,}".replace(",", "\u202f")


def _plain(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    line = " ".join(text.splitlines())
    for sign in "\\`*<>|[]":
        line = line.replace(sign, f"\\{sign}")
    return line
