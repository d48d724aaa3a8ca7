"""What a catalogue answers, read field by field: a field gone or of another kind is named, never guessed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dagster_project.connectors.errors import FetchError
from dagster_project.settings import TIMEZONE

_PARIS = ZoneInfo(TIMEZONE)
_KINDS = {str: "un texte", int: "un nombre entier", list: "une liste"}


@dataclass(frozen=True)
class Answer:
    """A part of a JSON answer, which knows where it comes from."""

    content: object
    url: str
    path: str = ""

    def has(self, name: str) -> bool:
        """Whether the field is there with something in it."""
        return isinstance(self.content, dict) and self.content.get(name) is not None

    def part(self, *names: str) -> "Answer":
        """The field, or the field of a field. Raises FetchError, naming it, where it is absent."""
        found = self
        for name in names:
            path = f"{found.path}.{name}".lstrip(".")
            if not isinstance(found.content, dict) or name not in found.content:
                raise FetchError(
                    f"Le catalogue a changé de forme : champ « {path} » absent de la réponse de {self.url}. "
                    "Signalez-le : le connecteur est à revoir."
                )
            found = Answer(found.content[name], self.url, path)
        return found

    def text(self, *names: str) -> str:
        value = self._of_kind(str, *names)
        assert isinstance(value, str)
        return value

    def number(self, *names: str) -> int:
        value = self._of_kind(int, *names)
        assert isinstance(value, int)
        return value

    def items(self, *names: str) -> Iterator["Answer"]:
        """The members of a list field."""
        value = self._of_kind(list, *names)
        assert isinstance(value, list)
        path = ".".join((self.path, *names)).lstrip(".")
        for index, item in enumerate(value):
            yield Answer(item, self.url, f"{path}[{index}]")

    def day(self, *names: str) -> date:
        """The day of a moment, in Paris; a moment without a zone is Paris time."""
        value = self.text(*names)
        try:
            moment = datetime.fromisoformat(value)
            return (moment.astimezone(_PARIS) if moment.tzinfo else moment).date()
        except (ValueError, OverflowError):
            raise self._unexpected(value, "une date", *names) from None

    def _of_kind(self, kind: type, *names: str) -> object:
        value = self.part(*names).content
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._unexpected(value, _KINDS[kind], *names)
        return value

    def _unexpected(self, value: object, expected: str, *names: str) -> FetchError:
        path = ".".join((self.path, *names)).lstrip(".")
        shown = "rien" if value is None else f"« {str(value)[:40]} »"
        return FetchError(
            f"Le catalogue a changé de forme : champ « {path} » de la réponse de {self.url} : "
            f"{shown}, {expected} est attendu. Signalez-le : le connecteur est à revoir."
        )
