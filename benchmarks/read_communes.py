"""Time the reader of CNAF commune files beside plain DuckDB, which reads the same columns, typed, into a table.

    python benchmarks/read_communes.py --rows 5000000 --rounds 5

The file is made with DuckDB in a temporary folder, in the layout of data.caf.fr: the lines are shared evenly among
months of some 35,000 communes, 360 of them in Corsica; a seeded hash gives the households and euros of each, which
change a little from month to month. The two are timed in turn, so that what else the machine does weighs on both; each
measurement is a process by itself. Both work under the same memory limit; `--plain-memory` lifts it for plain DuckDB,
which then keeps in memory what the reader may have to put on disk.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

from dagster_project.readers.cells import Reading
from dagster_project.readers.cnaf.benefits import read_communes

COMMUNES, CORSICA, SEED = 35_000, 360, 20
MEMORY = "1250MB"
TYPES = {
    "dtreffre": "varchar",
    "numcomdo": "varchar",
    "nomcom": "varchar",
    "indfoy_rsa": "bigint",
    "indmtt_rsa": "bigint",
    "indfoy_ppa": "bigint",
    "indmtt_ppa": "bigint",
}


def generate(path: Path, rows: int) -> None:
    months = max(1, round(rows / COMMUNES))
    with duckdb.connect() as connection:
        connection.execute(
            f"""
            copy (
                with placed as (
                    select range * {months} // {rows} as month,
                        range - (month * {rows} + {months - 1}) // {months} as place, hash(place + {SEED}) as chance
                    from range({rows})
                ),
                counted as (
                    select *, 5 * (chance % 400 + month % 7) as rsa, 5 * (chance // 1000 % 800 + month % 5) as ppa
                    from placed
                )
                select concat(1900 + month // 12, '-', lpad(cast(month % 12 + 1 as varchar), 2, '0')) as dtreffre,
                    case when place < {CORSICA} then concat('2A', lpad(cast(place as varchar), 3, '0'))
                        else lpad(cast(1000 + (place - {CORSICA}) * 2 as varchar), 5, '0') end as numcomdo,
                    concat('COMMUNE ', place) as nomcom, rsa as indfoy_rsa,
                    rsa // 5 * 100 * (24 + chance // 7 % 4) as indmtt_rsa, ppa as indfoy_ppa,
                    ppa // 5 * 100 * (8 + chance // 11 % 3) as indmtt_ppa
                from counted
            ) to '{path}' (delimiter ';', header)
            """
        )


def connect(folder: str, memory: str) -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    connection.execute(f"set temp_directory = '{folder}/spill'")
    connection.execute(f"set memory_limit = '{memory}'")
    return connection


def read_plainly(path: Path, connection: duckdb.DuckDBPyConnection) -> int:
    connection.execute(
        f"create temp table communes as from read_csv('{path}', columns = {TYPES}, header = true, delim = ';', "
        "quote = '\"', escape = '\"')"
    )
    return rows_of(connection, "communes")


def read_with_reader(path: Path, connection: duckdb.DuckDBPyConnection) -> int:
    reading = Reading(connection, path.name)
    read_communes(path, reading)
    assert not reading.rejects and not reading.flags, (reading.rejects + reading.flags)[0].message
    return rows_of(connection, "reading_wide")


def rows_of(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])


def measure(who: str, path: Path, memory: str) -> None:
    """Run in a child process: one reading, and what it took."""
    read = {"plain": read_plainly, "reader": read_with_reader}[who]
    connection = connect(str(path.parent), memory)
    before = resource.getrusage(resource.RUSAGE_SELF)
    started = time.perf_counter()
    rows = read(path, connection)
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(json.dumps({"rows": rows, "wall": wall, "cpu": cpu, "memory": after.ru_maxrss / 1024}))


def compare(rows: int, rounds: int, plain_memory: str) -> None:
    with tempfile.TemporaryDirectory(prefix="communes-") as folder:
        path = Path(folder) / "s_ben_com_f.csv"
        generate(path, rows)
        print(f"{rows:,} lines, {path.stat().st_size / 1e6:,.0f} MB, seed {SEED}")
        taken: dict[str, list[dict[str, float]]] = {"plain": [], "reader": []}
        for number in range(rounds):
            for who in ("plain", "reader") if number % 2 == 0 else ("reader", "plain"):
                limit = plain_memory if who == "plain" else MEMORY
                child = subprocess.run(
                    [sys.executable, __file__, "--measure", who, "--file", str(path), "--plain-memory", limit],
                    check=True, capture_output=True, text=True,
                )  # fmt: skip
                one = json.loads(child.stdout)
                assert one["rows"] == rows, (who, one["rows"])
                taken[who].append(one)
                print(f"  {who:6} wall {one['wall']:6.2f} s  cpu {one['cpu']:6.2f} s  peak {one['memory']:5.0f} MB")
    for kind in ("wall", "cpu"):
        middle = {who: statistics.median(one[kind] for one in all_) for who, all_ in taken.items()}
        ratio = middle["reader"] / middle["plain"]
        print(f"{kind}: plain {middle['plain']:.2f} s, reader {middle['reader']:.2f} s, ratio {ratio:.2f} (medians)")
    print(f"peak memory of the reader: {max(one['memory'] for one in taken['reader']):.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--plain-memory", default=MEMORY)
    parser.add_argument("--measure", choices=("plain", "reader"), help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        measure(arguments.measure, arguments.file, arguments.plain_memory)
    else:
        compare(arguments.rows, arguments.rounds, arguments.plain_memory)


if __name__ == "__main__":
    main()
