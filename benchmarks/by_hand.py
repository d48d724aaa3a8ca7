"""The same communes in pandas, as such scripts are written today: no history, no archive, no check.

    python benchmarks/by_hand.py national/raw national/by_hand

Only the newest edition of each month is kept; the result is one CSV, as would be sent by e-mail.
"""

import sys
from pathlib import Path

import pandas as pd

SEEDS = Path(__file__).parent.parent / "dbt" / "seeds"


def build(raw: Path, out: Path) -> None:
    """Read every file, put figures one under the other, keep the newest, name them, write a file."""
    files = sorted(raw.glob("cnaf/benefits_commune/*/*.csv"), key=lambda path: "[SD]" not in path.name)
    read = []
    for order, file in enumerate(files):
        wide = pd.read_csv(file, sep=";", dtype={"dtreffre": str, "numcomdo": str, "nomcom": str})
        long = wide.melt(["dtreffre", "numcomdo", "nomcom"], var_name="publisher_code", value_name="value").dropna()
        read.append(long.assign(order=order))
    cells = pd.concat(read)
    newest = cells.sort_values("order").drop_duplicates(["dtreffre", "numcomdo", "publisher_code"], keep="last")
    indicators = pd.read_csv(SEEDS / "indicators.csv", dtype=str)[
        ["indicator_code", "label_fr", "unit", "publisher_code"]
    ]
    communes = pd.read_csv(next(raw.glob("insee/cog/2024-communes/*.csv")), dtype=str)[["COM", "LIBELLE"]]
    named = newest.merge(indicators, on="publisher_code").merge(
        communes, left_on="numcomdo", right_on="COM", how="left"
    )
    out.mkdir(parents=True)
    named.sort_values(["indicator_code", "numcomdo", "dtreffre"]).to_csv(out / "communes.csv", sep=";", index=False)


if __name__ == "__main__":
    build(Path(sys.argv[1]), Path(sys.argv[2]))
