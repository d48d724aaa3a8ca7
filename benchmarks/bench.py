"""The pipeline beside the floor, on the same national inputs, in the same run: `make bench SIZE=S`.

Three do the same work in turn, in another order each round, each in a process of its own (the floor under a limit of
memory):

- bilan: a whole refresh into an empty warehouse (archive, door, history, tests, digests, release, exports, proof), all
  37 tables, without site and workbooks, whose cost does not depend on the size;
- floor: `floor.sql`, hand-written SQL in plain DuckDB, for the two tables that hold nearly all rows;
- pandas: `by_hand.py`, at XS, S and M; no history and no release.

Both tables of the floor must have the digests of the pipeline's, or the run fails. What is printed and kept in
``benchmarks/results/`` are seconds of wall and CPU (children included), the largest process, blocks read and written,
and the ratios of medians to the floor. CPU and ratios are what to compare from one machine to another.
"""

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from benchmarks.floor import KEYS
from benchmarks.national import SIZES, generate
from dagster_project.release.digest import content_digest

HOME = Path(__file__).parent
RESULTS = HOME / "results"
_WITH_PANDAS = ("XS", "S", "M")
_BLOCK = 512
_PHASE = re.compile(r"^ +(\d+\.\d\d) s  (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Taken:
    """What one run took: seconds, megabytes, and the seconds of each phase it tells of."""

    wall: float
    cpu: float
    memory: float
    read: float
    written: float
    phases: dict[str, float]

    def __str__(self) -> str:
        return (
            f"wall {self.wall:7.1f} s  cpu {self.cpu:7.1f} s  peak {self.memory:6.0f} MB  "
            f"read {self.read:6.0f} MB  written {self.written:6.0f} MB"
        )


def measure(command: Sequence[str | Path], **environment: str) -> Taken:
    """Run a command to its end; its children count with it."""
    with tempfile.TemporaryFile() as said:
        started = time.perf_counter()
        process = subprocess.Popen(
            list(map(str, command)), env={**os.environ, **environment}, stdout=said, stderr=said, cwd=HOME.parent
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        said.seek(0)
        words = said.read().decode(errors="replace")
        if status:
            raise SystemExit(words)
    return Taken(
        wall,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss / 1024,
        used.ru_inblock * _BLOCK / 1e6,
        used.ru_oublock * _BLOCK / 1e6,
        {phase: float(seconds) for seconds, phase in _PHASE.findall(words)},
    )


def refresh(raw: Path, warehouse: Path, **environment: str) -> Taken:
    """A refresh as people run it, without site and workbooks."""
    places = {"BILAN_RAW": str(raw), "BILAN_WAREHOUSE": str(warehouse), "BILAN_PAGES": "0"}
    return measure([Path(sys.executable).with_name("bilan"), "refresh", "--timings"], **places, **environment)


def run(who: str, folder: Path, memory: str) -> Taken:
    """One of the three, from nothing, into a folder of its own."""
    raw, out = folder / "raw", folder / who
    if out.exists():
        subprocess.run(["chmod", "-R", "u+w", out], check=True)  # a release is closed to writing
        shutil.rmtree(out)
    if who == "bilan":
        out.mkdir()
        return refresh(raw, out)
    script = {"floor": "benchmarks.floor", "pandas": "benchmarks.by_hand"}[who]
    return measure([sys.executable, "-m", script, raw, out, *([memory] if who == "floor" else [])])


def same_tables(folder: Path) -> int:
    """Prove that the floor made the pipeline's tables, and count their rows."""
    rows = 0
    with duckdb.connect() as connection:
        for name, database in (
            ("bilan", folder / "bilan" / "bilan.duckdb"),
            ("floor", folder / "floor" / "bilan.duckdb"),
        ):
            connection.execute(f"attach '{database.resolve()}' as {name} (read_only)")
        for table in KEYS:
            columns = dict(
                connection.execute(
                    "select column_name, data_type from duckdb_columns() "
                    "where database_name = 'bilan' and table_name = ?",
                    [table],
                ).fetchall()
            )
            one, other = (content_digest(connection, f"{name}.marts.{table}", columns) for name in ("bilan", "floor"))
            if one != other:
                raise SystemExit(f"{table}: the floor made other values than the pipeline")
            rows += connection.execute(f"select count(*) from bilan.marts.{table}").fetchall()[0][0]
    return rows


def machine() -> dict[str, object]:
    """What the figures were measured on."""
    cpus = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = next((line.split(":")[1].strip() for line in cpus.splitlines() if line.startswith("model name")), "unknown")
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory),
        "python": platform.python_version(),
        "duckdb": duckdb.__version__,
        "load_before": os.getloadavg()[0],
    }


def compare(size: str, rounds: int, memory: str, folder: Path) -> dict[str, object]:
    """Every contender in turn, and what each took."""
    about = machine()
    generate(folder / "raw", SIZES[size])
    inputs = sum(path.stat().st_size for path in (folder / "raw").rglob("*.csv")) / 1e6
    contenders = ["floor", "bilan", *(["pandas"] if size in _WITH_PANDAS else [])]
    print(f"size {size}: {inputs:,.0f} MB of CSV, {rounds} rounds, {memory} of memory for the floor")
    taken: dict[str, list[Taken]] = {who: [] for who in contenders}
    for number in range(rounds):
        for who in contenders if number % 2 == 0 else reversed(contenders):
            one = run(who, folder, memory)
            taken[who].append(one)
            print(f"  {who:6} {one}", flush=True)
    rows = same_tables(folder)
    ratios = {
        who: {
            kind: round(
                statistics.median(getattr(one, kind) for one in taken[who])
                / statistics.median(getattr(one, kind) for one in taken["floor"]),
                2,
            )
            for kind in ("wall", "cpu", "memory")
        }
        for who in contenders
        if who != "floor"
    }
    print(f"{rows:,} rows in the two tables, the same in both")
    for who, ratio in ratios.items():
        print(f"{who}: " + ", ".join(f"{kind} x {value}" for kind, value in ratio.items()) + " the floor (medians)")
    return {
        "size": size,
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "machine": about,
        "inputs_mb": round(inputs),
        "rows": rows,
        "runs": {who: [asdict(one) for one in all_] for who, all_ in taken.items()},
        "ratios": ratios,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--keep", action="store_true", help="keep the result in benchmarks/results/")
    arguments = parser.parse_args()
    with scratch_folder() as folder:
        result = compare(arguments.size, arguments.rounds, arguments.memory, folder)
    if arguments.keep:
        keep(result)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A folder for inputs and warehouses, removed with the releases in it, which are closed to writing."""
    with tempfile.TemporaryDirectory(prefix="national-") as folder:
        try:
            yield Path(folder)
        finally:
            subprocess.run(["chmod", "-R", "u+w", folder], check=True)


def keep(result: dict[str, object]) -> None:
    """Write a result into the history."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{result['measured_at']}-{result['size']}.json".replace(":", "")
    path.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(f"kept in {path.relative_to(HOME.parent)}")


if __name__ == "__main__":
    main()
