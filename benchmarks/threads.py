"""The same release whatever the number of threads: `make bench-threads SIZE=S`.

The same national inputs are refreshed from nothing with 1, 2 and 4 threads (`BILAN_THREADS`). Every table must have
the same content digest, and every Parquet and CSV file of one the same bytes, or the run fails.
"""

import argparse
import json
from pathlib import Path

from benchmarks.bench import refresh, scratch_folder
from benchmarks.national import SIZES, generate
from dagster_project.release.diff.kept import digests_of
from dagster_project.release.proof import DATABASE, MANIFEST

THREADS = (1, 2, 4)


def published(warehouse: Path) -> dict[str, str]:
    """What is to be the same in the release served: digests of tables, and of their files; not those of run facts."""
    folder = (warehouse / DATABASE).resolve().parent
    manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    digests = {name: digest for name, digest in digests_of(folder).items() if digest}
    files = {name: digest for name, digest in manifest["files"].items() if Path(name).stem in digests}
    return digests | files


def compare(size: str, folder: Path) -> None:
    """Refresh with each number of threads; say what each took and whether all made the same."""
    generate(folder / "raw", SIZES[size])
    made: dict[int, dict[str, str]] = {}
    for threads in THREADS:
        warehouse = folder / str(threads)
        taken = refresh(folder / "raw", warehouse, BILAN_THREADS=str(threads))
        print(f"  {threads} threads  {taken}", flush=True)
        made[threads] = published(warehouse)
    first = made[THREADS[0]]
    for threads, found in made.items():
        if apart := sorted(name for name in first.keys() | found.keys() if first.get(name) != found.get(name)):
            raise SystemExit(f"{threads} threads made another release than {THREADS[0]}: {', '.join(apart)}")
    print(f"{len(first)} digests of tables and files, the same at {', '.join(map(str, THREADS))} threads")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="S")
    arguments = parser.parse_args()
    with scratch_folder() as folder:
        compare(arguments.size, folder)


if __name__ == "__main__":
    main()
