import numpy as np
import pytest

from tierwatch.evaluation.simulation.rare_weights import (
    ALPHA,
    CELLS,
    JOINT_CELLS,
    RareWeights,
    wrong_joint,
    wrong_thresholds,
)


@pytest.mark.parametrize("cell", CELLS + JOINT_CELLS, ids=str)
def test_every_cell_is_just_above_what_is_allowed(cell: RareWeights) -> None:
    heavy = cell.share * cell.heavy
    rate = heavy * cell.loss / (heavy + 1 - cell.share)
    assert ALPHA < rate <= 1.02 * ALPHA
    assert cell.loss < 1


def test_the_declared_weight_keeps_a_run_from_a_wrong_certificate() -> None:
    cell = RareWeights(200, 0.01, 20)
    assert wrong_thresholds(3, cell, runs=30) == 0
    assert wrong_thresholds(3, cell, runs=30, declared=False) > 0


def test_so_it_does_for_all_tiers_together() -> None:
    cell = JOINT_CELLS[0]
    assert wrong_joint(3, cell, runs=30) == 0
    assert wrong_joint(3, cell, runs=30, declared=False) > 0


def test_the_same_seed_gives_the_same_runs() -> None:
    cell = RareWeights(200, 0.01, 10)
    found = {wrong_thresholds(5, cell, runs=20, declared=False) for _ in range(2)}
    assert len(found) == 1
    assert np.isfinite(cell.loss)
