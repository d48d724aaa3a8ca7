"""Run hostile statements through a connection text, as its reader would, and say what each one achieved.

A process of its own: a statement may end it. Standard input: a JSON document, `tool`, `text`, `statements`, `world`.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Run = Callable[[str], str]
SETTINGS = "select current_setting('memory_limit'), current_setting('enable_external_access')"


def connection(tool: str, text: str) -> Run:
    """What runs a statement, and tells its first rows, on a fresh connection made as the text says."""
    names: dict[str, Any] = {}
    if tool == "superset":
        from sqlalchemy import create_engine

        uri = next(line for line in text.splitlines() if line.startswith("duckdb:///"))
        parameters = text.partition("Engine parameters :\n")[2]
        names["moteur"] = create_engine(uri, **json.loads(parameters[: parameters.rindex("}") + 1]))
    else:
        exec(text, names)
    opened = names["connexion"] if tool == "python" else names["moteur"].connect()

    def run(sql: str) -> str:
        if tool == "python":
            found = opened.execute(sql)
        else:
            opened.rollback()
            found = opened.exec_driver_sql(sql)
            if not found.returns_rows:
                return ""
        first = found.fetchmany(1000)
        while found.fetchmany(1000):
            pass
        return str(first)

    return run


def tree(root: Path) -> set[tuple[str, int, int]]:
    """Every file under a folder, with its size and the time of its last change."""
    files = ((path, path.stat()) for path in root.rglob("*") if path.is_file())
    return {(str(path.relative_to(root)), found.st_size, found.st_mtime_ns) for path, found in files}


def act(tool: str, text: str, sql: str, world: Path) -> dict[str, Any]:
    """What one statement said, what it left behind, and whether the connection still serves, with its settings."""
    before = tree(world)
    run = connection(tool, text)
    settings = run(SETTINGS)
    try:
        said = run(sql)
    except Exception as error:
        said = f"{type(error).__name__}: {error}"
    try:
        serves = run(SETTINGS) == settings
    except Exception:
        serves = False
    return {"said": said, "changed": sorted({name for name, *_ in tree(world) ^ before}), "serves": serves}


if __name__ == "__main__":
    job = json.load(sys.stdin)
    print(json.dumps([act(job["tool"], job["text"], sql, Path(job["world"])) for sql in job["statements"]]))
