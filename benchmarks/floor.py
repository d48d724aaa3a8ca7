"""The floor: the communes of `national.py` made into the same two tables by hand-written SQL, in plain DuckDB.

    python benchmarks/floor.py national/raw national/floor

Writes ``bilan.duckdb`` (tables in key order, with their keys where the pipeline gives one) and a Parquet file a table.
The SQL is in `floor.sql`; `bench.py` proves, at each run, that both tables have the digests of the pipeline's.
"""

import sys
from pathlib import Path
from string import Template

import duckdb
import yaml

from dagster_project.catalogue import SIDECAR
from dagster_project.release.tables import LONGEST_INDEX

SEEDS = Path(__file__).parent.parent / "dbt" / "seeds"
STORAGE_VERSION = "v1.0.0"
KEYS = {
    "observation_history": (
        "dataset, indicator_code, territory_level, territory_code, period_code, population_group, known_from"
    ),
    "commune_value": "dataset, indicator_code, territory_code, period_code, population_group",
}


def build(raw: Path, out: Path, memory: str) -> None:
    """Write the two tables of a raw folder into an empty folder."""
    editions = [
        (str(file), f"cnaf/benefits_commune/{sidecar.parent.name}", content["published"]["on"], "[SD]" in file.name)
        for sidecar in sorted(raw.glob(f"cnaf/benefits_commune/*/{SIDECAR}"))
        for content in [yaml.safe_load(sidecar.read_text(encoding="utf-8"))]
        for file in sorted(sidecar.parent.glob("*.csv"))
    ]
    with Path(editions[0][0]).open(encoding="utf-8") as file:
        measures = file.readline().strip().split(";")[3:]
    out.mkdir(parents=True)
    sql = Template((Path(__file__).parent / "floor.sql").read_text(encoding="utf-8")).substitute(
        seeds=SEEDS,
        raw=raw,
        # A bracket would be read as a pattern of names.
        files=", ".join("'" + path.replace("[", "[[]") + "'" for path, *_ in editions),
        editions=", ".join(f"('{path}', '{name}', date '{day}', {sd})" for path, name, day, sd in editions),
        measures=", ".join(measures),
        history_key=KEYS["observation_history"],
        commune_key=KEYS["commune_value"],
    )
    with duckdb.connect(config={"memory_limit": memory, "temp_directory": str(out / "spill")}) as connection:
        connection.execute(f"attach '{out / 'bilan.duckdb'}' as release (storage_version '{STORAGE_VERSION}')")
        connection.execute("create schema release.marts")
        connection.execute(sql)
        for table, key in KEYS.items():
            rows = connection.execute(f"select count(*) from release.marts.{table}").fetchall()[0][0]
            if rows <= LONGEST_INDEX:
                connection.execute(f"alter table release.marts.{table} add primary key ({key})")
            connection.execute(f"copy (from release.marts.{table} order by {key}) to '{out / table}.parquet'")


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] if len(sys.argv) > 3 else "4GB")
