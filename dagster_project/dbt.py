"""dbt in this process: the manifest prepared once per code version, and builds that reuse it.

Starting dbt as a command costs four seconds a call, parsing again two more; neither is needed.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

from dagster_project import spark
from dagster_project.errors import BilanError
from dagster_project.hashing import file_sha256
from dagster_project.machine import machine_failure
from dagster_project.release.fingerprint import dbt_files
from dagster_project.settings import DBT_PROJECT, duckdb_limits

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

STAGE_FILE = "stage.duckdb"
_TARGET = DBT_PROJECT / "target"
_preparing = Lock()


@dataclass(frozen=True)
class NodeResult:
    """What dbt made of one model, seed or test."""

    unique_id: str
    status: str
    message: str
    failures: int
    seconds: float

    @property
    def passed(self) -> bool:
        return self.status in ("success", "pass")


@cache
def manifest() -> dict[str, Any]:
    """The parsed project, prepared if this version of it never was."""
    document: dict[str, Any] = json.loads((_prepared() / "manifest.json").read_text(encoding="utf-8"))
    return document


def build(stage: Path, selection: list[str], on_node: Callable[[str], None] = lambda name: None) -> list[NodeResult]:
    """Build and test part of the project in the stage file; `on_node` hears of each node as it starts.

    Raises:
        BilanError: dbt could not run at all. A failing node is a result, not an exception.
    """
    from dbt.adapters.duckdb.connections import DuckDBConnectionManager
    from dbt.adapters.factory import reset_adapters
    from dbt.cli.main import dbtRunner

    from dagster_project.dbt_answers import every_node_answers

    arguments = ["build", "--select", *selection, "--exclude", "resource_type:unit_test", "--no-write-json"]
    try:
        runner = dbtRunner(manifest=_parsed_project(), callbacks=[_narrator(on_node)])
        with every_node_answers(), _engine_at_hand(stage):
            outcome = runner.invoke([*arguments, *_common(stage)])
    finally:
        DuckDBConnectionManager.close_all_connections()
        reset_adapters()
    _raise_anew(outcome.exception, "dbt n'a pas pu s'exécuter")
    return [
        NodeResult(
            result.node.unique_id, str(result.status), _words_of(result), result.failures or 0, result.execution_time
        )
        for result in outcome.result.results
    ]


@contextmanager
def _engine_at_hand(stage: Path) -> Iterator[None]:
    """The stage file itself for DuckDB; for Spark, its tables lent for the build, and those built shown in it."""
    if spark.engine() != "spark":
        yield
        return
    sources = {(node["schema"], node["name"]) for node in manifest()["sources"].values()}
    spark.lend(stage, sources, {node["schema"] for node in manifest()["nodes"].values() if _is_built(node)})
    yield
    spark.take_back(stage)


def _is_built(node: dict[str, Any]) -> bool:
    return node["resource_type"] in ("model", "seed")


def _words_of(result: Any) -> str:
    """What dbt says of a node. It keeps the words of an exception, and memory that is short has none."""
    words = (result.message or "").removeprefix("Exception on worker thread. ")
    return words or ("MemoryError" if result.status == "error" else "")


def warm_up() -> None:
    """Load dbt and the parsed project, so that a build starts at once; worth doing while another process works."""
    import dbt.adapters.duckdb
    import dbt.cli.main
    import dbt.task.build  # noqa: F401
    import pandas  # noqa: F401  (DuckDB loads it to bind a parameter)

    if spark.engine() == "spark":
        spark.session()
    _parsed_project()


@cache
def _parsed_project() -> "Manifest":
    from dbt.contracts.graph.manifest import Manifest

    parsed = Manifest.from_msgpack((_prepared() / "partial_parse.msgpack").read_bytes())
    parsed.build_flat_graph()
    return parsed


def _narrator(on_node: Callable[[str], None]) -> Callable[[Any], None]:
    def narrate(event: Any) -> None:
        if event.info.name == "NodeStart":
            on_node(event.data.node_info.node_name)

    return narrate


def _common(stage: Path) -> list[str]:
    limits = duckdb_limits()
    os.environ |= {
        "BILAN_STAGE": str(stage),
        "BILAN_MEMORY": limits["memory_limit"],
        "BILAN_THREADS": limits.get("threads") or _all_threads(),
    }
    project = str(DBT_PROJECT)
    return ["--project-dir", project, "--profiles-dir", project, "--log-level", "none", "--log-level-file", "none"]


def _all_threads() -> str:
    """How many DuckDB takes when nobody says, to be said all the same: a profile cannot leave a setting out."""
    import duckdb

    with duckdb.connect() as connection:
        return str(connection.execute("select current_setting('threads')").fetchall()[0][0])


def _prepared() -> Path:
    """The folder of this version's manifest; parsing happens once, under a name that is complete or absent."""
    version = hashlib.sha256("".join(file_sha256(path) for path in dbt_files()).encode()).hexdigest()[:16]
    engine = spark.engine()
    folder = _TARGET / f"parsed-{engine}-{version}"
    with _preparing:
        if not folder.exists():
            _TARGET.mkdir(exist_ok=True)
            for stale in _TARGET.glob(f"parsed-{engine}-*"):
                shutil.rmtree(stale, ignore_errors=True)
            with tempfile.TemporaryDirectory(dir=_TARGET) as unfinished:
                _parse(Path(unfinished) / "parsed")
                if not folder.exists():  # another process may have been as quick
                    (Path(unfinished) / "parsed").rename(folder)
    return folder


def _parse(folder: Path) -> None:
    from dbt.cli.main import dbtRunner

    outcome = dbtRunner().invoke(
        ["parse", "--no-partial-parse", "--target-path", str(folder), *_common(folder / STAGE_FILE)]
    )
    _raise_anew(outcome.exception, "Le projet dbt ne se lit pas")


def _raise_anew(caught: BaseException | None, failure: str) -> None:
    """What dbt caught: an interruption as it was; an error as a sentence."""
    if isinstance(caught, Exception):
        raise BilanError(machine_failure(caught) or f"{failure} : {caught}") from caught
    if caught is not None:
        raise caught
