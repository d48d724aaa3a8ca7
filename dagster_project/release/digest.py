"""Content digests: the same values give the same digest, whatever the order, the threads or the file they are in."""

import hashlib
from typing import Any

import duckdb

from dagster_project.release.stage import MARTS, primary_key


def content_digest(connection: duckdb.DuckDBPyConnection, model: dict[str, Any]) -> str | None:
    """Digest of a published table's values, in key order; None for a table of run facts.

    Columns of run facts (``digest: false`` in their YAML) are left out. A column is written with its name and
    type, so that a renamed column is a change of content.
    """
    if not model["config"]["meta"].get("digest", True):
        return None
    columns = [column for column in model["columns"].values() if column["config"]["meta"].get("digest", True)]
    names = sorted(column["name"] for column in columns)
    written = ", ".join(f"""coalesce(replace("{name}"::varchar, chr(31), ''), chr(30))""" for name in names)
    order = ", ".join(f'"{name}"' for name in primary_key(model))
    rows = f"sha256(concat_ws(chr(31), {written}))"
    table = f'{MARTS}."{model["name"]}"'
    row = connection.execute(f"select string_agg({rows}, '' order by {order}) from {table}").fetchone()
    assert row is not None
    digest = hashlib.sha256(repr([(name, model["columns"][name]["data_type"]) for name in names]).encode())
    digest.update((row[0] or "").encode())
    return digest.hexdigest()
