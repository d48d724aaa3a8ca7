"""What must be true between the figures of one row of a Filosofi file: definitions, and what is believable.

A definition that is broken is refused; a figure hardly believable is flagged. Bounds are wider than anything in the
files of 2013 to 2021, at every level, and narrower than an error of a factor of ten.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from dagster_project.readers.insee.filosofi_columns import GROUPS

# Levels where each territory is large, and rates have a decimal.
LARGE = "level in ('country', 'region', 'departement')"
_CHAIN = ("D1", "D2", "Q1", "D3", "D4", "Q2", "D6", "D7", "Q3", "D8", "D9")
_SHARES = ("PACT", "PTSAC", "PTSA", "PCHO", "PBEN", "PPEN", "PPAT", "PPSOC", "PPFAM", "PPMINI", "PPLOGT")
_SUMS = (
    ("100", ("PACT", "PPEN", "PPAT", "PPSOC", "PIMPOT")),
    ("100", ("PTSAC", "PBEN", "PPEN", "PPAT", "PPSOC", "PIMPOT")),
    ("PACT", ("PTSA", "PCHO", "PBEN")),
    ("PPSOC", ("PPFAM", "PPMINI", "PPLOGT")),
)
_PARTITIONS = {"AGE": 6, "TME": 5, "TOL": 2, "TYM": 6, "OPR": 6}
# The rate of a subgroup over the rate of all, in large territories: at most 2.1 in 2013 and 2021, but for these.
_HIGHEST_OVER_ALL = {"TLD": 5, "OPR": 9}
# Columns whose median over the rows is larger than that of another, in every file from 2013 to 2021.
ORDERS = (
    ("PTSA", "PBEN"), ("PTSA", "PCHO"), ("PBEN", "PCHO"), ("PPEN", "PPAT"), ("PPMINI", "PPLOGT"),
    ("NBPERS", "NBUC"), ("NBUC", "NBMEN"),
)  # fmt: skip
ORDERS_OF_RATES = (
    ("AGE1", "AGE2"), ("AGE1", "AGE3"), ("AGE2", "AGE4"), ("AGE3", "AGE4"), ("AGE4", "AGE5"), ("TME1", "TME2"),
    ("TOL2", "TOL1"), ("TLD2", "TLD3"), ("TYM4", "TYM3"), ("TYM5", "TYM4"), ("OPR2", "OPR3"), ("OPR3", "OPR1"),
    ("OPR6", "OPR3"),
)  # fmt: skip


@dataclass(frozen=True)
class Rule:
    """What holds between the ``keys`` of a row, in SQL (a blank breaks nothing), and the key to blame, in SQL."""

    keys: tuple[str, ...]
    holds: str
    culprit: str
    expected: str
    name: str
    certain: bool = False


def rules(keys: tuple[str, ...]) -> Iterator[Rule]:
    """The rules that these columns can be held to."""
    for rule in (
        *_quantiles(keys),
        *_sizes(keys),
        *_shares(),
        *_spread(),
        *_rates(keys),
    ):
        if all(key in keys for key in rule.keys):
            yield rule


def _quantiles(keys: tuple[str, ...]) -> Iterator[Rule]:
    chain = tuple(key for key in _CHAIN if key in keys)
    yield _ordered(chain, "des quantiles croissants : D1 ≤ D2 ≤ Q1 ≤ … ≤ D9", "ordre des quantiles")
    for group in ("", *GROUPS):
        rates = tuple(group + rate for rate in ("TP40", "TP50", "TP60"))
        yield _ordered(rates, "un taux qui croît avec le seuil : 40 %, 50 %, 60 %", "ordre des seuils")
    yield Rule(
        ("Q1", "Q3", "Q3_Q1"), "abs(Q3_Q1 - (Q3 - Q1)) <= 15", "'Q3_Q1'",
        "l'écart entre Q3 et Q1 de la même ligne", "écart interquartile", certain=True,
    )  # fmt: skip
    yield Rule(
        ("D1", "Q2", "D9", "RD"), "abs(RD - D9 / D1) <= 0.06",
        "case when D9 / Q2 not between 1.2 and 5 then 'D9' when Q2 / D1 not between 1.2 and 6 then 'D1' else 'RD' end",
        "RD égal à D9 / D1 de la même ligne", "rapport interdécile", certain=True,
    )  # fmt: skip
    for key, low, high in (("Q2", 7000, 90_000), ("D1", 2500, 40_000), ("D9", 12_000, 300_000)):
        yield _between(key, low, high, "par an et par unité de consommation, en euros")


def _ordered(chain: tuple[str, ...], expected: str, name: str) -> Rule:
    """Increasing figures; to blame is the one out of order with most others, then the farthest from their middle."""
    holds = " and ".join(f"coalesce({low} <= {high}, true)" for low, high in _pairs(chain)) or "true"
    middle = f"greatest(list_median([{', '.join(chain)}]), 0.1)"
    scores = {
        key: " + ".join(
            [
                *(f"coalesce(({low} > {high})::int, 0)" for low, high in _pairs(chain) if key in (low, high)),
                f"coalesce(abs(ln(greatest({key}, 0.1) / {middle})), 0) / 100",
            ]
        )
        for key in chain
    }
    listed = ", ".join(f"{{'score': {score}, 'key': '{key}'}}" for key, score in scores.items())
    culprit = f"(list_sort([{listed}], 'DESC'))[1].key" if chain else "''"
    return Rule(chain or ("D1",), holds, culprit, expected, name, certain=True)


def _pairs(chain: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for index, low in enumerate(chain):
        for high in chain[index + 1 :]:
            yield low, high


def _between(key: str, low: float, high: float, unit: str, where: str = "") -> Rule:
    holds = f"({key} between {low} and {high}" + (f" or not ({where}))" if where else ")")
    return Rule((key,), holds, f"'{key}'", f"entre {low} et {high} {unit}".strip(), "ordre de grandeur")


def _sizes(keys: tuple[str, ...]) -> Iterator[Rule]:
    expected = "entre 1 et 5 personnes par ménage, et un nombre d'unités de consommation entre ménages et personnes"
    if "NBUC" not in keys:
        yield Rule(
            ("NBMEN", "NBPERS"), "NBPERS / NBMEN between 1 and 5", "'NBPERS'", expected, "taille des ménages",
            certain=True,
        )  # fmt: skip
        return
    persons, units, size = (
        "NBPERS / NBMEN between 1 and 5", "NBPERS / NBUC between 1 and 2.2", "NBUC / NBMEN between 1 and 3"
    )  # fmt: skip
    yield Rule(
        ("NBMEN", "NBPERS", "NBUC"),
        f"{persons} and {units} and {size}",
        f"case when not ({units}) and not ({size}) then 'NBUC' when not ({persons}) and not ({size}) then 'NBMEN' "
        f"when not ({size}) then 'NBUC' else 'NBPERS' end",
        expected, "taille des ménages", certain=True,
    )  # fmt: skip


def _shares() -> Iterator[Rule]:
    for total, parts in _SUMS:
        excess = f"({' + '.join(parts)} - {total})"
        # A share ten times too large exceeds by nine tenths of itself; ten times too small lacks nine times itself.
        tenfold = " ".join(
            f"when abs({excess} - 0.9 * {part}) < 0.3 or abs({excess} + 9 * {part}) < 0.9 then '{part}'"
            for part in parts
        )
        fallback = parts[0] if total == "100" else total
        label = "100 (impôts négatifs compris)" if total == "100" else total
        yield Rule(
            parts if total == "100" else (total, *parts), f"abs({excess}) <= 0.25",
            f"case {tenfold} else '{fallback}' end", f"{' + '.join(parts)} = {label}, à l'arrondi près",
            "composition du revenu", certain=True,
        )  # fmt: skip
    for share in _SHARES:
        yield _between(share, -20, 120, "% du revenu disponible")
    yield _between("PIMPOT", -70, 0, "% du revenu disponible")


def _spread() -> Iterator[Rule]:
    yield _between("RD", 1.3, 20, "")
    yield _between("GI", 0.1, 0.7, "")
    yield _between("S80S20", 1.2, 40, "")
    yield Rule(
        ("RD", "S80S20"), "S80S20 / RD between 0.9 and 4", "'S80S20'", "une à quatre fois RD", "rapport S80/S20"
    )  # fmt: skip


def _rates(keys: tuple[str, ...]) -> Iterator[Rule]:
    rates = [key for key in keys if key.endswith(("TP40", "TP50", "TP60"))]
    for key in (*rates, "PIMP"):
        yield Rule(
            (key,), f"{key} between 0 and 100", f"'{key}'", "un taux entre 0 et 100 %", "taux", certain=True
        )  # fmt: skip
    yield _between("PIMP", 15, 100, "% en département, région ou France", LARGE)
    for group in ("", *GROUPS):
        low, middle, high = (group + rate for rate in ("TP40", "TP50", "TP60"))
        yield Rule(
            (middle, high), f"{high} / {middle} <= 4", f"'{high}'", "au plus quatre fois le taux à 50 %", "seuils"
        )  # fmt: skip
        yield Rule(
            (low, middle), f"{middle} / {low} <= 4", f"'{middle}'", "au plus quatre fois le taux à 40 %", "seuils"
        )  # fmt: skip
        yield _between(f"{group}TP60IP", 0.05, 0.65, "")
        yield _between(f"{group}TP60Q2", 3000, 20_000, "euros par an")
        if group:
            highest = _HIGHEST_OVER_ALL.get(group[:3], 3.2)
            yield Rule(
                ("TP60", high), f"{high} / TP60 between 0.12 and {highest} or not ({LARGE})", f"'{high}'",
                f"au plus {highest} fois le taux de l'ensemble", "taux d'un sous-groupe",
            )  # fmt: skip
    for partition, size in _PARTITIONS.items():
        for rate in ("TP40", "TP50", "TP60"):
            yield _within_parts(rate, tuple(f"{partition}{n}{rate}" for n in range(1, size + 1)))


def _within_parts(rate: str, parts: tuple[str, ...]) -> Rule:
    """The rate of all is a mean of those of its parts, where all are published; small territories round to units."""
    slack = f"case when {LARGE} then 0.11 else 1.01 end"
    listed = ", ".join(parts)
    return Rule(
        (rate, *parts),
        f"{' + '.join(parts)} is null or {rate} between least({listed}) - {slack} and greatest({listed}) + {slack}",
        f"'{rate}'", f"entre le plus petit et le plus grand de {listed}", "taux de l'ensemble", certain=True,
    )  # fmt: skip
