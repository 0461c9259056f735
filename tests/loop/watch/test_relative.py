"""The second opinion compares a stream with its own past."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tierwatch.loop.watch.relative import raised_against_past


def test_nothing_and_one_pair_have_no_past() -> None:
    assert raised_against_past([]) is None
    assert raised_against_past([1.0]) is None


@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_a_stream_that_stands_still_has_not_risen(level: float) -> None:
    assert raised_against_past([level] * 2_000) is None


def test_a_rise_is_placed_and_named() -> None:
    found = raised_against_past([0.0] * 1_000 + [1.0] * 200)
    assert found is not None
    assert 1_000 < found.at <= 1_200
    assert (found.before, found.after > 0.5) == (0.0, True)
    assert found.method == "ADWIN, delta 0.002, of the stream's own past"


def test_a_fall_is_not_notified_and_the_newest_of_two_rises_is() -> None:
    fall = [1.0] * 500 + [0.0] * 500
    assert raised_against_past(fall) is None
    found = raised_against_past([0.0] * 500 + [0.5] * 500 + [1.0] * 500)
    assert found is not None
    assert found.at > 1_000


@pytest.mark.parametrize("seed", range(5))
def test_noise_of_a_steady_rate_is_no_rise(seed: int) -> None:
    # About one of a hundred runs of 100,000 alarms falsely; these are 3,000 long, and seeded.
    losses = np.random.default_rng(seed).random(3_000) < 0.05
    assert raised_against_past([float(loss) for loss in losses]) is None


@settings(max_examples=25)
@given(st.lists(st.floats(0, 1), max_size=300))
def test_whatever_the_losses_a_rise_goes_up(losses: list[float]) -> None:
    found = raised_against_past(losses)
    if found is not None:
        assert 0 < found.at <= len(losses)
        assert 0 <= found.before <= 1
        assert 0 <= found.after <= 1
