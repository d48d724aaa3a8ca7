"""A client of the warehouse: two readers in one process, which share what DuckDB keeps of a file between connections.

One keeps each connection for a while, as a pool does; the other opens a new one for each reading.
"""

import json
import random
import time
from dataclasses import asdict, dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from threading import Thread

import duckdb

# The release, and a figure of each of two tables, in one statement.
READING = """
    select
        (select release_id from marts.release),
        (select sum(amount_eur)::bigint from marts.budget_line),
        (select sum(beneficiaries)::bigint from marts.beneficiaries)
"""
_KEPT_FOR = {"fresh": 1, "pooled": 20}


@dataclass
class Heard:
    """What a reader saw: its readings; for each connection, the release served before and the one it opened."""

    kind: str
    readings: list[list[str | int]] = field(default_factory=list)
    openings: list[list[str]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


def read(served: str, seed: str, pause_s: float, over: Event, log: str) -> None:
    """Read with both readers until told to stop, then write down what they heard."""
    heard = [Heard(kind) for kind in _KEPT_FOR]
    readers = [Thread(target=_read, args=(served, one, random.Random(seed + one.kind), pause_s, over)) for one in heard]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    Path(log).write_text(json.dumps([asdict(one) for one in heard]), encoding="utf-8")


def _read(served: str, heard: Heard, chance: random.Random, pause_s: float, over: Event) -> None:
    """Nothing is tried twice: an error is an error."""
    while not over.is_set():
        serving = Path(served).readlink().parent.name
        try:
            with duckdb.connect(served, read_only=True) as connection:
                for turn in range(_KEPT_FOR[heard.kind]):
                    reading = list(connection.execute(READING).fetchall()[0])
                    if reading not in heard.readings:
                        heard.readings.append(reading)
                    if turn == 0:
                        heard.openings.append([serving, reading[0]])
                    time.sleep(chance.uniform(0, pause_s))
        except Exception as error:
            heard.errors.append(f"{serving}: {error}")
