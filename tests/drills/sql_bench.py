"""A bench where one model at a time is replaced by a mutant, and everything that could notice is asked.

The stage file in memory, dbt's own compiled statements, one transaction a mutant. Who may notice: contracts and keys,
dbt's data tests, its unit tests, the reconciliation against the errata register, and the independent recomputation.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from threading import Timer
from typing import Any

import duckdb

from dagster_project.dbt import manifest
from dagster_project.quality.errata import read_errata
from dagster_project.quality.verdicts import reconcile_tables
from dagster_project.release.stage import primary_key
from tests.drills.sql_mutations import Mutant
from tests.independent.comparison import UNPROVED_TABLES, compare_all
from tests.models.invoke import invoke
from tests.richer import RicherStage

Node = dict[str, Any]
# A join without its condition makes rows without end: nobody would wait for it.
PATIENCE = 10


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: who noticed it, or whether it changed any table at all."""

    mutant: Mutant
    noticed_by: str | None
    changed: bool = True
    stillborn: bool = False

    @property
    def killed(self) -> bool:
        return self.noticed_by is not None


class Bench:
    """The models, their statements, and a database to try mutants in."""

    def __init__(self, richer: RicherStage) -> None:
        self.richer = richer
        self.nodes: dict[str, Node] = manifest()["nodes"]
        self.models = {key: node for key, node in self.nodes.items() if node["resource_type"] == "model"}
        self.statements = _compiled(richer.stage)
        self.errata = read_errata(richer.raw)
        self.connection = duckdb.connect(config={"threads": 1})
        self._load()
        self.blocking = self._blocking()

    def sql_of(self, model: str) -> str:
        """The statement of a model, by name."""
        return self.statements[self._key(model)]

    @property
    def models_by_name(self) -> list[str]:
        return sorted(self.nodes[key]["name"] for key in self.models)

    def noticed_at_rest(self) -> str | None:
        """What is noticed when no model is mutated; a bench that works notices nothing."""
        return self._broken_contract(self._order) or self._failed_data_test(self._order)

    def fate_of(self, mutant: Mutant) -> Fate:
        """Try a mutant, and put everything back."""
        self.connection.execute("begin transaction")
        alarm = Timer(PATIENCE, self.connection.interrupt)
        alarm.start()
        try:
            return self._tried(mutant)
        except duckdb.InterruptException:
            return Fate(mutant, f"run: not ended after {PATIENCE} seconds")
        finally:
            alarm.cancel()
            self.connection.execute("rollback")

    def _tried(self, mutant: Mutant) -> Fate:
        key, sql = self._key(mutant.model), mutant.sql
        try:
            self._make(key, sql)
        except duckdb.InterruptException:
            raise
        # It is SQL, and stops the run: a value its column cannot hold, a text that is no number.
        except duckdb.DataError:
            return Fate(mutant, "the run, which fails")
        except duckdb.Error:
            return Fate(mutant, None, stillborn=True)
        changed = self._differs(key)
        noticed = self._first_to_notice(key) if changed else None
        return Fate(mutant, noticed or self._failed_unit_test(key, sql), changed)

    def _first_to_notice(self, key: str) -> str | None:
        changed = [key]
        try:
            for reader in self._order:
                if set(self.models[reader]["depends_on"]["nodes"]) & set(changed):
                    self._make(reader, self.statements[reader])
                    if self._differs(reader):
                        changed.append(reader)
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            return f"run: {str(error).splitlines()[0]}"
        return (
            self._broken_contract(changed)
            or self._failed_data_test(changed)
            or self._not_recomputed(changed)
            or self._judged_otherwise(changed)
        )

    def _judged_otherwise(self, changed: list[str]) -> str | None:
        """Ask the reconciliation, which takes a second, when nothing quicker noticed."""
        if not {self.nodes[key]["name"] for key in changed} & {"figure", "relation", "relation_term"}:
            return None
        try:
            blocking = self._blocking()
        except (ValueError, KeyError, AssertionError) as error:
            return f"run: {error!r}"
        if blocking != self.blocking:
            return f"reconciliation: {(blocking ^ self.blocking).pop()}"
        verdicts = self._key("reconciliation")
        self._make(verdicts, self.statements[verdicts])
        return self._not_recomputed([verdicts])

    def _blocking(self) -> set[str]:
        """What would stop publication."""
        self.connection.execute("drop schema if exists quality cascade")
        return set(reconcile_tables(self.connection, self.errata).judgement.blocking)

    def _broken_contract(self, changed: list[str]) -> str | None:
        for key in changed:
            if self._is_mart(key):
                model = self.models[key]
                types = {row[0]: row[1].lower() for row in self._rows(f"describe {_relation(model)}")}
                declared = {name: column["data_type"] for name, column in model["columns"].items()}
                if types != declared:
                    return f"contract of {model['name']}"
                keys = primary_key(model)
                null = " or ".join(f"{name} is null" for name in keys)
                twice = f"select 1 from {_relation(model)} group by {', '.join(keys)} having count(*) > 1"
                if self._rows(f"select 1 from {_relation(model)} where {null} limit 1") or self._rows(
                    f"{twice} limit 1"
                ):
                    return f"key of {model['name']}"
        return None

    def _failed_data_test(self, changed: list[str]) -> str | None:
        for key, node in self.nodes.items():
            concerned = node["resource_type"] == "test" and set(node["depends_on"]["nodes"]) & set(changed)
            if concerned and self._rows(f"select 1 from ({self.statements[key]}) limit 1"):
                return f"data test {node['name']}"
        return None

    def _not_recomputed(self, changed: list[str]) -> str | None:
        for key in changed:
            name = self.nodes[key]["name"]
            if self._is_mart(key) and name not in UNPROVED_TABLES:
                expected = {name: self.richer.expected[name]}
                found = compare_all(self.connection, {name: primary_key(self.models[key])}, expected)
                if found.differences:
                    return f"recomputation: {found.differences[0]}"
        return None

    def _failed_unit_test(self, key: str, sql: str) -> str | None:
        for test in manifest()["unit_tests"].values():
            if key in test["depends_on"]["nodes"] and not self.passes(test, sql):
                return f"unit test {test['name']}"
        return None

    def passes(self, test: Node, mutated: str | None = None) -> bool:
        """Whether a model, as it is or mutated, gives what a dbt unit test expects of the columns it names."""
        sql = mutated or self.sql_of(test["model"])
        self.connection.execute("drop schema if exists given cascade; create schema given")
        for given in test["given"]:
            name = re.findall(r"'([^']+)'", given["input"])[-1]
            among = manifest()["sources"] if given["input"].startswith("source") else self.nodes
            source = next(_relation(node) for node in among.values() if node["name"] == name)
            self._fill(f'given."{name}"', given["rows"], source)
            sql = sql.replace(source, f'given."{name}"')
        try:
            self.connection.execute(f"create table given.__actual as {sql}")
        except duckdb.InterruptException:
            raise
        except duckdb.Error:
            return False
        self._fill("given.__expected", test["expect"]["rows"], "given.__actual")
        names = ", ".join(sorted(test["expect"]["rows"][0]))
        both = (f"select {names} from given.__actual", f"select {names} from given.__expected")
        return not self._rows(f"({both[0]} except all {both[1]}) union all ({both[1]} except all {both[0]})")

    def _fill(self, table: str, rows: str | list[Node], alike: str) -> None:
        if isinstance(rows, str):
            self.connection.execute(f"create table {table} as {rows}")
            return
        self.connection.execute(f"create table {table} as select * from {alike} limit 0")
        for row in rows:
            marks = ", ".join("?" for _ in row)
            values = [None if value is None else str(value) for value in row.values()]
            self.connection.execute(f"insert into {table} ({', '.join(row)}) values ({marks})", values)

    @cached_property
    def _order(self) -> list[str]:
        """Models, each after those it reads."""
        ordered: list[str] = []

        def visit(key: str) -> None:
            for parent in sorted(self.models[key]["depends_on"]["nodes"]):
                if parent in self.models:
                    visit(parent)
            if key not in ordered:
                ordered.append(key)

        for key in sorted(self.models):
            visit(key)
        return sorted(ordered, key=self._is_mart)

    def _key(self, model: str) -> str:
        return f"model.bilan.{model}"

    def _is_mart(self, key: str) -> bool:
        return bool(self.models[key]["schema"] == "marts")

    def _load(self) -> None:
        """Every table of the stage file, and the models made again from their statements as sqlglot writes them."""
        self.connection.execute(f"attach '{self.richer.stage}' as file (read_only)")
        tables = self._rows("select schema_name, table_name from duckdb_tables() where database_name = 'file'")
        for schema in {schema for schema, _ in tables} | {"staging", "base"}:
            self.connection.execute(f"create schema if not exists {schema}")
        for schema, table in tables:
            self.connection.execute(f"create table {schema}.{table} as select * from file.{schema}.{table}")
        self.connection.execute("detach file")
        for key in self._order:
            self._make(key, self.statements[key])
            self.connection.execute(f"create table base.{self.nodes[key]['name']} as from {_relation(self.nodes[key])}")

    def _make(self, key: str, sql: str) -> None:
        kind = "view" if self.nodes[key]["config"]["materialized"] == "view" else "table"
        self.connection.execute(f"create or replace {kind} {_relation(self.nodes[key])} as {sql}")

    def _differs(self, key: str) -> bool:
        now, before = _relation(self.nodes[key]), f"base.{self.nodes[key]['name']}"
        try:
            return bool(
                self._rows(
                    f"(from {now} except all from {before}) union all (from {before} except all from {now}) limit 1"
                )
            )
        except duckdb.BinderException:  # other columns
            return True

    def _rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.connection.execute(sql).fetchall()


def _relation(node: Node) -> str:
    return f'"{node["schema"]}"."{node.get("alias") or node["name"]}"'


def _compiled(stage: Path) -> dict[str, str]:
    """dbt's own statements, without the name of the database, which here is the only one."""
    results = invoke(stage, "compile", "--exclude", "resource_type:unit_test").results
    return {
        result.node.unique_id: result.node.compiled_code.replace(f'"{stage.stem}".', "")
        for result in results
        if getattr(result.node, "compiled_code", None)
    }
