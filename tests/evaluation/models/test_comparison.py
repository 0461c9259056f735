"""Models compared on held-out pairs: the arithmetic, what is unknown, and how often it errs."""

import math
from typing import Any

import numpy as np
import pytest
from factories.held_out import pairs

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.models.comparison import compare_models
from tierwatch.evaluation.models.held_out import HeldOut
from tierwatch.evaluation.models.matching import matched_threshold
from tierwatch.evaluation.models.model_change import model_change


def test_the_log_loss_is_weighted_and_a_conversation_counts_once() -> None:
    # 40 conversations of two pairs each: "worse" weighs 3, "tie" weighs 1.
    held_out = HeldOut(
        ["worse", "tie"] * 40, [3.0, 1.0] * 40, [f"s{number // 2}" for number in range(80)]
    )
    old, new = [(0.5, 0.25)] * 80, [(0.8, 0.1), (0.5, 0.25)] * 40
    found = compare_models(held_out, old, new, delta=0.025)
    # Incumbent: (3 log 2 + log 4) / 4; candidate: (3 log 1.25 + log 4) / 4.
    assert found.log_loss == pytest.approx(
        ((3 * math.log(2) + math.log(4)) / 4, (3 * math.log(1.25) + math.log(4)) / 4)
    )
    assert found.conversations == pytest.approx(40)
    # Every conversation gains alike, though its two pairs do not: no spread is left.
    assert found.log_loss_gain.value == pytest.approx(3 / 4 * math.log(1.6))
    assert found.log_loss_gain.low == pytest.approx(found.log_loss_gain.value)


def test_a_better_fit_that_ranks_worse_is_not_better() -> None:
    verdicts = ["worse", "tie"] * 100
    # The incumbent ranks perfectly and is far too sure of itself; the candidate knows the base
    # rate and ranks the wrong way round by a hair.
    old, new = [(0.02, 0.0), (0.01, 0.0)] * 100, [(0.499, 0.0), (0.501, 0.0)] * 100
    found = compare_models(pairs(verdicts), old, new, delta=0.025)
    assert found.log_loss_gain.low > 0
    assert found.apgr_gain.value < 0
    assert not found.better


@pytest.mark.parametrize("n", [0, 1, 29])
def test_too_few_conversations_are_unknown(n: int) -> None:
    found = compare_models(pairs(["worse"] * n), [(0.1, 0.0)] * n, [(0.9, 0.0)] * n, delta=0.025)
    assert found.log_loss_gain.value is None
    assert found.log_loss_gain.n == n
    assert not found.better


def test_many_pairs_of_few_conversations_are_few() -> None:
    held_out = HeldOut(["worse"] * 300, [1.0] * 300, [f"s{number % 5}" for number in range(300)])
    found = compare_models(held_out, [(0.1, 0.0)] * 300, [(0.9, 0.0)] * 300, delta=0.025)
    assert found.log_loss_gain.method == "5 effective conversations; 30 are needed"


def test_the_same_pairs_give_the_same_intervals() -> None:
    rng = np.random.default_rng(5)
    verdicts = rng.choice(["worse", "tie", "better"], 200, p=[0.5, 0.4, 0.1]).tolist()
    old, new = rng.dirichlet([1, 1, 1], 200)[:, :2], rng.dirichlet([1, 1, 1], 200)[:, :2]
    first = compare_models(pairs(verdicts), old, new, delta=0.01, seed=3)
    assert first == compare_models(pairs(verdicts), old, new, delta=0.01, seed=3)
    assert first != compare_models(pairs(verdicts), old, new, delta=0.01, seed=4)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: pairs(["good"]), r"found \['good'\]; accepted: worse, tie, better"),
        (lambda: HeldOut(["tie"], [1.0], []), "1 verdicts of 0 conversations"),
        (lambda: HeldOut(["tie"], [0.0], ["s"]), "weight"),
        (
            lambda: compare_models(pairs(["tie"]), [(0.1, 0.1)], [], delta=0.1),
            r"accepted: \(1, 2\)",
        ),
        (lambda: compare_models(pairs(["tie"]), [(0.9, 0.9)], [(0, 0)], delta=0.1), "incumbent"),
        (
            lambda: compare_models(pairs(["tie"]), [(0, 0)], [(float("nan"), 0)], delta=0.1),
            "candidate",
        ),
        (lambda: compare_models(pairs(["tie"]), [(0, 0)], [(0, 0)], delta=0.5), "delta"),
        (lambda: matched_threshold([0.5], [0.5, 0.6], [1.0], 0.5), "1 and 2 confidences"),
        (
            lambda: model_change(pairs(["tie"]), [True], [True, False], cost_low=1, cost_high=2),
            "1 and 2 marks",
        ),
    ],
)
def test_what_cannot_be_compared_is_refused(make: Any, sentence: str) -> None:
    with pytest.raises(EvidenceError, match=sentence):
        make()


@pytest.mark.slow
def test_a_candidate_that_is_no_better_is_seldom_called_better() -> None:
    """2,000 comparisons at delta .025 with skewed weights: 50 are allowed, and three sigma more."""
    rng = np.random.default_rng(11)
    errors = 0
    for _ in range(2_000):
        truth = rng.dirichlet([2, 3, 1], 300)
        verdicts = [str(rng.choice(["worse", "tie", "better"], p=row)) for row in truth]
        weights = rng.choice([0.5, 1.0, 4.0], 300)
        held_out = HeldOut(verdicts, weights.tolist(), [str(n // 2) for n in range(300)])
        # Both are the truth with noise of the same size: neither is better on this traffic.
        old, new = (
            np.array([rng.dirichlet(40 * row + 0.1) for row in truth])[:, [0, 2]] for _ in range(2)
        )
        found = compare_models(held_out, old, new, delta=0.025)
        errors += found.log_loss_gain.low > 0
    assert errors <= 50 + 3 * math.sqrt(50)
