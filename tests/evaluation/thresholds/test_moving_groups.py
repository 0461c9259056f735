"""Kinds of requests among those that would move: none is called bad by the luck of many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tierwatch.errors import EvidenceError
from tierwatch.evaluation.rates.weighted import weighted_rate
from tierwatch.evaluation.thresholds.moving_groups import moving_groups


def test_a_bad_kind_stands_out_and_comes_first() -> None:
    found = moving_groups(
        ["chat"] * 90 + ["sql"] * 30, [0] * 90 + [1] * 12 + [0] * 18, None, tolerated=0.05
    )
    assert [one.name for one in found] == ["sql", "chat"]
    assert (found[0].misroute.value, found[0].worse, found[0].shown) == (0.4, 12, True)
    assert (found[1].misroute.value, found[1].worse, found[1].shown) == (0.0, 0, False)


def test_the_interval_of_each_is_wider_by_as_many_as_there_are() -> None:
    losses = [1] * 5 + [0] * 35
    alone = moving_groups(["sql"] * 40, losses, None, tolerated=0.05)[0].misroute
    assert (alone.low, alone.high) == pytest.approx(
        (weighted_rate(losses).low, weighted_rate(losses).high)
    )
    # Four kinds: each at 1 - .05 / 4 = .9875.
    four = moving_groups(
        ["sql"] * 40 + ["a"] * 9 + ["b"] * 9 + ["c"] * 9, losses + [0] * 27, None, tolerated=0.05
    )[0].misroute
    expected = weighted_rate(losses, level=0.9875)
    assert (four.low, four.high) == pytest.approx((expected.low, expected.high))
    assert four.low < alone.low
    assert four.high > alone.high


def test_weights_count() -> None:
    (one,) = moving_groups(["sql"] * 2, [1, 0], [3, 1], tolerated=None)
    assert one.misroute.value == pytest.approx(0.75)
    assert (one.worse, one.shown) == (1, False)


def test_no_pair_is_no_kind() -> None:
    assert moving_groups([], [], None, tolerated=0.05) == ()


@pytest.mark.parametrize(
    ("names", "losses", "weights"),
    [(["a"], [0, 1], None), (["a"], [2], None), (["a"], [0], [-1]), (["a"], [0], [1, 2])],
)
def test_bad_columns_are_refused(names: list[str], losses: list[int], weights: object) -> None:
    with pytest.raises(EvidenceError):
        moving_groups(names, losses, weights, tolerated=0.05)  # type: ignore[arg-type]


def test_of_twenty_kinds_at_the_tolerated_rate_none_is_shown_but_rarely() -> None:
    rng = np.random.default_rng(5)
    names = [f"kind {number % 20}" for number in range(2_000)]
    wrong = 0
    for _ in range(100):
        losses = rng.random(2_000) < 0.05
        wrong += any(one.shown for one in moving_groups(names, losses, None, tolerated=0.05))
    # One-sided .025 over all kinds: 2.5 expected of 100; four standard deviations are 6.2.
    assert wrong <= 8


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1)), max_size=60))
def test_every_pair_is_of_one_kind(pairs: list[tuple[str, int]]) -> None:
    found = moving_groups(
        [name for name, _ in pairs], [loss for _, loss in pairs], None, tolerated=0.5
    )
    assert sum(one.misroute.n for one in found) == len(pairs)
    assert sum(one.worse for one in found) == sum(loss for _, loss in pairs)
    rates = [one.misroute.value or 0 for one in found]
    assert rates == sorted(rates, reverse=True)
