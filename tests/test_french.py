"""click's own words are in French, those of its next version too."""

import ast
from pathlib import Path

from dagster_project.cli.french import MODULES, WORDS

# What only whoever writes a command, or answers a question, meets; and names of types, which no sentence here tells.
NEVER_SHOWN = {
    "deprecated", "DeprecationWarning: The command {name!r} is deprecated.{extra_message}",
    "DeprecationWarning: The {param_type} {name!r} is deprecated.{extra_message}", "Aborted!",
    "Value must be an iterable.", "Could not determine name for option with declarations {decls!r}",
    "No options defined but a name was passed ({name}). Did you mean to declare an argument instead? "
    "Did you mean to pass '--{name}'?",
    "Arguments take exactly one parameter declaration, got {length}: {decls}.", "(dynamic)",
    "Name '{name}' defined twice",
    "Takes {nargs} values but 1 was given.", "Takes {nargs} values but {len} were given.",
    "Boolean option {decl!r} cannot use the same flag for true/false.", "Do you want to continue?",
    "Confirm the action without prompting.", "%(prog)s, version %(version)s", "Show the version and exit.",
    "Invalid start character for option ({option})", "Choice({choices})", "file", "directory", "path",
    "{len_type} values are required, but {len_value} was given.",
    "{len_type} values are required, but {len_value} were given.", "{value!r} is not a valid UUID.",
}  # fmt: skip


def words_of_click() -> set[str]:
    """Every text its modules ask a translation of."""
    found = set()
    for module in MODULES:
        assert module.__file__
        for call in ast.walk(ast.parse(Path(module.__file__).read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in ("_", "ngettext"):
                found |= {
                    one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)
                }
    return found


def test_every_sentence_of_click_has_its_french() -> None:
    assert words_of_click() == WORDS.keys() | NEVER_SHOWN
