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
from tests.drills.tally import Tally
from tests.richer import RicherStage

HOW_MANY = os.environ.get("BILAN_MUTANTS", "20")
SEED = int(os.environ.get("BILAN_SEED", "2021"))
# Nine in ten is asked of the whole drill. A draw of twenty says too little to be held to it: it only tells a collapse.
TO_KILL = 0.9 if HOW_MANY == "all" else 0.8


@pytest.fixture(scope="module")
def bench(richer_stage: RicherStage) -> Bench:
    return Bench(richer_stage)


def test_nothing_is_noticed_without_a_mistake(bench: Bench) -> None:
    assert not bench.noticed_at_rest()
    assert not [test["name"] for test in manifest()["unit_tests"].values() if not bench.passes(test)]


@pytest.mark.slow
@pytest.mark.drill("Erreurs glissées dans nos modèles SQL", "neuf sur dix au moins sont remarquées par un contrôle")
def test_mutants_are_noticed(bench: Bench, tally: Tally) -> None:
    born = [mutant for model in bench.models_by_name for mutant in mutants(model, bench.sql_of(model))]
    tried: list[Mutant] = born if HOW_MANY == "all" else random.Random(SEED).sample(born, int(HOW_MANY))
    fates = [fate for fate in map(bench.fate_of, tried) if not fate.stillborn]
    for fate in fates:
        with tally.trial(fate.mutant.title):
            assert fate.killed, "survives" if fate.changed else "survives, changing no table"
    assert len(fates) > 0.8 * len(tried)
    tally.settle(TO_KILL)
