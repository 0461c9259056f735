"""A cheap judge stands first where anchors show that little is lost, and nowhere else."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.evaluation.calibration.first_judge import (
    ENOUGH_ANCHORS,
    MOST_LOST,
    FirstJudge,
    Weighed,
    weigh_first_judge,
)


def weigh(
    both: int, strong_only: int, together_only: int, neither: int = 0, *, stood: bool = False
) -> FirstJudge:
    counts = {(True, True): both, (True, False): strong_only, (False, True): together_only}
    counts[False, False] = neither
    found = [
        Weighed(strong_right=strong, together_right=together)
        for (strong, together), n in counts.items()
        for _ in range(n)
    ]
    return weigh_first_judge(found, stood=stood)


def test_the_recorded_judges_of_llmbar() -> None:
    """257 pairs, verdicts in both orders, criteria and reference: see benchmarks/judges.py."""
    palm = weigh(194, 18, 14, 31)
    assert (palm.stands, palm.strong_right, palm.together_right) == (True, 212, 208)
    assert palm.lost == pytest.approx(4 / 257)
    chatgpt = weigh(167, 45, 2, 43)
    assert not chatgpt.stands
    assert chatgpt.lost == pytest.approx(43 / 257)


def test_without_anchors_and_with_few_it_does_not_stand() -> None:
    none = weigh(0, 0, 0)
    assert (none.stands, none.n, none.most) == (False, 0, 1.0)
    assert not weigh(ENOUGH_ANCHORS - 1, 0, 0).stands
    assert weigh(ENOUGH_ANCHORS, 0, 0).stands
    assert not weigh(ENOUGH_ANCHORS - 1, 0, 0, stood=True).stands


def test_a_judge_that_is_wrong_in_both_orders_alike_is_caught() -> None:
    """It never contradicts itself, so the strong one is never asked: only the truth shows it."""
    assert not weigh(130, 130, 0, 148).stands


def test_it_comes_by_the_bound_and_goes_by_the_estimate() -> None:
    between = (380, 16, 0, 12)
    assert weigh(*between).lost <= MOST_LOST < weigh(*between).most
    assert not weigh(*between).stands
    assert weigh(*between, stood=True).stands
    assert not weigh(370, 21, 0, 17, stood=True).stands


@given(st.integers(0, 300), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_bounds(both: int, losses: int, gains: int, neither: int) -> None:
    found = weigh(both, losses, gains, neither)
    assert -1 <= found.lost <= found.most <= 1
    more = weigh(both, losses + 1, gains, neither)
    assert more.most >= found.most or more.n < 2
    # What stands by the bound would stand by the estimate.
    if found.stands:
        assert weigh(both, losses, gains, neither, stood=True).stands


def test_one_that_loses_more_is_let_in_at_most_as_often_as_is_said() -> None:
    rng = np.random.default_rng(1)
    drawn = rng.multinomial(408, [0.08, 0.03, 0.89], size=4_000)[:, :2]
    let_in = 0
    for (losses, gains), times in zip(*np.unique(drawn, axis=0, return_counts=True), strict=True):
        let_in += times * weigh(408 - losses - gains, losses, gains).stands
    assert 0.05 < let_in / 4_000 <= 0.11
