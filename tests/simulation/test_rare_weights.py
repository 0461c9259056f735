"""Certificates hold where a few pairs stand for many requests each, and for all losses (V2)."""

import logging

import pytest

from tierwatch.evaluation.simulation.rare_weights import (
    CELLS,
    JOINT_CELLS,
    RareWeights,
    wrong_joint,
    wrong_thresholds,
)

pytestmark = pytest.mark.slow

measured = logging.getLogger(__name__)

RUNS = 400


@pytest.mark.parametrize("cell", CELLS, ids=str)
def test_a_threshold_is_certified_wrongly_in_at_most_delta_of_runs(cell: RareWeights) -> None:
    declared = wrong_thresholds(1, cell, runs=RUNS)
    drawn_alone = wrong_thresholds(1, cell, runs=RUNS, declared=False)
    measured.info("%s: %d of %d wrong, %d undeclared", cell, declared, RUNS, drawn_alone)
    assert declared <= 0.05 * RUNS
    # The recipe bites: without the declared cap it is what the report found.
    assert drawn_alone > 0.05 * RUNS


@pytest.mark.parametrize("cell", JOINT_CELLS, ids=str)
def test_the_joint_bound_is_wrong_in_at_most_delta_of_runs(cell: RareWeights) -> None:
    declared = wrong_joint(1, cell, runs=RUNS)
    drawn_alone = wrong_joint(1, cell, runs=RUNS, declared=False)
    measured.info("%s: %d of %d wrong, %d undeclared", cell, declared, RUNS, drawn_alone)
    assert declared <= 0.05 * RUNS
    assert drawn_alone > 0.05 * RUNS
