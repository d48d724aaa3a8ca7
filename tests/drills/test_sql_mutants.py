"""Mutants of our own models: each must be noticed by a contract, a data test, a unit test, the reconciliation or the
independent recomputation. A comparison with what the tables held before does not count: nobody checked that.

``BILAN_MUTANTS`` is how many are tried (``all``: every one), drawn with ``BILAN_SEED``.
"""

import os
import random

import pytest

from dagster_project.dbt import manifest
from tests.drills.sql_bench import Bench
from tests.drills.sql_mutations import Mutant, mutants
from tests.richer import RicherStage

HOW_MANY = os.environ.get("BILAN_MUTANTS", "20")
SEED = int(os.environ.get("BILAN_SEED", "2021"))
TO_KILL = 0.9


@pytest.fixture(scope="module")
def bench(richer_stage: RicherStage) -> Bench:
    return Bench(richer_stage)


def test_nothing_is_noticed_without_a_mistake(bench: Bench) -> None:
    assert not bench.noticed_at_rest()
    assert not [test["name"] for test in manifest()["unit_tests"].values() if not bench.passes(test)]


@pytest.mark.slow
def test_mutants_are_noticed(bench: Bench) -> None:
    born = [mutant for model in bench.models_by_name for mutant in mutants(model, bench.sql_of(model))]
    tried: list[Mutant] = born if HOW_MANY == "all" else random.Random(SEED).sample(born, int(HOW_MANY))
    fates = [fate for fate in map(bench.fate_of, tried) if not fate.stillborn]
    survivors = [fate for fate in fates if not fate.killed]
    print(f"{len(fates) - len(survivors)} of {len(fates)} killed (seed {SEED}, {len(born)} in all)")
    for fate in survivors:
        print(f"  survives{'' if fate.changed else ', changing no table'}: {fate.mutant.title}")
    assert len(fates) > 0.8 * len(tried)
    assert len(fates) - len(survivors) >= TO_KILL * len(fates)
