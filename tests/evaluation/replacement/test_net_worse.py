"""The bounds of the net rate hold however often they are checked, and find what is there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.replacement.net_worse import compare_answers

DIFFERENCES = st.lists(st.sampled_from([-1.0, 0.0, 1.0]), min_size=1, max_size=60)


def drawn(worse: float, better: float, n: int, seed: int = 0) -> list[float]:
    rng = np.random.default_rng(seed)
    return list(rng.choice([1.0, -1.0, 0.0], size=n, p=[worse, better, 1 - worse - better]))


def test_no_pair_is_no_figure() -> None:
    found = compare_answers([])
    assert found.net.value is found.worse.value is found.better.value is None


def test_the_first_bound_by_hand() -> None:
    # A tie alone: the evidence at 1 - e is mean of 1 + s (1 - e) / e over the stakes, s up to .95;
    # 20 is reached where mean(s) (1 - e) / e = 19: e = .3486 / 19.3486.
    mean = sum([0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95]) / 7
    assert compare_answers([0.0]).net.high == pytest.approx(19 / (19 + mean), abs=1e-4)


@pytest.mark.parametrize(("n", "within"), [(90, False), (100, True)])
def test_ties_alone_certify_a_twentieth_after_95_pairs(n: int, *, within: bool) -> None:
    assert (compare_answers([0.0] * n).net.high <= 0.05) is within


def test_equal_models_are_no_worse_though_each_wins_a_tenth() -> None:
    found = compare_answers([1.0, -1.0] * 100 + [0.0] * 800)
    assert found.net.value == 0.0
    assert found.net.high < 0.05
    # The rate of worse answers alone would not tell them from a model that loses a tenth.
    assert found.worse.high > 0.1


def test_a_model_that_loses_is_shown_to() -> None:
    found = compare_answers(drawn(0.25, 0.05, 600))
    assert found.net.low > 0.05
    assert found.net.high > 0.1


def test_worse_and_better_exchanged_is_the_other_end() -> None:
    x = np.array(drawn(0.2, 0.1, 300))
    one, other = compare_answers(x).net, compare_answers(-x).net
    assert one.low == pytest.approx(-other.high)
    assert one.high == pytest.approx(-other.low)


def test_a_heavier_cap_takes_more_pairs() -> None:
    ties, ones = [0.0] * 200, [1.0] * 200
    near = compare_answers(ties, ones, max_weight=1.0).net
    far = compare_answers(ties, ones, max_weight=3.0).net
    assert near.high < far.high
    assert near.value == far.value == 0.0


def test_heavy_pairs_count_for_more() -> None:
    x = [1.0] * 10 + [0.0] * 90
    heavy = compare_answers(x, [3.0] * 10 + [1.0] * 90, max_weight=3.0)
    assert heavy.net.value == pytest.approx(30 / 120)


@given(DIFFERENCES, st.sampled_from([0.01, 0.05, 0.3]))
def test_the_estimate_lies_between_its_bounds(x: list[float], delta: float) -> None:
    net = compare_answers(x, delta=delta).net
    assert net.value is not None
    assert -1 <= net.low <= net.value <= net.high <= 1


@given(DIFFERENCES)
def test_one_more_worse_answer_never_lowers_the_bound(x: list[float]) -> None:
    better, worse = compare_answers([*x, -1.0]).net, compare_answers([*x, 1.0]).net
    assert better.high <= worse.high


@given(DIFFERENCES)
def test_less_delta_never_narrows(x: list[float]) -> None:
    assert compare_answers(x, delta=0.1).net.high <= compare_answers(x, delta=0.01).net.high


@pytest.mark.parametrize(
    "wrong",
    [
        {"differences": [2.0]},
        {"differences": [math.nan]},
        {"differences": [0.0], "delta": 0.0},
        {"differences": [0.0], "delta": 1.0},
        {"differences": [0.0], "weights": [0.0]},
        {"differences": [0.0], "weights": [2.0], "max_weight": 1.0},
        {"differences": [0.0], "weights": [1.0, 1.0]},
        {"differences": [0.0], "weights": [1.0], "max_weight": math.inf},
    ],
)
def test_what_is_no_evidence_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(EvidenceError):
        compare_answers(**wrong)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize(("worse", "better"), [(0.05, 0.0), (0.15, 0.10)])
def test_a_model_worse_by_just_what_is_accepted_is_seldom_certified(
    worse: float, better: float
) -> None:
    """Checked after every 50th of 600 pairs; at most delta plus Monte-Carlo slack of 200 runs."""
    certified = 0
    for seed in range(200):
        x = drawn(worse, better, 600, seed)
        certified += any(compare_answers(x[:n]).net.high <= 0.05 for n in range(50, 601, 50))
    assert certified <= 18  # 5 % of 200 is 10, and three standard errors are 9
