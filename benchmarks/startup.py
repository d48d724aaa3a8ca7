"""Where the seconds of `bilan refresh` go before the first row is read, beside the same work done minimally.

    python benchmarks/startup.py --rounds 5

Each step is a process by itself, timed in turn with the others, so that what else the machine does weighs on all. CPU
seconds (user and system) and their ratio to `import duckdb`, which a refresh cannot do without; medians. Run it twice:
the first run compiles and warms the disk's cache. The last lines are a whole refresh of a copy of raw/, forced, without
pages, and an unchanged one.
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from dagster_project.history import environment
from dagster_project.settings import PROJECT, Settings

_COMMAND = "import sys; sys.argv = ['bilan', {!r}]; from dagster_project.cli import main; main()"
STEPS = {
    "python": "pass",
    "import duckdb": "import duckdb",
    "import pandas": "import pandas",
    "import dagster": "import dagster",
    "import dbt (runner, DuckDB, build)": "import dbt.cli.main, dbt.adapters.duckdb, dbt.task.build",
    "import great_expectations": "import great_expectations",
    "the door: keeper and suites": "import dagster_project.quality.keeper",
    "dbt manifest, parsed before": "from dagster_project import dbt; dbt.warm_up(); dbt.manifest()",
    "definitions": "from dagster_project.definitions import build_definitions as b; b().resolve_job_def('refresh')",
    "history opened": (
        "from dagster_project.history import history; from dagster_project.settings import load_settings as l\n"
        "with history(l()): pass"
    ),
    "bilan --help": _COMMAND.format("--help"),
    "bilan status": _COMMAND.format("status"),
    "bilan refresh, unchanged": _COMMAND.format("refresh"),
}
WHOLE = "bilan refresh, forced"


def cpu_of(command: list[str], settings: Settings) -> float:
    """CPU seconds of a process and its children."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(
        command, cwd=PROJECT, env={**environment(settings), "BILAN_PAGES": "0"}, check=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    bilan = str(Path(sys.executable).with_name("bilan"))
    with tempfile.TemporaryDirectory(prefix="startup-") as folder:
        settings = Settings(PROJECT / "raw", Path(folder) / "warehouse")
        cpu_of([bilan, "refresh"], settings)
        taken: dict[str, list[float]] = {name: [] for name in [*STEPS, WHOLE]}
        for _ in range(rounds):
            for name, code in STEPS.items():
                taken[name].append(cpu_of([sys.executable, "-c", code], settings))
            taken[WHOLE].append(cpu_of([bilan, "refresh", "--republish"], settings))
        subprocess.run(["chmod", "-R", "u+w", folder], check=True)
    middle = {name: statistics.median(all_) for name, all_ in taken.items()}
    print(f"{rounds} rounds, load {os.getloadavg()[0]:.1f}")
    print(f"{'':40} {'CPU s':>7} {'x duckdb':>9} {'of a refresh':>13}")
    for name, seconds in middle.items():
        ratio, share = seconds / middle["import duckdb"], seconds / middle[WHOLE]
        print(f"{name:40} {seconds:7.2f} {ratio:9.1f} {share:12.0%}")


if __name__ == "__main__":
    main()
