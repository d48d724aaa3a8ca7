"""What one more month costs: `make bench-month SIZE=S`.

Refreshes in a row, without site and workbooks: everything into an empty warehouse; again with nothing changed; one more
month of communes; and everything with that month, into another empty warehouse, whose tables must have the same content
digests. A refresh of an archive without communes tells what any run costs. CPU, and the wall of the phases from the
door to the marts, are what to compare; the release is written whole each time.
"""

import argparse
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.bench import Taken, keep, machine, refresh, scratch_folder
from benchmarks.national import SIZES, add_month, generate
from dagster_project.release.diff.kept import digests_of
from dagster_project.release.proof import DATABASE

_AFTER_THE_MARTS = ("publication", "chargement de Dagster et de dbt, événements", "en tout")


def to_the_marts(taken: Taken) -> float:
    """Seconds from the door to the marts."""
    return sum(seconds for phase, seconds in taken.phases.items() if phase not in _AFTER_THE_MARTS)


def digests(warehouse: Path) -> dict[str, str | None]:
    """The content digest of every table of the release served; none for those of the run itself."""
    return digests_of((warehouse / DATABASE).resolve().parent)


def compare(size: str, folder: Path) -> dict[str, object]:
    """The five runs, and what each took."""
    about = machine()
    raw, warehouse, other = folder / "raw", folder / "warehouse", folder / "other"
    generate(folder / "none" / "raw", SIZES["none"])
    generate(raw, SIZES[size])
    taken = {"without communes": refresh(folder / "none" / "raw", folder / "none" / "warehouse")}
    taken["everything"] = refresh(raw, warehouse)
    taken["nothing new"] = refresh(raw, warehouse)
    add_month(raw, SIZES[size])
    taken["one more month"] = refresh(raw, warehouse)
    taken["everything again"] = refresh(raw, other)
    if digests(warehouse) != digests(other):
        raise SystemExit("one more month gave other tables than everything from nothing")
    for name, one in taken.items():
        print(f"  {name:17} {one}  to the marts {to_the_marts(one):6.1f} s")
    none, month, whole = taken["without communes"], taken["one more month"], taken["everything again"]
    ratios = {
        "cpu": month.cpu / whole.cpu,
        "wall": month.wall / whole.wall,
        "to the marts, beyond a run without data": (to_the_marts(month) - to_the_marts(none))
        / (to_the_marts(whole) - to_the_marts(none)),
    }
    print("same digests; one more month over everything: " + ", ".join(f"{name} {r:.2f}" for name, r in ratios.items()))
    return {
        "size": f"{size}-month",
        "measured_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%MZ}",
        "machine": about,
        "runs": {name: asdict(one) for name, one in taken.items()},
        "ratios": {name: round(ratio, 3) for name, ratio in ratios.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    parser.add_argument("--keep", action="store_true", help="keep the result in benchmarks/results/")
    arguments = parser.parse_args()
    with scratch_folder() as folder:
        result = compare(arguments.size, folder)
    if arguments.keep:
        keep(result)


if __name__ == "__main__":
    main()
